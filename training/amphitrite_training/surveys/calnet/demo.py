"""The light-curve demo: simulated stars to a catalogue, compared with the truth."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.table import QTable

from amphitrite.files import catalogues
from amphitrite.files.writing import writing
from amphitrite.surveys.calnet import run as calnet_run
from amphitrite.surveys.calnet.options import Options
from amphitrite.triton.served import Server
from amphitrite_training.surveys import User
from amphitrite_training.surveys.calnet.simulate.files import truth, write_star
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, KINDS, draw_star

SEED: Final = 20
TMAG: Final = 10.0
# Two binaries of each kind and one star of each other kind.
SHOWN: Final = (*BINARIES, *KINDS)
PERIOD_TOLERANCE: Final = 0.01


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate stars of every kind, find the binaries, and compare with the truth.

    See `amphitrite_training.surveys.Demo`.
    """
    began = time.monotonic()
    files, catalogue = out / "light_curves", out / "catalogue.fits"
    stars = [
        draw_star(SEED + number, kind=kind, tmag=TMAG)
        for number, kind in enumerate(SHOWN)
    ]
    with writing(out):
        files.mkdir(exist_ok=True)
        for star in stars:
            write_star(star, files)
    known = truth(stars)
    catalogues.write(known, out / "truth.fits")
    simulated = time.monotonic() - began
    options = _options(out, can_draw=user.can_draw)
    command = f"amphitrite calnet '{files}/*.fits' -o {catalogue}"
    if options.plots:
        command += f" --plots {options.plots}"
    said = f"{len(stars)} simulated light curves stand in {files} ({simulated:.1f} s)."
    control = user.control(said, command)
    run = calnet_run.run([files / "*.fits"], connecting, catalogue, options, control)
    seconds = {"simulating": simulated, **run.seconds}
    found = compare(run.table, known, run.threshold)
    summary = {
        **found,
        "threshold": run.threshold,
        "seconds": {stage: round(value, 2) for stage, value in seconds.items()},
        "catalogue": str(catalogue),
        "truth": str(out / "truth.fits"),
        "pictures": options.plots and str(options.plots),
    }
    stages = ", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items())
    text = (
        f"{_listed(run.table, known)}\n\n"
        f"Of {found['binaries']} simulated eclipsing binaries {found['found']} reach "
        f"the threshold of {run.threshold:g}, {found['periods']} of them with the "
        f"right period within {PERIOD_TOLERANCE:.0%}; of {found['others']} other stars "
        f"{found['mistaken']} do.\n"
        "Simulated data: no measure of performance on real stars.\n"
        f"  time       {stages}\n"
        f"  catalogue  {catalogue}\n"
        f"  truth      {out / 'truth.fits'}"
    )
    return text + (f"\n  pictures   {options.plots}" if options.plots else ""), summary


def compare(table: QTable, known: QTable, threshold: float) -> dict[str, int]:
    """Return counts of right and wrong classifications of simulated stars.

    Parameters
    ----------
    table : QTable
        With columns ``tic``, ``p_eb`` and ``period``; stars may be missing.
    known : QTable
        With columns ``tic``, ``kind`` and ``period``.
    threshold : float
        Stars with this score or more are taken for binaries.

    Returns
    -------
    dict of str to int
        ``binaries``, those of them ``found``, and the found ones with the right period
        (``periods``); ``others``, and those of them ``mistaken`` for binaries.
    """
    kind = np.asarray(known["kind"]).astype(str)  # FITS gives bytes
    binary = np.isin(kind, BINARIES)
    row_of = {int(number): row for row, number in enumerate(table["tic"])}
    rows = np.array([row_of.get(int(number), -1) for number in known["tic"]])
    # row -1 is the NaN at the end
    p_eb, period = (
        np.append(values, np.nan)[rows]
        for values in (table["p_eb"], table["period"].to_value("d"))
    )
    taken = p_eb >= threshold
    with np.errstate(divide="ignore"):  # others have no period
        off = np.abs(period / known["period"].to_value("d") - 1)
    return {
        "binaries": int(binary.sum()),
        "found": int((taken & binary).sum()),
        "periods": int((taken & binary & (off < PERIOD_TOLERANCE)).sum()),
        "others": int((~binary).sum()),
        "mistaken": int((taken & ~binary).sum()),
    }


def _listed(table: QTable, known: QTable) -> str:
    """Return the list of stars: true kind and period, score and found period."""
    lines = [f"{'simulated':<14}{'P (d)':>10}   {'P(EB)':>7}{'found P (d)':>14}"]
    row_of = {int(number): row for row, number in enumerate(table["tic"])}
    for number, kind, period in zip(
        known["tic"], known["kind"], known["period"].to_value("d"), strict=True
    ):
        true = f"{period:.4f}" if period else "-"
        row = row_of.get(int(number))
        if row is None:
            lines.append(f"{kind:<14}{true:>10}   not usable")
            continue
        entry = table[row]
        candidate = np.isfinite(entry["depth"])
        own = f"{entry['period'].to_value('d'):.4f}" if candidate else "-"
        lines.append(f"{kind:<14}{true:>10}   {entry['p_eb']:>7.3f}{own:>14}")
    return "\n".join(lines)


def _options(out: Path, *, can_draw: bool) -> Options:
    """Ask for pictures only where they can be drawn."""
    return Options(plots=out / "pictures" if can_draw else None)
