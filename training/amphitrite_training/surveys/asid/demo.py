"""The gamma-ray demo: simulated photons to a catalogue, compared with the truth."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.table import QTable

from amphitrite.files import catalogues
from amphitrite.files.writing import writing
from amphitrite.surveys.asid import run as asid_run
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.triton.served import Server
from amphitrite_training.surveys import User
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.simulate.exposures import write_exposure
from amphitrite_training.surveys.asid.simulate.files import truth, write_events
from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
from amphitrite_training.surveys.asid.simulate.sky import make_sky
from amphitrite_training.surveys.asid.sky_results import pair, separation

SEED: Final = 20
REGION: Final = Region(lon=70.0, lat=40.0, radius=20.0)
DEMO_BRIGHT: Final = 1e-9
FAINT: Final = 2.34e-10


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate a region of the sky, search it, and compare with the truth.

    See `amphitrite_training.surveys.Demo`.
    """
    began = time.monotonic()
    sky = make_sky(SEED)
    events, catalogue = out / "events.fits", out / "catalogue.fits"
    photons = draw_events(sky, np.random.default_rng(SEED), REGION)
    with writing(out):
        write_events(photons, events, years=sky.years, region=REGION, seed=SEED)
        write_exposure(out / "exposure.fits", years=sky.years)
    known = truth(sky, REGION)
    catalogues.write(known, out / "truth.fits")
    simulated = time.monotonic() - began
    options, picture = _options(out, can_draw=user.can_draw)
    command = f"amphitrite asid {events} -o {catalogue} --exposure {options.exposure}"
    if picture:
        command += f" --plot {picture}"
    said = f"{len(photons):,} simulated photons stand in {events} ({simulated:.1f} s)."
    control = user.control(said, command)
    run = asid_run.run([events], connecting, catalogue, options, control)
    seconds = {"simulating": simulated, **run.seconds}
    found = compare(run.table, known)
    summary = {
        "patches": run.n_patches,
        "photons": run.n_photons,
        **found,
        "seconds": {stage: round(value, 2) for stage, value in seconds.items()},
        "catalogue": str(catalogue),
        "truth": str(out / "truth.fits"),
        "picture": picture and str(picture),
    }
    stages = ", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items())
    text = (
        f"{run.n_patches} patches, {found['sources']} sources found; "
        f"{found['true']} of them are simulated ones "
        f"(purity {_percent(found['true'], found['sources'])}).\n"
        f"Of {found['bright']} simulated sources above {DEMO_BRIGHT:g} photons/cm2/s, "
        f"{found['bright_found']} are found "
        f"({_percent(found['bright_found'], found['bright'])}); of {found['faint']} "
        f"above {FAINT:g}, {found['faint_found']} "
        f"({_percent(found['faint_found'], found['faint'])}).\n"
        f"The median ratio of the former's fluxes to the true ones is "
        f"{_ratio(found['flux_ratio'])}; "
        f"{_percent(found['within_r95'], found['true'])} of all positions are within "
        "their r95.\n"
        "Simulated data: no measure of performance on the real sky.\n"
        f"  time       {stages}\n"
        f"  catalogue  {catalogue}\n"
        f"  truth      {out / 'truth.fits'}"
    )
    return text + (f"\n  picture    {picture}" if picture else ""), summary


def compare(table: QTable, known: QTable) -> dict[str, int | float | None]:
    """Return counts and a ratio of fluxes of a catalogue against the truth.

    Sources are matched within 0.3 deg, one to one, the brightest first.

    Parameters
    ----------
    table : QTable
        With columns ``l``, ``b``, ``r95`` and ``flux1000``.
    known : QTable
        With columns ``l``, ``b`` and ``flux1000``.

    Returns
    -------
    dict of str to number
        Counts of sources found, of true ones among them (above 6.95e-11) and of those
        of them within their ``r95``, and of simulated sources above two limits of flux
        with how many of them were found; ``flux_ratio``, the median of the measured
        over the true flux of the brighter ones found, None if there is none.
    """
    known = known[known["flux1000"].value >= PAPER_FLUX_EDGES[0]]
    flux = known["flux1000"].value
    partners = pair(_vectors(known), flux, _vectors(table))
    seen = partners >= 0
    rows = table[partners[seen]]
    apart = separation(_vectors(rows), _vectors(known)[seen])
    bright = flux[seen] >= DEMO_BRIGHT
    ratios = rows["flux1000"].value[bright] / flux[seen][bright]
    found: dict[str, int | float | None] = {
        "sources": len(table),
        "true": int(seen.sum()),
        "within_r95": int((apart <= rows["r95"].to_value("deg")).sum()),
        "flux_ratio": float(np.median(ratios)) if len(ratios) else None,
    }
    for name, limit in (("bright", DEMO_BRIGHT), ("faint", FAINT)):
        above = flux >= limit
        found[name] = int(above.sum())
        found[f"{name}_found"] = int(seen[above].sum())
    return found


def _vectors(table: QTable) -> Any:
    return unit_vectors(table["l"].to_value("deg"), table["b"].to_value("deg"))


def _options(out: Path, *, can_draw: bool) -> tuple[Options, Path | None]:
    """Ask for the picture only where it can be drawn."""
    picture = out / "sky.png" if can_draw else None
    options = Options(
        exposure=out / "exposure.fits", regions=out / "sources.reg", plot=picture
    )
    return options, picture


def _ratio(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"
