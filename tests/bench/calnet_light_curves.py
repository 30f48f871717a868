"""What ``amphitrite calnet`` takes for a star, against a program like the original.

On the same simulated files and the same cores, the ways taking turns in every round:

* the whole command ``amphitrite calnet``, from FITS files to the catalogue, against a
  running local Triton, whose time counts, and with a server that it starts and stops
  itself;
* the peer of `light_curve_peer`, with the published network; with one as large as ours,
  lest the smaller network be thought to make the difference; and with the published one
  and the quickest periodogram of plain numpy.  It finds no periods.

Prints seconds per star, of the processors and of the wall, medians over the rounds:
of the whole program, and of each further star once it has started (of the command by
taking off a run on the first few files; of the peer the sum of its stages, which leaves
out Keras's start).  Ratios to the peer with the published network are taken round by
round.  Then follows what each stage takes::

    python tests/bench/calnet_light_curves.py --stars 200 --rounds 3

What cannot be taken off counts as a further star's: the processes that search periods
are started for a candidate only.

Two stars in a hundred are eclipsing binaries, about as among TESS's targets.  Only
candidates have their periods searched, so that ``--binaries 0.5`` takes longer.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import light_curve_peer as peer
import numpy as np
from asid_search import busy
from astropy.table import QTable
from calnet_star_files import arguments, write_stars
from client import Used, amphitrite, python

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.calnet.interpret import periods
from amphitrite.surveys.calnet.interpret.folding import join
from amphitrite.surveys.calnet.page import MODEL, P_EB, PERIODS
from amphitrite.surveys.calnet.prepare import inputs
from amphitrite.surveys.calnet.prepare.light_curves import read
from amphitrite.surveys.calnet.prepare.periodogram import power
from amphitrite.surveys.calnet.prepare.resampling import resample
from amphitrite.surveys.calnet.prepare.segments import segments
from amphitrite.triton.repository import find_repository

SERVED = "amphitrite calnet --server"
OWN = "amphitrite calnet"
PUBLISHED = "peer"
OURS = "peer, our network"
QUICK = "peer, quick periodogram"
PEERS = {  # which network, which periodogram
    PUBLISHED: ("published network", "periodogram"),
    OURS: ("our network", "periodogram"),
    QUICK: ("published network", peer.QUICK),
}
WAYS = (SERVED, OWN, *PEERS)
TOLERANCE = 1e-6
N_COMPARED = 3


@dataclass(frozen=True)
class Cost:
    """Seconds, of the processors and of the wall."""

    processor: float
    wall: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.processor - other.processor, self.wall - other.wall)

    def __truediv__(self, number: float) -> Cost:
        return Cost(self.processor / number, self.wall / number)


@dataclass(frozen=True)
class Run:
    """What one star cost on one way.

    ``whole`` has the program's start in it, ``further`` has not; ``stages`` are s of
    the processors.
    """

    whole: Cost
    further: Cost
    stages: Mapping[str, float]


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = arguments(__doc__.splitlines()[0], stars=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        paths = write_stars(folder / "stars", options.stars, share=options.binaries)
        differ = difference(paths[:N_COMPARED])
        if differ > TOLERANCE:
            raise SystemExit(f"the peer's periodograms differ from ours by {differ:g}")
        repository = find_repository(options.repository)
        found = compare(paths, folder, repository, options.rounds, options.workers)
    report = {"difference": differ, **reduced(found)}
    print(json.dumps(report) if options.json else text(report))


def difference(paths: Sequence[Path]) -> float:
    """Return the largest difference between the peer's inputs and ours."""
    names = [str(path) for path in paths]
    numbers, curves, powers = peer.prepared(names, peer.Clock())
    ours = []
    for path in paths:
        light_curve = read(path)
        ours += segments(light_curve.time, light_curve.flux, interpolation="spline")
    if len(ours) != len(numbers):
        raise SystemExit(f"the peer has {len(numbers)} segments, we have {len(ours)}")
    quick = [
        peer.scaled(peer.quick_periodogram(segment.time, segment.flux))
        for segment in ours
    ]
    pairs = (
        (curves, [segment.light_curve for segment in ours]),
        (powers, [segment.periodogram for segment in ours]),
        (np.array(quick), [segment.periodogram for segment in ours]),
    )
    return max(float(np.abs(theirs - mine).max()) for theirs, mine in pairs)


