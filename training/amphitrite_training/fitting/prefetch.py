"""Prepare the next batches while the network trains on the last one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from amphitrite_training.fitting.task import Arrays, Batches

# Two threads hide the preparation behind the training, which leaves Python's lock
# alone; more would fight with it for the cores.
_THREADS: Final = 2
_AHEAD: Final = 4


@contextmanager
def prefetched(
    batches: Batches, *, epoch: int, start: int = 0
) -> Iterator[Iterator[tuple[Arrays, Arrays]]]:
    """Give an epoch's batches in order; at most a few are held in memory.

    Parameters
    ----------
    batches : Batches
        What to prepare; an error there is raised where its batch is taken.
    epoch : int
        Which epoch.
    start : int
        The first batch's index.

    Yields
    ------
    iterator of (inputs, targets)
        Valid within the ``with`` block, which leaves no thread behind.
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
