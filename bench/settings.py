"""Compare settings of one model on this machine: instances, threads, batching.

Every candidate is served, under a name of its own, by one local Triton, and the rounds
of the candidates take turns, so that whatever else the machine does hits all alike.
Quote the ratios, not the rates::

    python bench/settings.py morpheus --batches 32 64 128 200
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

from amphitrite.server import LocalTriton
from amphitrite.surveys import page
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


def publish_candidates(repository: Path, model: str, target: Path) -> dict[str, str]:
    """Write a repository that holds the model once per candidate; return the names."""
    config = repo.read_config(repository, model)
    version = max(repo.served(config))
    content = (repository / model / str(version) / repo.MODEL_FILE).read_bytes()
    names = {}
    for i, (label, settings) in enumerate(candidates(settings_of(model)).items()):
        spec = replace(specs_in(config)[version], name=f"{model}_{i}")
        repo.add_version(target, spec.name, version, {repo.MODEL_FILE: content})
        text = model_config({version: spec}, [version], settings)
        repo.replace_file(target / spec.name / repo.CONFIG, text)
        names[label] = spec.name
    return names


def rate(model: ServedModel, batch: int, *, seconds: float) -> float:
    """Return rows per second with a constant number of requests in flight."""
    rng = np.random.default_rng(batch)
    tensors = {
        tensor.name: rng.normal(size=(batch, *map(abs, tensor.shape))).astype(
            tensor.dtype
        )
        for tensor in model.spec.inputs
    }
    outputs = [model.spec.outputs[-1].name]
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
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 64, 128, 200])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    expected = page(options.model).MODEL
    with tempfile.TemporaryDirectory() as scratch:
        names = publish_candidates(options.repository, options.model, Path(scratch))
        with (
            LocalTriton(scratch, list(names.values())) as triton,
            Connection(triton.grpc_url) as connection,
        ):
            models = {
                label: connection.model(replace(expected, name=name))
                for label, name in names.items()
            }
            for model in models.values():  # the first requests of each are slower
                rate(model, options.batches[0], seconds=1.0)
            print(f"rows/s, medians of {options.rounds} rounds, {IN_FLIGHT} in flight")
            for batch in options.batches:
                rounds = [
                    {
                        label: rate(model, batch, seconds=options.seconds)
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
