"""How much of bare ONNX Runtime's speed reaches who searches a gamma-ray sky.

On a whole simulated sky, written as an event list and a map of its exposure:

* bare ONNX Runtime: the detector, its peak finder and the three networks that describe
  a source in sessions like the server's, as many as it has instances, fed with the
  tensors of all patches made beforehand;
* the whole command ``amphitrite asid``, from the event list to the catalogue, against
  a running local Triton with 4, 1 and 16 requests in flight, and with a server that it
  starts and stops itself.

The ways take turns in every round.  Prints medians of wall time and of the processors'
time in the client and in the server, ratios to bare ONNX Runtime taken round by round,
the largest memory of the client (resident) and of the running server (proportional set
sizes of all its processes), and whether all runs found the same rows::

    python tests/bench/asid_search.py --folder skies
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from asid_sky import add_options, exposed, simulated
from astropy.table import QTable
from calnet_survey import memory_mib
from client import amphitrite
from members import Chain, Tensors

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys import asked
from amphitrite.surveys.asid.page import MODEL
from amphitrite.surveys.asid.prepare import exposures, inputs
from amphitrite.surveys.asid.prepare.patches import Patch, unit_vectors
from amphitrite.surveys.asid.prepare.tiling import Tiles, centres
from amphitrite.triton.repository import find_repository

BARE = "bare ONNX Runtime"
OWN = "with its own server"
IN_FLIGHT = {f"{number} in flight": number for number in (4, 1, 16)}
COMMANDS = (*IN_FLIGHT, OWN)
TOLERANCE = 1e-5
# Seldom: a look at all of the server's processes takes it some ms.
SAMPLE_SECONDS = 2.0


@dataclass(frozen=True)
class Sky:
    """The files that a search reads."""

    events: Path
    exposure: Path


@dataclass(frozen=True)
class Run:
    """What one way took: s of wall time, s of the processors, GiB at most.

    ``server_gib`` is 0 where the server is not one of ours.
    """

    wall: float
    client: float
    server: float = 0.0
    peak_gib: float = 0.0
    server_gib: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--repository", type=Path, help="models, if not the usual ones")
    options = parser.parse_args()
    sky = Sky(
        simulated(options.folder, options.years, options.radius),
        exposed(options.folder, options.years),
    )
    catalogues = {way: options.folder / f"{way}.fits" for way in COMMANDS}
    found = search(sky, catalogues, find_repository(options.repository), options.rounds)
    tables = {way: QTable.read(path) for way, path in catalogues.items()}
    report = {"ways": reduced(found), "rows": compared(tables)}
    print(json.dumps(report) if options.json else text(report))


def search(
    sky: Sky, catalogues: Mapping[str, Path], repository: Path, rounds: int
) -> dict[str, list[Run]]:
    """Run all ways in turn."""
    with LocalTriton(repository, asked("asid")) as triton:
        ways = {BARE: bare(repository, prepared(sky))}
        for name, number in IN_FLIGHT.items():
            ways[name] = command(
                *(sky, catalogues[name], "--server", triton.grpc_url),
                *("--in-flight", str(number)),
                server=triton.pid,
            )
        ways[OWN] = command(sky, catalogues[OWN], "--model-repository", str(repository))
        found: dict[str, list[Run]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                found[name].append(way())
    return found


def prepared(sky: Sky) -> list[Tensors]:
    """Return what the client sends: all patches that hold a photon."""
    tiles = Tiles(inputs.read([sky.events]))
    exposure = exposures.read(sky.exposure)

    def request(patch: Patch) -> Tensors:
        direction = unit_vectors(np.array([patch.lon]), np.array([patch.lat]))
        counts = tiles.counts(patch)
        images = {name: image[None] for name, image in counts.items()}
        return {**images, "exposure": exposure.at(direction)}

    requests = [request(centres()[number]) for number in tiles.occupied(centres())]
    return [
        tensors
        for tensors in requests
        if any(tensors[name].any() for name in tensors if name != "exposure")
    ]


def bare(repository: Path, requests: list[Tensors]) -> Callable[[], Run]:
    """Return the yardstick: bring tensors through sessions in this process."""
    chain = Chain.of(repository, MODEL.name)

    def way() -> Run:
        began = time.perf_counter(), time.process_time()
        chain.drain(requests)
        return Run(time.perf_counter() - began[0], time.process_time() - began[1])

    return way


@dataclass
class Memory:
    """Samples the memory of a server while a client runs; see `client.amphitrite`."""

    server: int | None
    peak_mib: float = 0.0
    next_sample: float = 0.0

    def __call__(self, client: int) -> None:
        """Take a sample, unless one has just been taken."""
        if self.server is None or time.monotonic() < self.next_sample:
            return
        self.peak_mib = max(self.peak_mib, memory_mib(self.server))
        self.next_sample = time.monotonic() + SAMPLE_SECONDS


def command(
    sky: Sky, out: Path, *flags: str, server: int | None = None
) -> Callable[[], Run]:
    """Return a run as a user does it; Python's start and the writing count."""

    def way() -> Run:
        before, memory = busy(server), Memory(server)
        used = amphitrite(
            *("asid", sky.events, "-o", out, "--overwrite"),
            *("--exposure", sky.exposure, *flags),
            watch=memory,
        )
        return Run(
            wall=used.wall,
            client=used.processor,
            server=busy(server) - before,
            peak_gib=used.peak_gib,
            server_gib=memory.peak_mib / 1024,
            stages=used.answer["seconds"],
        )

    return way


