"""Orderly end of a run after Ctrl-C or SIGTERM, between two of its steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def deferred_interruption() -> Iterator[Callable[[], bool]]:
    """Record the first Ctrl-C or SIGTERM, and raise KeyboardInterrupt at the second.

    Yields
    ------
    callable
        Returns whether a signal has come.  Outside the main thread, where Python does
        not handle signals, it always returns False.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def note(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {each: signal.signal(each, note) for each in _SIGNALS}
    try:
        yield asked.is_set
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
