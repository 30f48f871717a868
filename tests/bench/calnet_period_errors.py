"""How far the periods of simulated binaries are from the truth, in their errors.

Draws eclipsing binaries as in training, in one sector each, with their spots and
pulsations and the noise of the instrument; refines the true period as the client does,
and prints the shares within one, two and three errors, which are 68.3, 95.4 and 99.7 %
if errors hold.  The last column is the scatter, from the median of absolute values::

    python tests/bench/calnet_period_errors.py --stars 400
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.refinement import refine
from amphitrite.surveys.calnet.prepare.segments import drop_highest, split
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, draw_star

SEED = 9_000_000  # even seeds give binaries; training's stars have other seeds
CYCLES = (1, 2.2, 6, 12, 30, 200)
FROM_MEDIAN = 1.4826


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=400)
    stars = parser.parse_args().stars
    found = np.array([pull(SEED + 2 * number) for number in range(stars)])
    kind, cycles, pulls = found["kind"], found["cycles"], found["pull"]
    print(f"{'':20}{'stars':>6}{'< 1':>8}{'< 2':>8}{'< 3':>8}{'scatter':>9}")
    print(line("all", pulls))
    for name in BINARIES:
        print(line(name, pulls[kind == name]))
    for low, high in pairwise(CYCLES):
        here = (cycles >= low) & (cycles < high)
        print(line(f"{low:g} to {high:g} cycles", pulls[here]))


def pull(seed: int) -> NDArray[np.void]:
    """Return a star's kind, its observed cycles, and error over standard error."""
    star = draw_star(seed)
    good = (star.cadences.quality == 0) & np.isfinite(star.flux)
    time, flux = star.cadences.time[good], star.flux[good]
    parts = list(stretches(time, flux))
    time = np.concatenate([t for t, _ in parts])
    flux = np.concatenate([y / np.median(y) for _, y in parts])
    period, error = refine(time, flux, star.period)
    cycles = float(time[-1] - time[0]) / star.period
    values = (star.kind, cycles, (period - star.period) / error)
    return np.array(values, dtype=[("kind", "U2"), ("cycles", float), ("pull", float)])


def stretches(
    time: NDArray[np.float64], flux: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the parts of a light curve between gaps, without their highest points."""
    for part in split(time):
        yield drop_highest(time[part], flux[part])


def line(name: str, pulls: NDArray[np.float64]) -> str:
    """Return a row of the table."""
    size = np.abs(pulls)
    shares = "".join(f"{np.mean(size < n):8.1%}" for n in (1, 2, 3))
    return f"{name:20}{len(pulls):6d}{shares}{FROM_MEDIAN * np.median(size):9.2f}"


if __name__ == "__main__":
    main()
