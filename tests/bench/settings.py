"""Compare settings of models on this machine: instances, threads, batching.

Every candidate is a repository of its own, served by a local Triton of its own; the
rounds of the candidates take turns, so that whatever else the machine does hits all
alike.  Quote the ratios, not the rates::

    python tests/bench/settings.py morpheus --batches 32 64 128 200
    python tests/bench/settings.py asid_unet --through asid --batches 1
    python tests/bench/settings.py asid_flux asid_location --through asid --batches 1

The last ones ask the ensemble ``asid``, of which the models are members: there a small
network must keep up with a large one, and need not be faster.  An instance is a process
of the server, so that the memory of each candidate is printed too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
from asid_sky import patches
from calnet_survey import memory_mib
from members import Tensors, copied, served_spec
from numpy.typing import NDArray

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.asid.page import MODEL as ASID
from amphitrite.triton.connection import Connection
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import model_config, specs_in
from amphitrite_export.publishing.settings import settings_of

IN_FLIGHT = 4
CANDIDATES = ("2x1", "1x2", "2x1+batching", "1x2+batching")  # all use two threads
BATCHING = "+batching"
# A list of peaks as `asid` has it: its places, and how many of them hold one.
PLACES, PEAKS = 64, 10


def publish_candidate(
    repository: Path, through: str, models: Sequence[str], chosen: str, target: Path
) -> None:
    """Write a repository in which some models have the settings of a candidate."""
    copied(repository, [through], target)
    instances, threads = map(int, chosen.removesuffix(BATCHING).split("x"))
    for model in models:
        config = repo.read_config(target, model)
        settings = replace(
            settings_of(model),
            instances=instances,
            threads=threads,
            dynamic_batching=chosen.endswith(BATCHING),
        )
        text = model_config(specs_in(config), repo.served(config), settings)
        repo.replace_file(target / model / repo.CONFIG, text)


def requests_of(spec: ModelSpec, batch: int, *, sources: int) -> list[Tensors]:
    """Return simulated patches for what takes patches, or noise."""
    rng = np.random.default_rng(batch)
    inputs = [tensor.name for tensor in spec.inputs]
    if not set(inputs) <= {tensor.name for tensor in ASID.inputs}:
        return [{tensor.name: noise(tensor, batch, rng) for tensor in spec.inputs}]
    drawn = patches(sources, 2 * IN_FLIGHT)
    return [
        {
            name: np.concatenate(
                [drawn[(at + i) % len(drawn)][name] for i in range(batch)]
            )
            for name in inputs
        }
        for at in range(len(drawn))
    ]


def noise(
    tensor: TensorSpec, batch: int, rng: np.random.Generator
) -> NDArray[np.generic]:
    """Return values that a model can be asked about, if they mean nothing."""
    shape = (batch, *(PLACES if length < 0 else length for length in tensor.shape))
    if tensor.dtype == "bool":
        return np.broadcast_to(np.arange(PLACES) < PEAKS, shape).copy()
    if tensor.unit == "ct":
        values = rng.poisson(1.0, shape).astype(float)
    elif tensor.unit == "cm2 s":
        values = rng.uniform(1e11, 4e11, shape)
    else:
        values = rng.normal(size=shape)
    return values.astype(tensor.dtype)


def rate(
    model: ServedModel,
    requests: Sequence[Tensors],
    outputs: Sequence[str],
    *,
    seconds: float,
) -> float:
    """Return rows per second with a constant number of requests in flight."""
    stream = cycle(requests)
    pending = deque(model.submit(next(stream), outputs) for _ in range(IN_FLIGHT))
    start, answered = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        pending.popleft().result()
        answered += 1
        pending.append(model.submit(next(stream), outputs))
    elapsed = time.perf_counter() - start
    for future in pending:
        future.result()
    return answered * rows(requests) / elapsed


def rows(requests: Sequence[Tensors]) -> int:
    """Return how many rows each request has."""
    return len(next(iter(requests[0].values())))


def compare(
    models: Mapping[str, ServedModel],
    requests: Sequence[Tensors],
    outputs: Sequence[str],
    *,
    rounds: int,
    seconds: float,
) -> None:
    """Measure the candidates in turn; print medians and ratios to the first."""
    first, *_ = models
    batch = rows(requests)
    for model in models.values():  # the first requests of each are slower
        rate(model, requests, outputs, seconds=1.0)
    rates = [
        {
            chosen: rate(model, requests, outputs, seconds=seconds)
            for chosen, model in models.items()
        }
        for _ in range(rounds)
    ]
    for chosen in models:
        median = statistics.median(each[chosen] for each in rates)
        ratio = statistics.median(each[chosen] / each[first] for each in rates)
        print(f"batch {batch:4d}  {chosen:14s} {median:8.1f}  {ratio:5.2f}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="whose settings are compared")
    parser.add_argument("--through", help="the ensemble of theirs that is asked")
    parser.add_argument(
        "--candidates",
        nargs="+",
        default=CANDIDATES,
        help=f"INSTANCESxTHREADS, with {BATCHING} or without",
    )
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--batches", type=int, nargs="+", help="up to the largest")
    parser.add_argument("--sources", type=int, default=5, help="of each patch of a sky")
    parser.add_argument(
        "--outputs",
        nargs="+",
        help="that are asked for; the last one, of an ensemble all",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    if options.through is None and len(options.models) > 1:
        parser.error("several models need an ensemble to be asked --through")
    through = options.through or options.models[0]
    spec = served_spec(options.repository, through)
    largest = settings_of(options.models[0]).max_batch_size
    usual = spec.outputs if spec.members else spec.outputs[-1:]
    outputs = options.outputs or [tensor.name for tensor in usual]
    with ExitStack() as stack:
        models, servers = {}, {}
        for chosen in options.candidates:
            target = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            publish_candidate(
                options.repository, through, options.models, chosen, target
            )
            servers[chosen] = stack.enter_context(LocalTriton(target, [through]))
            connection = Connection(servers[chosen].grpc_url)
            models[chosen] = stack.enter_context(connection).model(spec)
        print(f"rows/s, medians of {options.rounds} rounds, {IN_FLIGHT} in flight")
        for batch in options.batches or [largest // part for part in (8, 4, 2, 1)]:
            compare(
                *(models, requests_of(spec, batch, sources=options.sources), outputs),
                rounds=options.rounds,
                seconds=options.seconds,
            )
        for chosen, triton in servers.items():
            print(f"{chosen:14s} {memory_mib(triton.pid):5.0f} MiB in the server")


if __name__ == "__main__":
    main()
