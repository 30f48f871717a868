"""How much of bare ONNX Runtime's speed reaches who searches a gamma-ray sky.

On a whole simulated sky, written as an event list:

* bare ONNX Runtime: the detector and its peak finder in sessions like the server's, as
  many as it has instances, fed with the tensors of all patches made beforehand;
* the whole command ``amphitrite asid``, from the event list to the catalogue, against
  a running local Triton with 4, 1 and 16 requests in flight, and with a server that it
  starts and stops itself.

The ways take turns in every round.  Prints medians, ratios to bare ONNX Runtime taken
round by round, the peak resident memory of the client (the server's is its own), and
whether all runs found the same rows::

    python bench/search.py --folder skies
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from astropy.table import QTable
from bare import session
from numpy.typing import NDArray
from sky import add_options, simulated

from amphitrite import skies
from amphitrite.repository import find_repository
from amphitrite.server import LocalTriton
from amphitrite.surveys.asid import FOUND, MASK, MODEL, PEAKS, UNET
from amphitrite.tiling import Tiles, centres
from amphitrite_export.settings import settings_of

IN_FLIGHT = (4, 1, 16)  # the command's default first
TOLERANCE = 1e-5
BARE, COMMAND, OWN = "bare ONNX Runtime", "command, {} in flight", "with its own server"

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    seconds: float
    peak_client_gib: float
    stages: Mapping[str, float]
    catalogue: Path


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--repository", type=Path, help="models, if not the usual ones")
    options = parser.parse_args()
    path = simulated(options.folder, options.years, options.radius)
    repository = find_repository(options.repository)
    found = reduced(search(path, repository, options.folder, options.rounds))
    if options.json:
        print(json.dumps(found))
    else:
        report(found)


def search(
    sky: Path, repository: Path, folder: Path, rounds: int
) -> dict[str, list[float] | list[Run]]:
    """Run all ways in turn; return seconds of the bare one, and runs of the others."""
    tensors = prepared(sky)
    ways: dict[str, Callable[[], Any]] = {}
    found: dict[str, list[Any]] = {}
    with LocalTriton(repository, [MODEL.name]) as triton:
        ways[BARE] = bare(repository, tensors)
        for number in IN_FLIGHT:
            flags = ("--server", triton.grpc_url, "--in-flight", str(number))
            out = folder / f"catalogue-{number}.fits"
            ways[COMMAND.format(number)] = command(sky, out, *flags)
        flags = ("--model-repository", str(repository))
        ways[OWN] = command(sky, folder / "catalogue-own.fits", *flags)
        for _ in range(rounds):
            for name, way in ways.items():
                found.setdefault(name, []).append(way())
    return found


def prepared(sky: Path) -> list[Tensors]:
    """Return what the client sends: the counts of all patches that hold a photon."""
    tiles = Tiles(skies.read([sky]))
    patches = [centres()[number] for number in tiles.occupied(centres())]
    counts = [tiles.counts(patch) for patch in patches]
    return [
        {name: image[None] for name, image in each.items()}
        for each in counts
        if any(image.any() for image in each.values())
    ]


def bare(repository: Path, tensors: list[Tensors]) -> Callable[[], float]:
    """Return the yardstick: seconds that the tensors take through bare sessions."""
    settings = settings_of(UNET.name)
    pairs = [
        [
            session(repository, name, threads=settings.threads)
            for name in (UNET.name, PEAKS.name)
        ]
        for _ in range(settings.instances)
    ]
    for_peaks = [tensor.name for tensor in PEAKS.inputs if tensor.name != MASK.name]
    outputs = [tensor.name for tensor in FOUND]

    def way() -> float:
        queue: SimpleQueue[Tensors] = SimpleQueue()
        for each in tensors:
            queue.put(each)

        def work(pair: list[Any]) -> None:
            unet, peaks = pair
            while True:
                try:
                    counts = queue.get_nowait()
                except Empty:
                    return
                (mask,) = unet.run([MASK.name], counts)
                inputs = {name: counts[name] for name in for_peaks}
                peaks.run(outputs, {**inputs, MASK.name: mask})

        began = time.perf_counter()
        with ThreadPoolExecutor(len(pairs)) as pool:
            list(pool.map(work, pairs))
        return time.perf_counter() - began

    return way


def command(sky: Path, out: Path, *flags: str) -> Callable[[], Run]:
    """Return a run as a user does it; Python's start and the writing count."""

    def way() -> Run:
        began = time.perf_counter()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "amphitrite", "asid", str(sky)),
                *("-o", str(out), "--overwrite", "--json", *flags),
            ],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout as answer:
            said = answer.read()
        # The memory of this one process: a server is nobody's child but its own.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"the command failed with {process.returncode}")
        return Run(
            seconds=time.perf_counter() - began,
            peak_client_gib=usage.ru_maxrss / 2**20,
            stages=json.loads(said)["seconds"],
            catalogue=out,
        )

    return way


def reduced(found: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Reduce the rounds to medians and ratios, and compare the catalogues."""
    reference = found[BARE]
    seconds = {BARE: reference}
    seconds |= {
        name: [run.seconds for run in runs]
        for name, runs in found.items()
        if name != BARE
    }
    runs = {name: runs for name, runs in found.items() if name != BARE}
    tables = {name: QTable.read(each[-1].catalogue) for name, each in runs.items()}
    first, *others = tables
    default = runs[first]
    return {
        "rounds": seconds,
        "ways": {
            name: {
                "seconds": statistics.median(each),
                "bare_share": statistics.median(
                    [its / mine for its, mine in zip(reference, each, strict=True)]
                ),
            }
            for name, each in seconds.items()
        },
        "stages": {
            stage: statistics.median([run.stages[stage] for run in default])
            for stage in default[0].stages
        },
        "peak_client_gib": {
            name: round(max(run.peak_client_gib for run in each), 3)
            for name, each in runs.items()
            if name != OWN
        },
        "rows": len(tables[first]),
        "same_rows": {name: same_rows(tables[first], tables[name]) for name in others},
    }


def same_rows(one: QTable, other: QTable) -> bool:
    """Return whether two catalogues have the same rows, floats to one in 100,000."""
    if len(one) != len(other) or one.colnames != other.colnames:
        return False
    for name in one.colnames:
        a, b = (np.asarray(table[name]) for table in (one, other))
        alike = (
            np.allclose(a, b, rtol=TOLERANCE, atol=0.0)
            if a.dtype.kind == "f"
            else np.array_equal(a, b)
        )
        if not alike:
            return False
    return True


def report(found: Mapping[str, Any]) -> None:
    """Print the ways, the stages of the default one, memory, and the comparison."""
    print(f"\n{'way':22} {'seconds':>8} {'bare/way':>9}   rounds")
    for name, way in found["ways"].items():
        rounds = " ".join(f"{seconds:7.1f}" for seconds in found["rounds"][name])
        print(f"{name:22} {way['seconds']:8.1f} {way['bare_share']:9.3f}   {rounds}")
    stages = ", ".join(
        f"{name} {value:.1f} s" for name, value in found["stages"].items()
    )
    print(f"\nstages of the first command: {stages}")
    for name, peak in found["peak_client_gib"].items():
        print(f"peak memory of the client: {peak:.2f} GiB, {name}")
    print(f"{found['rows']} rows")
    for name, same in found["same_rows"].items():
        print(f"  {'the same' if same else 'OTHER ROWS'}: {name}")


if __name__ == "__main__":
    main()
