"""How fast photons are read and laid onto patches, in one thread.

A whole simulated sky is read from an event list, and its photons are counted in every
patch.  The peer is numpy alone, which compares every photon with every patch: a few
patches are measured and scaled up to all.  Prints medians over the rounds::

    python tests/bench/asid_tiling.py --folder skies
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
import numpy as np
from asid_sky import add_options, simulated
from astropy.io import fits

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import HALF
from amphitrite.surveys.asid.prepare import inputs
from amphitrite.surveys.asid.prepare.patches import Patch, unit_vectors
from amphitrite.surveys.asid.prepare.tiling import Tiles, centres

PEER_PATCHES = 8


@dataclass(frozen=True)
class Tiling:
    """Reading and tiling one sky, s; a stage is (time of the processor, wall time)."""

    photons: int
    patches: int
    read: tuple[float, float]
    sort: tuple[float, float]
    count: tuple[float, float]
    peer: tuple[float, float]

    def rate(self, clock: int) -> float:
        """Photons per second: 0 of the processor's time, 1 of wall time."""
        return self.photons / (self.read[clock] + self.sort[clock] + self.count[clock])


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args()
    path = simulated(options.folder, options.years, options.radius)
    tilings = [lay(path) for _ in range(options.rounds)]
    if options.json:
        print(json.dumps([asdict(tiling) for tiling in tilings]))
    else:
        report(tilings)


def lay(sky: Path) -> Tiling:
    """Read a sky and count its photons in every patch, as the client and as numpy."""
    photons, read = timed(lambda: inputs.read([sky]))
    tiles, sort = timed(lambda: Tiles(photons))
    patches = [centres()[number] for number in tiles.occupied(centres())]

    def count() -> None:
        for patch in patches:
            tiles.counts(patch)

    _, counting = timed(count)
    sample = patches[:: max(1, len(patches) // PEER_PATCHES)][:PEER_PATCHES]
    _, numpy_alone = timed(lambda: peer(sky, sample))
    scale = len(patches) / len(sample)
    return Tiling(
        photons=len(photons),
        patches=len(patches),
        read=read,
        sort=sort,
        count=counting,
        peer=(numpy_alone[0] * scale, numpy_alone[1] * scale),
    )


def timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """Return a result, and what it took of the processor's and of wall time, s."""
    began = time.process_time(), time.perf_counter()
    result = work()
    return result, (time.process_time() - began[0], time.perf_counter() - began[1])


def peer(sky: Path, patches: list[Patch]) -> None:
    """Count photons as a script of a few lines would; reading is not scaled up."""
    rows = fits.getdata(sky, "EVENTS")
    vectors = unit_vectors(rows["L"], rows["B"])
    limits = (-HALF, HALF)
    for patch in patches:
        x, y = patch.offsets(vectors)
        for band in BANDS:
            inside = (rows["ENERGY"] >= band.low) & (rows["ENERGY"] < band.high)
            np.histogram2d(
                y[inside], -x[inside], bins=band.pixels, range=(limits, limits)
            )


def report(tilings: list[Tiling]) -> None:
    """Print the rates of reading and tiling, and where the time goes."""
    print(f"{tilings[0].photons:,} photons in {tilings[0].patches} patches")
    for clock, name in enumerate(("processor's time", "wall time")):
        rate = statistics.median(tiling.rate(clock) for tiling in tilings)
        print(f"{name}: {rate / 1e6:.3f} million photons/s")
        for stage in ("read", "sort", "count"):
            spent = statistics.median(getattr(each, stage)[clock] for each in tilings)
            print(f"  {stage:6} {spent:6.2f} s")
        ratio = statistics.median(
            each.peer[clock] * each.rate(clock) / each.photons for each in tilings
        )
        print(f"  numpy alone takes {ratio:.0f} times as long")


if __name__ == "__main__":
    main()
