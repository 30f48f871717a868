"""A simulated gamma-ray sky to measure with, kept for the next time."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SEED = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a sky."""
    parser.add_argument("--folder", type=Path, required=True, help="where skies are")
    parser.add_argument("--years", type=float, default=1.35, help="of observation")
    parser.add_argument("--radius", type=float, default=180.0, help="of the sky, deg")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")


def simulated(folder: Path, years: float, radius: float) -> Path:
    """Return the event list of a simulated sky, written if it is not there.

    The whole sky in 1.35 years holds 10 million photons; drawing them takes 4 GiB.
    """
    path = folder / f"sky-{years:g}-{radius:g}.fits"
    if not path.exists():
        from amphitrite_training.asid.simulate.files import write_events
        from amphitrite_training.asid.simulate.photons import Region, draw_events
        from amphitrite_training.asid.simulate.sky import make_sky

        folder.mkdir(parents=True, exist_ok=True)
        region = Region(70.0, 40.0, radius)
        events = draw_events(
            make_sky(SEED, years=years), np.random.default_rng(SEED), region
        )
        aside = path.with_suffix(".part")
        write_events(events, aside, years=years, region=region, seed=SEED)
        aside.rename(path)
    return path
