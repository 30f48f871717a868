"""Let Ctrl-C and SIGTERM end a run in order, between two of its steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def deferred_interruption() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C and SIGTERM instead of raising at once; a second one raises.

    Yields
    ------
    callable
        Returns whether the run was asked to end.  Outside the main thread, where
        Python lets nobody handle signals, it never is.
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
