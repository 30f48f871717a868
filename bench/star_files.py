"""Simulated light curves to measure with, as files of the mission's own format."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from amphitrite_training.calnet.data import TEST_STARS
from amphitrite_training.calnet.simulate.files import write_star
from amphitrite_training.calnet.simulate.stars import draw_star

# Beyond the stars that a network is tested on.
FIRST_STAR = TEST_STARS + 900_000
N_PROCESSES = 2


def seeds(n: int, share: float) -> list[int]:
    """Return seeds of stars of which a share are eclipsing binaries (even seeds)."""
    binary = [int((at + 1) * share) > int(at * share) for at in range(n)]
    return [FIRST_STAR + 2 * at + (not binary[at]) for at in range(n)]


def write_stars(folder: Path, n: int, *, share: float) -> list[Path]:
    """Write one sector of each of n stars, all different; 0.8 MB a file."""
    folder.mkdir()
    with ProcessPoolExecutor(
        N_PROCESSES, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        return sorted(
            pool.map(partial(write, folder=folder), seeds(n, share), chunksize=20)
        )


def write(seed: int, *, folder: Path) -> Path:
    """Draw a star and write its file."""
    return write_star(draw_star(seed), folder)
