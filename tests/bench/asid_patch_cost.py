"""What one patch costs through the ensemble ``asid``, and how much of it the heads.

Simulated patches with 5 and with 60 bright sources each are brought, the ways taking
turns in every round,

* through a running local Triton: the ensemble ``asid`` with the outputs that the client
  asks for, and an ensemble of the same U-Net and peak finder alone;
* through bare ONNX Runtime in this process: the same graphs, with as many sessions as
  the server has instances, and as many threads.

With one request in flight every answer is waited for: latency.  Throughput is measured
with 4 in flight, and bare with all sessions busy.  Bare, the three heads follow one
another; the server runs them side by side.  Prints medians over the rounds in ms
per patch; ratios are taken round by round::

    python tests/bench/asid_patch_cost.py --rounds 5

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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from asid_sky import patches
from members import Chain, Tensors, copied, served_spec
from numpy.typing import NDArray

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.asid.page import COUNTS, FOUND, MASK, MODEL
from amphitrite.surveys.asid.work import OUTPUTS
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec
from amphitrite_export.publishing.config import Ensemble
from amphitrite_export.publishing.generations import publish_together
from amphitrite_export.surveys.asid.ensembles import ENSEMBLES

IN_FLIGHT = 4
DETECTING = ModelSpec(name="asid_detecting", inputs=COUNTS, outputs=(MASK, *FOUND))
"""U-Net and peak finder: `asid` itself cannot be asked to leave out all heads."""

BARE, SERVED = "bare", "served"
LATENCY, THROUGHPUT = "1 in flight", f"{IN_FLIGHT} in flight"
WAYS = tuple((who, kind) for kind in (LATENCY, THROUGHPUT) for who in (BARE, SERVED))

Requests = Sequence[Tensors]
Way = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """An ensemble, in this process and on the server."""

    chain: Chain
    model: ServedModel
    outputs: Sequence[str]

    @classmethod
    def of(
        cls,
        repository: Path,
        connection: Connection,
        ensemble: str,
        outputs: Sequence[str],
    ) -> Part:
        """Open both."""
        spec = served_spec(repository, ensemble)
        return cls(Chain.of(repository, ensemble), connection.model(spec), outputs)

    def taken(self, way: Way, requests: Requests) -> float:
        """Return the ms that each request takes."""
        who, kind = way
        if kind == LATENCY:
            return each_of(self.chain if who == BARE else self.infer, requests)
        drain = self.chain.drain if who == BARE else self.send
        began = time.perf_counter()
        drain(requests)
        return 1000 * (time.perf_counter() - began) / len(requests)

    def infer(self, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Send a request and wait for its answer."""
        return self.model.infer(tensors, self.outputs)

    def send(self, requests: Requests) -> None:
        """Send requests, some of them in flight."""
        pending: deque[Any] = deque()
        for tensors in requests:
            if len(pending) == IN_FLIGHT:
                pending.popleft().result()
            pending.append(self.model.submit(tensors, self.outputs))
        for future in pending:
            future.result()

    def needed(self, requests: Requests) -> list[Tensors]:
        """Return requests without the tensors that the ensemble does not take."""
        names = [tensor.name for tensor in self.model.spec.inputs]
        return [{name: each[name] for name in names} for each in requests]


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
    repository: Path, skies: Mapping[int, Requests], rounds: int
) -> list[dict[str, Any]]:
    """Bring the patches of each sky through all ways in every round."""
    with (
        LocalTriton(repository, [MODEL.name, DETECTING.name]) as triton,
        Connection(triton.grpc_url) as connection,
    ):
        found = [tensor.name for tensor in DETECTING.outputs]
        whole = Part.of(repository, connection, MODEL.name, OUTPUTS["server"])
        detecting = Part.of(repository, connection, DETECTING.name, found)
        report = []
        for n_sources, requests in skies.items():
            n_peaks = compared(whole, requests)
            parts = [(part, part.needed(requests)) for part in (whole, detecting)]
            for part, needed in parts:  # the first requests are slower
                part.send(needed)
            taken = [
                {
                    way: tuple(p.taken(way, needed) for p, needed in parts)
                    for way in WAYS
                }
                for _ in range(rounds)
            ]
            report.append(
                {"sources": n_sources, "peaks": n_peaks, "ways": reduced(taken)}
            )
    return report


def compared(part: Part, requests: Requests) -> list[int]:
    """Return how many peaks the patches have; stop if served and bare differ."""
    n_peaks = []
    for tensors in requests:
        served, bare = part.infer(tensors), part.chain(tensors)
        for name, values in served.items():
            # the same graphs on the same processor, one request at a time
            if not np.array_equal(values, bare[name], equal_nan=True):
                raise SystemExit(f"'{name}' differs between the server and bare")
        n_peaks.append(int(served["n_peaks"].item()))
    return n_peaks


def each_of(answer: Callable[[Tensors], Any], requests: Requests) -> float:
    """Return the median ms from a request to its answer."""
    taken = []
    for tensors in requests:
        began = time.perf_counter()
        answer(tensors)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def reduced(taken: Sequence[Mapping[Way, tuple[float, ...]]]) -> list[dict[str, Any]]:
    """Return medians over the rounds; what the heads add, and the bare share."""
    rows = []
    for who, kind in WAYS:
        pairs = [each[who, kind] for each in taken]
        bare = [each[BARE, kind][0] for each in taken]
        rows.append(
            {
                "who": who,
                "kind": kind,
                "ms": statistics.median(whole for whole, _ in pairs),
                "without_heads_ms": statistics.median(part for _, part in pairs),
                "heads_share": statistics.median(
                    1 - part / whole for whole, part in pairs
                ),
                "bare_share": statistics.median(
                    its / whole for its, (whole, _) in zip(bare, pairs, strict=True)
                ),
                "rounds": [whole for whole, _ in pairs],
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
            f"{each['sources']} sources: {statistics.median(peaks):g} peaks "
            f"({min(peaks)} to {max(peaks)})"
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