def compare(
    paths: Sequence[Path], folder: Path, repository: Path, rounds: int, workers: int
) -> dict[str, list[Run]]:
    """Run all ways in turn."""
    names = folder / "names.txt"
    names.write_text("\n".join(map(str, paths)))
    found: dict[str, list[Run]] = {way: [] for way in WAYS}
    out = folder / "found.fits"
    with LocalTriton(repository, [MODEL.name]) as triton:
        ways: dict[str, Callable[[], dict[str, Run]]] = {
            SERVED: lambda: served(names, paths, out, triton, workers),
            OWN: lambda: alone(names, paths, out, repository, workers),
            PUBLISHED: lambda: peers(names, folder / "peer.csv", len(paths)),
        }
        for _ in range(rounds):
            for way in ways.values():
                for name, run in way().items():
                    found[name].append(run)
    return found


def served(
    names: Path, paths: Sequence[Path], out: Path, triton: LocalTriton, workers: int
) -> dict[str, Run]:
    """Run the command against a running server."""
    flags = ("--workers", workers, "--server", triton.grpc_url)

    def way(*files: object) -> tuple[Cost, float, Used]:
        before = busy(triton.pid)
        used = amphitrite("calnet", *files, "-o", out, "--overwrite", *flags)
        server = busy(triton.pid) - before
        return Cost(used.processor + server, used.wall), server, used

    few = first(paths, workers)
    start, server_start, started = way(*few)
    whole, server, used = way(f"@{names}")
    n, more = len(paths), len(paths) - len(few)
    further = (whole - start) / more
    stages = preparation(paths, QTable.read(out), used.answer["threshold"])
    stages["inference"] = (server - server_start) / more
    writing = [its.answer["seconds"]["writing"] for its in (started, used)]
    stages["writing"] = (writing[1] - writing[0]) / more
    stages["the rest"] = further.processor - sum(stages.values())
    return {SERVED: Run(whole / n, further, stages)}


def alone(
    names: Path, paths: Sequence[Path], out: Path, repository: Path, workers: int
) -> dict[str, Run]:
    """Run the command with a server of its own."""
    flags = ("--workers", workers, "--model-repository", repository)

    def way(*files: object) -> Cost:
        used = amphitrite("calnet", *files, "-o", out, "--overwrite", *flags)
        return Cost(used.processor, used.wall)

    few = first(paths, workers)
    start, whole = way(*few), way(f"@{names}")
    more = len(paths) - len(few)
    return {OWN: Run(whole / len(paths), (whole - start) / more, {})}


def first(paths: Sequence[Path], workers: int) -> Sequence[Path]:
    """Return as many files as make a command start all of its workers."""
    return paths[: 2 * max(workers, 1)]