def busy(server: int | None) -> float:
    """Return the processors' time that a server and its children have used, s."""
    if server is None:
        return 0.0
    process = psutil.Process(server)
    family = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


def reduced(found: Mapping[str, list[Run]]) -> dict[str, dict[str, Any]]:
    """Return the medians of each way, its share of the bare speed, and all rounds."""
    return {way: medians(runs, found[BARE]) for way, runs in found.items()}


def medians(runs: list[Run], reference: list[Run]) -> dict[str, Any]:
    """Return the medians of one way; its largest memory."""
    pairs = zip(reference, runs, strict=True)
    return {
        "wall": statistics.median(run.wall for run in runs),
        "client": statistics.median(run.client for run in runs),
        "server": statistics.median(run.server for run in runs),
        "share": statistics.median(its.wall / run.wall for its, run in pairs),
        "peak_gib": max(run.peak_gib for run in runs),
        "server_gib": max(run.server_gib for run in runs),
        "stages": {
            stage: statistics.median(run.stages[stage] for run in runs)
            for stage in runs[0].stages
        },
        "rounds": [run.wall for run in runs],
    }


def compared(tables: Mapping[str, QTable]) -> dict[str, Any]:
    """Return how many rows each way found, and whether they are the first one's."""
    first, *_ = tables.values()
    return {
        way: {"rows": len(table), "same": same_rows(first, table)}
        for way, table in tables.items()
    }


def same_rows(one: QTable, other: QTable) -> bool:
    """Return whether two catalogues have the same rows, floats to one in 100,000."""
    if len(one) != len(other) or one.colnames != other.colnames:
        return False
    for name in one.colnames:
        a, b = (np.asarray(table[name]) for table in (one, other))
        real = a.dtype.kind == "f"
        if not (
            np.allclose(a, b, TOLERANCE, 0.0, equal_nan=True)
            if real
            else np.array_equal(a, b)
        ):
            return False
    return True


def text(report: Mapping[str, Any]) -> str:
    """Return the report for a reader."""
    lines = [
        f"{'way (times in s)':20} {'wall':>7} {'client':>7} {'server':>7}"
        f" {'bare/way':>9}   rounds"
    ]
    for name, way in report["ways"].items():
        rounds = " ".join(f"{wall:.1f}" for wall in way["rounds"])
        lines.append(
            f"{name:20} {way['wall']:7.1f} {way['client']:7.1f} {way['server']:7.1f} "
            f"{way['share']:9.3f}   {rounds}"
        )
    for name, found in report["rows"].items():
        way = report["ways"][name]
        stages = ", ".join(f"{key} {value:.1f}" for key, value in way["stages"].items())
        same = "the same" if found["same"] else "NOT THE SAME"
        memory = f"{way['peak_gib']:.2f} GiB"
        if way["server_gib"]:
            memory += f", server {way['server_gib']:.2f} GiB"
        lines.append(f"{name}: {found['rows']} rows, {same}; {memory}; {stages}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
