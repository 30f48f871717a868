"""The demo of clusters: simulated maps to a cross-section, compared with the truth."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.table import QTable

from amphitrite.errors import MissingExtra
from amphitrite.files import catalogues
from amphitrite.files.writing import writing
from amphitrite.surveys.darkcnn import run as darkcnn_run
from amphitrite.surveys.darkcnn.interpret.posterior import Posterior
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LABELS, WARNING
from amphitrite.triton.served import Server
from amphitrite_training.surveys import User

try:
    from amphitrite_training.surveys.darkcnn.data import TEST_IDS
    from amphitrite_training.surveys.darkcnn.simulate.files import (
        truth_table,
        write_cluster,
    )
    from amphitrite_training.surveys.darkcnn.simulate.maps import Truth, maps
    from amphitrite_training.surveys.darkcnn.simulate.population import draw
except ModuleNotFoundError as error:
    if error.name != "numba":  # cores and maps are made by compiled code
        raise
    raise MissingExtra("amphitrite demo darkcnn", "training") from error

SEED: Final = 20
N_CLUSTERS: Final = 60
FIRST_ID: Final = TEST_IDS + 600_000
"""The first id of the clusters, which nothing was trained or calibrated on."""
HIDDEN: Final = (0.15, 0.8)
"""Range of the hidden cross-section in cm2/g, even in its logarithm."""
_LISTED: Final = 5


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate clusters of one hidden cross-section, and measure it.

    See `amphitrite_training.surveys.Demo`.
    """
    began = time.monotonic()
    files, catalogue = out / "maps", out / "clusters.fits"
    with writing(out):
        files.mkdir(exist_ok=True)
    known = write(files, hidden(SEED))
    catalogues.write(known, out / "truth.fits")
    simulated = time.monotonic() - began
    options = Options(plots=out / "pictures" if user.can_draw else None)
    command = f"amphitrite darkcnn '{files}/*.fits' -o {catalogue}"
    if options.plots:
        command += f" --plots {options.plots}"
    said = (
        f"Maps of {len(known)} simulated clusters of one hidden cross-section stand in "
        f"{files} ({simulated:.1f} s)."
    )
    control = user.control(said, command)
    run = darkcnn_run.run([files / "*.fits"], connecting, catalogue, options, control)
    seconds = {"simulating": simulated, **run.seconds}
    found = compare(run.table, run.posterior, known)
    summary = {
        "warning": WARNING,
        **found,
        "seconds": {stage: round(value, 2) for stage, value in seconds.items()},
        "catalogue": str(catalogue),
        "truth": str(out / "truth.fits"),
        "pictures": options.plots and str(options.plots),
    }
    stages = ", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items())
    text = (
        f"{WARNING}.\n\n{_listed(run.table)}\n\n{_verdict(found)}\n"
        "Simulated data: no measure of performance on observed clusters.\n"
        f"  time       {stages}\n"
        f"  catalogue  {catalogue}\n"
        f"  truth      {out / 'truth.fits'}"
    )
    return text + (f"\n  pictures   {options.plots}" if options.plots else ""), summary


def hidden(seed: int) -> float:
    """Return the hidden cross-section of a seed in cm2/g, to 0.001."""
    rng = np.random.default_rng(seed)
    return round(float(np.exp(rng.uniform(*np.log(HIDDEN)))), 3)


def write(folder: Path, cross_section: float, n: int = N_CLUSTERS) -> QTable:
    """Write simulated clusters of a cross-section as FITS files.

    Parameters
    ----------
    folder : Path
        An existing folder.
    cross_section : float
        In cm2/g.
    n : int, optional
        How many clusters.

    Returns
    -------
    QTable
        What is true of them; see
        `amphitrite_training.surveys.darkcnn.simulate.files.truth_table`.
    """
    names: list[str] = []
    truths: list[Truth] = []
    for number in range(n):
        ((truth, three),) = maps(draw(FIRST_ID + number), [cross_section])
        names.append(f"simulated {number + 1}")
        truths.append(truth)
        write_cluster(
            folder / f"cluster_{number + 1:03d}.fits", names[-1], truth, three
        )
    return truth_table(names, truths)


def compare(table: QTable, posterior: Posterior, known: QTable) -> dict[str, Any]:
    """Return the estimate beside the truth.

    Parameters
    ----------
    table : QTable
        The catalogue of clusters.
    posterior : Posterior
        The estimate of the sample.
    known : QTable
        What is true of the clusters, all of which have one cross-section.

    Returns
    -------
    dict
        ``clusters``, and those of them that are ``in_sample``; the ``true``
        cross-section in cm2/g; the ``estimate`` and its intervals ``interval_68`` and
        ``interval_95``, None without an estimate; and whether they hold the truth
        (``within_68``, ``within_95``).
    """
    true = float(known["sigma_m"][0].to_value("cm2 g-1"))
    ends = {share: posterior.interval(share / 100) for share in (68, 95)}
    median = posterior.median if posterior.is_known else None
    return {
        "clusters": len(table),
        "in_sample": int(np.sum(table["in_sample"])),
        "true": true,
        "estimate": median,
        **{
            f"interval_{share}": None if median is None else list(each)
            for share, each in ends.items()
        },
        **{
            f"within_{share}": bool(low <= true <= high)
            for share, (low, high) in ends.items()
        },
    }


def _verdict(found: dict[str, Any]) -> str:
    """Return the estimate beside the truth, as a sentence."""
    counted = (
        f"{found['in_sample']} of {found['clusters']} simulated clusters count; their "
        f"hidden cross-section is {found['true']:.3f} cm2/g"
    )
    if found["estimate"] is None:
        return f"{counted}, and there is no estimate."
    low, high = found["interval_68"]
    verdict = "holds" if found["within_68"] else "does not hold"
    wide = "" if found["within_68"] else f"; that of 95 % {_of_95(found)}"
    return (
        f"{counted}. The estimate is {found['estimate']:.3f} cm2/g, and its 68 % "
        f"interval from {low:.3f} to {high:.3f} {verdict} the truth{wide}. Errors are "
        "statistical alone."
    )


def _of_95(found: dict[str, Any]) -> str:
    return "does" if found["within_95"] else "does not either"


def _listed(table: QTable) -> str:
    """Return the list of the first few clusters: probabilities and own estimate."""
    heads = "".join(f"{f'P({label})':>12}" for label in LABELS)
    lines = [f"{'cluster':<16}{'z':>6}{heads}{'alone (cm2/g)':>20}  flags"]
    names = [name for name in table.colnames if name.startswith("p_")]
    columns = names[: len(CROSS_SECTIONS)]
    for row in table[:_LISTED]:
        shares = "".join(f"{float(row[name]):>12.2f}" for name in columns)
        value, error = (
            float(row[name].to_value("cm2 g-1")) for name in ("sigma_m", "sigma_m_err")
        )
        alone = f"{value:.2f} +- {error:.2f}" if math.isfinite(value) else "-"
        lines.append(
            f"{_text(row['cluster_id']):<16}{float(row['z']):>6.2f}{shares}"
            f"{alone:>20}  {_text(row['flags'])}".rstrip()
        )
    if len(table) > _LISTED:
        lines.append(f"... and {len(table) - _LISTED} more")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
