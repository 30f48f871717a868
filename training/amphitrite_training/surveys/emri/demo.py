"""The demo of inspirals: simulated strain to triggers, compared with the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite.errors import MissingExtra
from amphitrite.files import catalogues
from amphitrite.files.writing import writing
from amphitrite.surveys.emri import run as emri_run
from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite.triton.served import Server
from amphitrite_training.surveys import User

try:
    from amphitrite_training.surveys.emri.simulate.files import truth, write_stream
    from amphitrite_training.surveys.emri.simulate.inspirals import (
        Inspiral,
        Population,
        draw,
    )
    from amphitrite_training.surveys.emri.simulate.orbits import orbit
    from amphitrite_training.surveys.emri.simulate.streams import Placed, stream
except ModuleNotFoundError as error:
    if error.name != "numba":  # orbits are followed by compiled code
        raise
    raise MissingExtra("amphitrite demo emri", "training") from error

SEED: Final = 20
DAY: Final = 86_400.0
DAYS: Final = 731.0
"""Length of the stream: within one year, every segment would hold a signal."""
# below some 6e5 solar masses, an inspiral leaves the band before it plunges
SHOWN: Final = ((6.0, 90.0), (5.8, 60.0), (6.5, 45.0))
"""Logarithm of the mass in solar masses and signal-to-noise ratio, in order of time."""
FIRST_DAY: Final = 55.0
DAYS_APART: Final = 240.0
SCATTER_DAYS: Final = 5.0
"""Limit of what is drawn for each signal and added to its first day."""


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate two years of strain, search it, and compare with the truth.

    See `amphitrite_training.surveys.Demo`.
    """
    began = time.monotonic()
    file, catalogue = out / "strain.h5", out / "triggers.ecsv"
    placed = signals(SEED)
    strain = stream(round(DAYS * DAY / SAMPLE_SECONDS), seed=SEED, placed=placed)
    with writing(out):
        write_stream(file, strain, 0.0)
    known = truth(placed, 0.0)
    catalogues.write(known, out / "truth.ecsv")
    simulated = time.monotonic() - began
    options = Options(plots=out / "pictures" if user.can_draw else None)
    command = f"amphitrite emri {file} -o {catalogue}"
    if options.plots:
        command += f" --plots {options.plots}"
    said = (
        f"{DAYS:g} d of simulated strain with {len(placed)} inspirals stand in {file} "
        f"({simulated:.1f} s)."
    )
    control = user.control(said, command)
    run = emri_run.run([file], connecting, catalogue, options, control)
    seconds = {"simulating": simulated, **run.seconds}
    found = compare(run.table, known)
    summary = {
        **found,
        "segments": int(run.n_segments),
        "threshold": float(run.threshold),
        "seconds": {stage: round(value, 2) for stage, value in seconds.items()},
        "catalogue": str(catalogue),
        "truth": str(out / "truth.ecsv"),
        "pictures": options.plots and str(options.plots),
    }
    stages = ", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items())
    text = (
        f"{_listed(run.table, known)}\n\n"
        f"{found['found']} of {found['signals']} simulated inspirals share time with a "
        f"trigger, a run of segments above the threshold of {run.threshold:.3g}; "
        f"{found['false_alarms']} of {found['triggers']} triggers share none with an "
        f"inspiral. {run.n_segments} segments were judged.\n"
        "Simulated data: no measure of performance on real strain.\n"
        f"  time       {stages}\n"
        f"  catalogue  {catalogue}\n"
        f"  truth      {out / 'truth.ecsv'}"
    )
    return text + (f"\n  pictures   {options.plots}" if options.plots else ""), summary


def signals(seed: int) -> list[Placed]:
    """Return the inspirals of the demo, which plunge one after the other.

    Parameters
    ----------
    seed : int
        Of the inspirals and of their first days.
    """
    rng = np.random.default_rng(seed)
    placed = []
    for number, (log_mass, ratio) in enumerate(SHOWN):
        day = FIRST_DAY + number * DAYS_APART + rng.uniform(-SCATTER_DAYS, SCATTER_DAYS)
        inspiral = _typical(rng, log_mass)
        placed.append(Placed(inspiral, round(day * DAY / SAMPLE_SECONDS), ratio))
    return placed


def _typical(rng: np.random.Generator, log_mass: float) -> Inspiral:
    """Return an inspiral that reaches its last stable orbit, of moderate spin."""
    population = Population(
        log_mass=(log_mass, log_mass),
        spin=(0.3, 0.7),
        eccentricity=(0.05, 0.15),
        early=0,
        end_hz=(0.01, 0.01),  # above all last stable orbits that are shown
    )
    while orbit(inspiral := draw(rng, population)) is None:
        pass
    return inspiral


def compare(table: QTable, known: QTable) -> dict[str, int]:
    """Return counts of right and wrong triggers in simulated strain.

    A trigger and a signal belong together if they share any time at all.

    Parameters
    ----------
    table : QTable
        The triggers, with columns ``start`` and ``end``.
    known : QTable
        The signals, with columns ``start`` and ``end``.

    Returns
    -------
    dict of str to int
        ``signals``, and those of them ``found``; ``triggers``, and those of them that
        hold no signal (``false_alarms``).
    """
    together = _together(table, known)
    return {
        "signals": len(known),
        "found": int(together.any(axis=1).sum()),
        "triggers": len(table),
        "false_alarms": int((~together.any(axis=0)).sum()),
    }


def _together(table: QTable, known: QTable) -> NDArray[np.bool_]:
    """Return whether each signal (row) and each trigger (column) share some time."""
    start, end = (table[key].to_value("s") for key in ("start", "end"))
    first, last = (known[key].to_value("s")[:, None] for key in ("start", "end"))
    return np.asarray((start < last) & (end > first), bool)


def _listed(table: QTable, known: QTable) -> str:
    """Return the list of signals: mass, loudness, days, and the loudest trigger."""
    lines = [
        f"{'simulated':<10}{'log M':>6}{'S/N':>6}{'days':>14}   "
        f"{'trigger':>7}{'days':>14}{'statistic':>11}{'P(false)':>10}"
    ]
    for signal, beside in zip(known, _together(table, known), strict=True):
        mass = np.log10(signal["mass"].to_value("Msun"))
        line = (
            f"{str(signal['name']).split()[-1]:<10}{mass:>6.1f}{signal['snr']:>6.0f}"
            f"{_days(signal):>14}   "
        )
        rows: Sequence[int] = np.flatnonzero(beside).tolist()
        if not rows:
            lines.append(f"{line}{'none':>7}")
            continue
        loudest = table[max(rows, key=lambda row: float(table["statistic"][row]))]
        lines.append(
            f"{line}{loudest['trigger']:>7}{_days(loudest):>14}"
            f"{loudest['statistic']:>11.2f}{loudest['fap']:>10.2g}"
        )
    return "\n".join(lines)


def _days(row: Any) -> str:
    """Return the first and last day of a row."""
    return f"{row['start'].to_value('d'):.1f}-{row['end'].to_value('d'):.1f}"