def peers(names: Path, out: Path, n: int) -> dict[str, Run]:
    """Run the peer; return its costs as if it had done only one thing of each kind."""
    script = Path(__file__).with_name("light_curve_peer.py")
    used = python(str(script), str(names), "--out", str(out))
    measured = {
        name: Cost(used.answer["processor"][name], used.answer["wall"][name])
        for name in used.answer["wall"]
    }
    start = Cost(used.processor, used.wall) - total(measured.values())
    segments_ = used.answer["segments"]
    measured[peer.QUICK] /= (segments_ // peer.QUICK_EVERY) / segments_
    runs = {}
    for way, (network, periodogram) in PEERS.items():
        stages = {
            "reading": measured["reading"],
            "resampling": measured["resampling"],
            "periodogram": measured[periodogram],
            "inference": measured[network],
            "writing": measured["writing"],
        }
        further = total(stages.values())
        whole = total([start, measured[f"building {network}"], further])
        each = {name: cost.processor / n for name, cost in stages.items()}
        runs[way] = Run(whole / n, further / n, each)
    return runs


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum."""
    every = list(costs)
    return Cost(sum(cost.processor for cost in every), sum(cost.wall for cost in every))


def preparation(
    paths: Sequence[Path], table: QTable, threshold: float
) -> dict[str, float]:
    """Return what the client's stages take in this process, s per star."""
    interpolation = str(table.meta["INTERPOL"])
    likely = set(np.asarray(table["tic"])[np.asarray(table[P_EB]) >= threshold])
    clock = peer.Clock()
    for path in paths:
        with clock.stage("reading"):
            light_curve = read(path)
        found = segments(
            light_curve.time, light_curve.flux, interpolation=interpolation
        )
        for each in found:
            with clock.stage("resampling"):
                resample(each.time, each.flux, interpolation=interpolation)
            with clock.stage("periodogram"):
                power(each.time, each.flux, 1 / PERIODS)
        with clock.stage("peak for the catalogue"):
            periods.peak(*join(found))
        with clock.stage("period search"):
            if light_curve.tic in likely:
                again = inputs.together([path], interpolation=interpolation)
                periods.measure(*join(again))
    return {name: seconds / len(paths) for name, seconds in clock.processor.items()}


def reduced(found: Mapping[str, list[Run]]) -> dict[str, Any]:
    """Return medians of each way, ratios round by round, and all rounds."""
    return {
        "ways": {
            way: {
                part: {
                    kind: medians(
                        [getattr(getattr(run, part), kind) for run in runs],
                        [getattr(getattr(its, part), kind) for its in found[PUBLISHED]],
                    )
                    for kind in ("processor", "wall")
                }
                for part in ("whole", "further")
            }
            for way, runs in found.items()
        },
        "stages": {
            way: {
                stage: statistics.median(run.stages[stage] for run in found[way])
                for stage in found[way][0].stages
            }
            for way in (SERVED, *PEERS)
        },
    }


def medians(values: Sequence[float], reference: Sequence[float]) -> dict[str, Any]:
    """Return a median, how many times less than a reference it is, and the values."""
    return {
        "median": statistics.median(values),
        "times_less": statistics.median(
            its / mine for its, mine in zip(reference, values, strict=True)
        ),
        "rounds": list(values),
    }


def text(report: Mapping[str, Any]) -> str:
    """Return the report for a reader."""
    lines = [
        f"{'seconds per star':36} {'processors':>10} {'times less':>10}"
        f" {'wall':>8} {'times less':>10}   rounds: processors; wall"
    ]
    for part, note in (("whole", ""), ("further", "further: ")):
        for way, costs in report["ways"].items():
            line, rounds = f"{note + way:36}", []
            for kind, width in (("processor", 10), ("wall", 8)):
                cost = costs[part][kind]
                line += f" {cost['median']:{width}.4f} {cost['times_less']:10.1f}"
                rounds.append(" ".join(f"{value:.4f}" for value in cost["rounds"]))
            lines.append(f"{line}   {'; '.join(rounds)}")
    lines.append("ms per star of the processors, of each further star")
    lines.append(" " * 28 + "".join(f"{way:>28}" for way in report["stages"]))
    stages = list(report["stages"].values())
    for stage in stages[0]:
        cells = [
            f"{1000 * its[stage]:28.2f}" if stage in its else f"{'':28}"
            for its in stages
        ]
        lines.append(f"{stage:28}{''.join(cells)}".rstrip())
    lines.append(f"the networks' inputs differ by {report['difference']:.1e} at most")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
