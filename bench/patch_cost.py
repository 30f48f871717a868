"""What one patch costs through the ensemble ``asid``, and how much of it the heads.

Simulated patches with 5 and with 60 bright sources each are brought, the ways taking
turns in every round,

* through a running local Triton: the ensemble ``asid`` with the outputs that the client
  asks for, and an ensemble of the same U-Net and peak finder alone;
* through bare ONNX Runtime in this process: the same graphs, with as many sessions as
  the server has instances, and as many threads.

With one request in flight every answer is waited for: latency.  Throughput is measured
with 4 in flight, and bare with all sessions busy.  Prints medians over the rounds in ms
per patch; ratios are taken round by round::

    python bench/patch_cost.py --rounds 5

Before that it makes sure that both ways give the same answers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from members import Chain, Tensors, copied, served_spec
from sky import patches

from amphitrite.repository import find_repository
from amphitrite.search import OUTPUTS
from amphitrite.server import LocalTriton
from amphitrite.spec import ModelSpec
from amphitrite.surveys.asid import COUNTS, FOUND, MASK, MODEL
from amphitrite.triton import Connection, ServedModel
from amphitrite_export.asid import ENSEMBLES
from amphitrite_export.config import Ensemble
from amphitrite_export.publish import publish_together

IN_FLIGHT = 4
DETECTING = ModelSpec(name="asid_detecting", inputs=COUNTS, outputs=(MASK, *FOUND))
"""U-Net and peak finder: `asid` itself cannot be asked to leave out all heads."""

SERVED, BARE = "served", "bare"
ALL, FOUND_ONLY = "all", "U-Net and peaks"
LATENCY, THROUGHPUT = "1 in flight", f"{IN_FLIGHT} in flight"
KINDS = (LATENCY, THROUGHPUT)

Key = tuple[str, str, str]  # who, what, kind


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", type=int, nargs="+", default=[5, 60])
    parser.add_argument("--patches", type=int, default=16, help="different ones")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repository", type=Path, help="models, if not the usual ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    skies = {n: patches(n, options.patches) for n in options.sources}
    with tempfile.TemporaryDirectory() as scratch:
        repository = Path(scratch)
        publish_parts(find_repository(options.repository), repository)
        report = measure(repository, skies, options.rounds)
    print(json.dumps(report) if options.json else text(report))


def publish_parts(repository: Path, target: Path) -> None:
    """Copy ``asid`` into a repository, and publish its first half beside it."""
    copied(repository, [MODEL.name], target)
    (whole,) = (each for each in ENSEMBLES if each.contract.name == MODEL.name)
    unet, peaks, *_ = whole.steps
    found = {tensor.name: tensor.name for tensor in FOUND}
    steps = (unet, replace(peaks, outputs=found))
    publish_together([], target, ensembles=[Ensemble(DETECTING, steps)])


def measure(
    repository: Path, skies: Mapping[int, Sequence[Tensors]], rounds: int
) -> list[dict[str, Any]]:
    """Bring all patches through all ways in every round."""
    names = {ALL: MODEL.name, FOUND_ONLY: DETECTING.name}
    outputs = {ALL: OUTPUTS["server"], FOUND_ONLY: (MASK.name, *_found())}
    with (
        LocalTriton(repository, list(names.values())) as triton,
        Connection(triton.grpc_url) as connection,
    ):
        chains = {what: Chain.of(repository, name) for what, name in names.items()}
        models = {
            what: connection.model(served_spec(repository, name))
            for what, name in names.items()
        }
        ways = {
            (who, what, kind): way
            for what in names
            for (who, kind), way in {
                **bare_ways(chains[what]),
                **served_ways(models[what], outputs[what]),
            }.items()
        }
        report = []
        for n_sources, requests in skies.items():
            cut = {
                what: [{name: each[name] for name in inputs} for each in requests]
                for what, inputs in (
                    (ALL, [tensor.name for tensor in MODEL.inputs]),
                    (FOUND_ONLY, [tensor.name for tensor in COUNTS]),
                )
            }
            n_peaks = compared(models[ALL], chains[ALL], cut[ALL])
            for (_, what, _), way in ways.items():  # the first requests are slower
                way(cut[what])
            taken: list[dict[Key, float]] = [
                {key: way(cut[key[1]]) for key, way in ways.items()}
                for _ in range(rounds)
            ]
            report.append(
                {"sources": n_sources, "peaks": n_peaks, "ways": reduced(taken)}
            )
    return report


def _found() -> list[str]:
    return [tensor.name for tensor in FOUND]


def compared(
    model: ServedModel, chain: Chain, requests: Sequence[Tensors]
) -> dict[str, float]:
    """Return how many peaks patches have; stop if served and bare answers differ."""
    n_peaks = []
    for tensors in requests:
        served, bare = model.infer(tensors, OUTPUTS["server"]), chain(tensors)
        for name, values in served.items():
            # the same graphs on the same processor, one request at a time
            if not np.array_equal(values, bare[name], equal_nan=True):
                raise SystemExit(f"'{name}' differs between the server and bare")
        n_peaks.append(int(served["n_peaks"].item()))
    return {
        "median": statistics.median(n_peaks),
        "least": min(n_peaks),
        "most": max(n_peaks),
    }


Way = Callable[[Sequence[Tensors]], float]


def bare_ways(chain: Chain) -> dict[tuple[str, str], Way]:
    """Return the ways through sessions in this process; ms per patch."""
    return {
        (BARE, LATENCY): lambda requests: each_of(chain, requests),
        (BARE, THROUGHPUT): lambda requests: per_patch(
            requests, lambda: chain.drain(requests)
        ),
    }


def served_ways(
    model: ServedModel, outputs: Sequence[str]
) -> dict[tuple[str, str], Way]:
    """Return the ways through the server; ms per patch."""

    def send(requests: Sequence[Tensors]) -> None:
        pending: deque[Any] = deque()
        for tensors in requests:
            if len(pending) == IN_FLIGHT:
                pending.popleft().result()
            pending.append(model.submit(tensors, outputs))
        for future in pending:
            future.result()

    return {
        (SERVED, LATENCY): lambda requests: each_of(
            lambda tensors: model.infer(tensors, outputs), requests
        ),
        (SERVED, THROUGHPUT): lambda requests: per_patch(
            requests, lambda: send(requests)
        ),
    }


def each_of(answer: Callable[[Tensors], Any], requests: Sequence[Tensors]) -> float:
    """Return the median ms from a request to its answer."""
    taken = []
    for tensors in requests:
        began = time.perf_counter()
        answer(tensors)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def per_patch(requests: Sequence[Tensors], work: Callable[[], None]) -> float:
    """Return the ms of work per request."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began) / len(requests)


