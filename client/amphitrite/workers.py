"""Worker processes, which end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor


def processes(n: int) -> ProcessPoolExecutor:
    """Return a pool of worker processes.

    They are started fresh, not forked, since neither gRPC nor a training framework
    survives a fork.  They leave Ctrl-C to the parent, and end with it even if it is
    killed.

    Parameters
    ----------
    n : int
        How many at most; each is started when there is work for it.

    Returns
    -------
    concurrent.futures.ProcessPoolExecutor
    """
    return ProcessPoolExecutor(
        n, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
    )


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()  # a pipe that the operating system closes
        os._exit(1)
