"""Compare settings of one model on this machine: instances, threads, batching.

Every candidate is served, under a name of its own, by one local Triton, and the rounds
of the candidates take turns, so that whatever else the machine does hits all alike.
Quote the ratios, not the rates::

    python bench/settings.py morpheus --batches 32 64 128 200
    python bench/settings.py asid_unet
    python bench/settings.py asid_peaks --outputs peaks score n_peaks
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amphitrite.server import LocalTriton
from amphitrite.spec import ModelSpec, TensorSpec
from amphitrite.triton import Connection, ServedModel
from amphitrite_export import repository as repo
from amphitrite_export.config import model_config, specs_in
from amphitrite_export.settings import Settings, settings_of

IN_FLIGHT = 4


def candidates(current: Settings) -> dict[str, Settings]:
    """Return the settings to compare; all of them use two threads."""
    return {
        f"{instances} x {threads}{' batching' * batching}": replace(
            current, instances=instances, threads=threads, dynamic_batching=batching
        )
        for batching in (False, True)
        for instances, threads in ((2, 1), (1, 2))
    }


def publish_candidates(
    repository: Path, model: str, target: Path
) -> dict[str, ModelSpec]:
    """Write a repository with the model once per candidate; return their specs."""
    config = repo.read_config(repository, model)
    version = max(repo.served(config))
    content = (repository / model / str(version) / repo.MODEL_FILE).read_bytes()
    specs = {}
    for i, (label, settings) in enumerate(candidates(settings_of(model)).items()):
        spec = replace(specs_in(config)[version], name=f"{model}_{i}")
        repo.add_version(target, spec.name, version, {repo.MODEL_FILE: content})
        text = model_config({version: spec}, [version], settings)
        repo.replace_file(target / spec.name / repo.CONFIG, text)
        specs[label] = spec
    return specs


def tensor_of(
    tensor: TensorSpec, batch: int, rng: np.random.Generator
) -> NDArray[np.generic]:
    """Return a request's input: photons where counts are wanted, or noise."""
    shape = (batch, *map(abs, tensor.shape))
    values = rng.poisson(1.0, shape) if tensor.unit == "ct" else rng.normal(size=shape)
    return values.astype(tensor.dtype)


def rate(
    model: ServedModel, batch: int, outputs: list[str], *, seconds: float
) -> float:
    """Return rows per second with a constant number of requests in flight."""
    rng = np.random.default_rng(batch)
    tensors = {
        tensor.name: tensor_of(tensor, batch, rng) for tensor in model.spec.inputs
    }
    pending = deque(model.submit(tensors, outputs) for _ in range(IN_FLIGHT))
    start, answered = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        pending.popleft().result()
        answered += 1
        pending.append(model.submit(tensors, outputs))
    elapsed = time.perf_counter() - start
    for future in pending:
        future.result()
    return answered * batch / elapsed


def main() -> None:
    """Measure, and print medians and ratios to the first candidate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--batches", type=int, nargs="+", help="up to the largest")
    parser.add_argument("--outputs", nargs="+", help="that are asked for; the last")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    largest = settings_of(options.model).max_batch_size
    batches = options.batches or [largest // part for part in (8, 4, 2, 1)]
    with tempfile.TemporaryDirectory() as scratch:
        specs = publish_candidates(options.repository, options.model, Path(scratch))
        names = [spec.name for spec in specs.values()]
        with (
            LocalTriton(scratch, names) as triton,
            Connection(triton.grpc_url) as connection,
        ):
            models = {label: connection.model(spec) for label, spec in specs.items()}
            outputs = options.outputs or [next(iter(specs.values())).outputs[-1].name]
            for model in models.values():  # the first requests of each are slower
                rate(model, batches[0], outputs, seconds=1.0)
            print(f"rows/s, medians of {options.rounds} rounds, {IN_FLIGHT} in flight")
            for batch in batches:
                rounds = [
                    {
                        label: rate(model, batch, outputs, seconds=options.seconds)
                        for label, model in models.items()
                    }
                    for _ in range(options.rounds)
                ]
                first = next(iter(models))
                for label in models:
                    median = statistics.median(each[label] for each in rounds)
                    ratio = statistics.median(
                        each[label] / each[first] for each in rounds
                    )
                    print(f"batch {batch:4d}  {label:16s} {median:8.0f}  {ratio:5.2f}")


if __name__ == "__main__":
    main()