def reduced(taken: Sequence[Mapping[Key, float]]) -> list[dict[str, Any]]:
    """Return medians over the rounds; what the heads add, and the bare share."""
    rows = []
    for kind in KINDS:
        for who in (BARE, SERVED):
            whole, part, bare = (
                [each[key] for each in taken]
                for key in (
                    (who, ALL, kind),
                    (who, FOUND_ONLY, kind),
                    (BARE, ALL, kind),
                )
            )
            rows.append(
                {
                    "who": who,
                    "kind": kind,
                    "ms": statistics.median(whole),
                    "without_heads_ms": statistics.median(part),
                    "heads_share": statistics.median(
                        1 - less / more for less, more in zip(part, whole, strict=True)
                    ),
                    "bare_share": statistics.median(
                        its / mine for its, mine in zip(bare, whole, strict=True)
                    ),
                    "rounds": whole,
                }
            )
    return rows


def text(report: Sequence[Mapping[str, Any]]) -> str:
    """Return the report for a reader."""
    lines = [
        f"{'ms per patch':24} {'all':>7} {'no heads':>9} {'heads':>6} {'bare/way':>9}"
        "   rounds"
    ]
    for each in report:
        peaks = each["peaks"]
        lines.append(
            f"{each['sources']} sources: {peaks['median']:g} peaks "
            f"({peaks['least']} to {peaks['most']})"
        )
        for row in each["ways"]:
            rounds = " ".join(f"{ms:.1f}" for ms in row["rounds"])
            lines.append(
                f"  {row['who'] + ', ' + row['kind']:22} {row['ms']:7.1f} "
                f"{row['without_heads_ms']:9.1f} {100 * row['heads_share']:5.0f}% "
                f"{row['bare_share']:9.2f}   {rounds}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
