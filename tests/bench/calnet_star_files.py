"""Simulated light curves to measure with, as files of the mission's own format."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from amphitrite.engine import workers
from amphitrite_training.surveys.calnet.data import TEST_STARS
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

# Beyond the stars that a network is tested on.
FIRST_STAR = TEST_STARS + 900_000
N_PROCESSES = 2


def arguments(about: str, *, stars: int) -> argparse.ArgumentParser:
    """Return what the benchmarks on such files let a user choose."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--stars", type=int, default=stars)
    parser.add_argument("--binaries", type=float, default=0.02, help="their share")
    parser.add_argument("--workers", type=int, default=2, help="of the command")
    parser.add_argument("--folder", type=Path, help="for the files, 0.8 MB a star")
    parser.add_argument("--repository", type=Path, help="models, if not the usual ones")
    parser.add_argument("--json", action="store_true")
    return parser


def seeds(n: int, share: float) -> list[int]:
    """Return seeds of stars of which a share are eclipsing binaries (even seeds)."""
    binary = [int((at + 1) * share) > int(at * share) for at in range(n)]
    return [FIRST_STAR + 2 * at + (not binary[at]) for at in range(n)]


def write_stars(folder: Path, n: int, *, share: float) -> list[Path]:
    """Write one sector of each of n stars, all different; 0.8 MB a file."""
    folder.mkdir()
    with workers.pool(N_PROCESSES) as pool:
        return sorted(
            pool.map(partial(write, folder=folder), seeds(n, share), chunksize=20)
        )


def write(seed: int, *, folder: Path) -> Path:
    """Draw a star and write its file."""
    return write_star(draw_star(seed), folder)
