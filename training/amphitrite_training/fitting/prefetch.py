"""Preparation of the next batches in threads while the network trains."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from amphitrite_training.fitting.task import Arrays, Batches

# Two threads prepare batches as fast as the network trains, which does not hold
# Python's lock; more threads would compete with it for the cores.
_THREADS: Final = 2
_AHEAD: Final = 4


@contextmanager
def prefetched(
    batches: Batches, *, epoch: int, start: int = 0
) -> Iterator[Iterator[tuple[Arrays, Arrays]]]:
    """Yield an iterator over an epoch's batches, which threads prepare.

    Parameters
    ----------
    batches : Batches
        The batches.  An error in one is raised when that batch is reached.
    epoch : int
        Number of the epoch.
    start : int
        Index of the first batch.

    Yields
    ------
    iterator of (inputs, targets)
        The batches in their order, of which a few are in memory.  It is valid in the
        ``with`` block, at whose end no thread remains.
    """
    pending: deque[Future[tuple[Arrays, Arrays]]] = deque()
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="batches")

    def taken() -> Iterator[tuple[Arrays, Arrays]]:
        for index in range(start, len(batches)):
            pending.append(pool.submit(batches.batch, epoch, index))
            if len(pending) > _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    try:
        yield taken()
    finally:
        pool.shutdown(cancel_futures=True)
