"""A served network beside its peers, in the same rounds on the same batches.

* bare ONNX Runtime: two sessions of one thread each, fed by two Python threads;
* gRPC to the local Triton, some requests in flight;
* the same network in Keras, ``predict``, if a trained ``model.keras`` is given.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
from bare import session
from numpy.typing import NDArray

from amphitrite.triton.repository import find_repository
from amphitrite.triton.served import ServedModel

THREADS = 2
IN_FLIGHT = 4
BARE = "bare ONNX Runtime"

Batch = Mapping[str, NDArray[Any]]


def rates(
    model: ServedModel,
    batches: Sequence[Batch],
    outputs: Sequence[str],
    *,
    rounds: int,
    trained: Path | None = None,
) -> dict[str, list[float]]:
    """Return rows per second of each way, one number per round.

    Parameters
    ----------
    model : ServedModel
        The network on the local Triton.
    batches : sequence of mapping of str to ndarray
        The inputs of each request.
    outputs : sequence of str
        What is asked for.
    rounds : int
        How often each way is measured, in turn with the others.
    trained : Path, optional
        The same network as Keras stores it.
    """
    name = model.spec.name
    sessions = [session(find_repository(), name) for _ in range(THREADS)]
    ways: dict[str, Callable[[], None]] = {
        BARE: lambda: _bare(sessions, batches, outputs),
        "gRPC to Triton": lambda: _served(model, batches, outputs),
    }
    if trained is not None:
        ways["Keras predict"] = _keras(trained, batches)
    rows = sum(len(next(iter(batch.values()))) for batch in batches)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            found[name].append(rows / (time.perf_counter() - began))
    return found


def show(found: Mapping[str, Sequence[float]], unit: str) -> None:
    """Print the median rate of each way, and the median of its ratios to the bare."""
    for name, each in found.items():
        ratios = [one / other for one, other in zip(each, found[BARE], strict=True)]
        median, ratio = statistics.median(each), statistics.median(ratios)
        print(f"{name:<20}{median:>8.1f} {unit}/s, {ratio:.3f} of {BARE}")


def _bare(
    sessions: Sequence[Any], batches: Sequence[Batch], outputs: Sequence[str]
) -> None:
    """Bring all batches through sessions in this process."""

    def work(number: int) -> None:
        for batch in batches[number :: len(sessions)]:
            sessions[number].run(list(outputs), dict(batch))

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(work, range(len(sessions))))


def _served(
    model: ServedModel, batches: Sequence[Batch], outputs: Sequence[str]
) -> None:
    """Bring all batches through the server, a few in flight."""
    flying: set[Future[Any]] = set()
    for batch in batches:
        if len(flying) == IN_FLIGHT:
            done, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        flying.add(model.submit(batch, outputs))
    for future in flying:
        future.result()


def _keras(path: Path, batches: Sequence[Batch]) -> Callable[[], None]:
    """Return a function that brings all batches through Keras."""
    import keras

    network = keras.models.load_model(path, compile=False)
    names = [tensor.name for tensor in network.inputs]

    def asked(batch: Batch) -> None:
        given = [np.asarray(batch[name]) for name in names]
        network.predict(
            given if len(given) > 1 else given[0],
            batch_size=len(given[0]),
            verbose=0,
        )

    asked(batches[0])  # builds its graph

    def work() -> None:
        for batch in batches:
            asked(batch)

    return work
