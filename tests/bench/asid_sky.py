"""Simulated gamma-ray skies to measure with, kept for the next time, and patches."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20
# Places of sources on a patch, so far from each other that each has a peak of its own.
_SIDE, _STEP_DEGREES, _JITTER_DEGREES = 8, 1.15, 0.25
_BRIGHT = (3e-9, 3e-8)  # photons/cm2/s above 1 GeV: not to be missed in 11 years


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
        from amphitrite_training.surveys.asid.simulate.files import write_events
        from amphitrite_training.surveys.asid.simulate.photons import (
            Region,
            draw_events,
        )
        from amphitrite_training.surveys.asid.simulate.sky import make_sky

        folder.mkdir(parents=True, exist_ok=True)
        region = Region(70.0, 40.0, radius)
        events = draw_events(
            make_sky(SEED, years=years), np.random.default_rng(SEED), region
        )
        aside = path.with_suffix(".part")
        write_events(events, aside, years=years, region=region, seed=SEED)
        aside.rename(path)
    return path


def exposed(folder: Path, years: float) -> Path:
    """Return the exposure map of the simulated skies, written if it is not there."""
    path = folder / f"exposure-{years:g}.fits"
    if not path.exists():
        from amphitrite_training.surveys.asid.simulate.exposures import write_exposure

        folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        write_exposure(aside, years=years)
        aside.rename(path)
    return path


def patches(n_sources: int, n: int) -> list[dict[str, NDArray[np.float32]]]:
    """Return what a client sends of simulated patches with bright sources each.

    They lie above 40 deg of latitude and are observed for 11 years; their sources, at
    most 64, have the spectra and fluxes of bright ones of a simulated sky.
    """
    from amphitrite.surveys.asid.bands import BANDS
    from amphitrite.surveys.asid.prepare.patches import angles
    from amphitrite.surveys.asid.prepare.tiling import centres
    from amphitrite_training.surveys.asid.simulate import instrument
    from amphitrite_training.surveys.asid.simulate.population import Population
    from amphitrite_training.surveys.asid.simulate.sky import (
        expect,
        make_sky,
        relative_exposure,
    )

    rng = np.random.default_rng([SEED, n_sources])
    sky = make_sky(SEED)
    low, high = _BRIGHT
    flux = sky.population.flux
    bright = np.flatnonzero((flux > low) & (flux < high))
    tensors = []
    for patch in [patch for patch in centres() if patch.lat > 40][:n]:
        cells = rng.choice(_SIDE**2, n_sources, replace=False)
        x, y = (np.array(np.divmod(cells, _SIDE)) - (_SIDE - 1) / 2) * _STEP_DEGREES
        x, y = (c + rng.uniform(-1, 1, n_sources) * _JITTER_DEGREES for c in (x, y))
        lon, lat = angles(patch.vectors(x, y))
        of = rng.choice(bright, n_sources)
        chosen = Population(
            *(getattr(sky.population, field.name)[of] for field in fields(Population))
        )
        there = replace(sky, population=replace(chosen, lon=lon, lat=lat))
        counts = expect(there, patch).counts
        exposure = [
            instrument.band_exposure(band, years=sky.years) * relative_exposure(patch)
            for band in BANDS
        ]
        images = {
            f"counts_{band.name}": rng.poisson(image)[None].astype(np.float32)
            for band, image in zip(BANDS, counts, strict=True)
        }
        tensors.append({**images, "exposure": np.array([exposure], np.float32)})
    return tensors
