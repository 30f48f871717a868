"""``amphitrite calnet``: light curves to a catalogue of eclipsing binaries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.calnet.run import Result

_PANEL = "Search"
_COMMON = common.Common(in_flight=16)


@grouped
def calnet(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Light curves of TESS (SPOC, TESS-SPOC, QLP since sector 56), Kepler "
            "and K2 with a point every five minutes or faster, also as lightkurve and "
            "astropy write them; FITS, plain, .gz, .bz2 or .xz. Quoted patterns "
            "('lc/s015/*.fits'), folders and @LIST, a text file with one name a line, "
            "stand for many.",
            show_default=False,
        ),
    ],
    output: common.Catalogue,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Probability from which a star is a candidate and its orbital period "
            "is searched.",
            show_default="as learned",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also draw every candidate, and the best hundred on one sheet (needs "
            "the 'plots' extra).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes that read and prepare light curves; 0 does it in one "
            "thread.",
            show_default="one per core",
            rich_help_panel="Run",
        ),
    ] = None,
    run: common.Common = _COMMON,
) -> None:
    """Find eclipsing binaries among light curves of TESS.

    Each stretch of a light curve between gaps longer than 0.75 d is judged by a network
    from its shape and its periodogram. Stars with a likely stretch get an orbital
    period, its error, an epoch and a depth.

    The catalogue has a row for each star: tic, star, sectors, ra, dec (deg), tmag,
    p_eb (the highest of its segments), n_segments, n_positive, period, period_err (d),
    gls_power, fap, bls_period, epoch (BTJD), depth and flags. A file that cannot be
    used is named and left out, and the exit code is then 1.

    Two eclipses an orbit look like one at half of the period. So the shortest period
    that explains a light curve is doubled where every other minimum is deeper (flag
    odd_even) and where the curve is a plain sinusoid, as of two stars in contact (flag
    sinusoid). Where both eclipses are alike, half of the orbital period is given.

    Other flags: periodogram (below the threshold: the period is the periodogram's peak
    alone), few_cycles (less than three cycles were seen), unconnected (sectors too far
    away to count the cycles were left out), negative_flux (the flux in the minimum is
    below zero, so that no depth is given), one_segment (only one of several segments
    reaches the threshold), repeated (further files of the same times were left out).

    Example: amphitrite calnet 'lc/s015/*.fits' -o eb.fits --plots pictures
    """
    from amphitrite.commands.conduct import conduct
    from amphitrite.surveys.calnet.options import Options

    conduct(
        *("calnet", inputs, output),
        Options(threshold=threshold, plots=plots),
        run,
        describe,
        workers=(os.cpu_count() or 1) if workers is None else workers,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    sentence = (
        f"{result.n_candidates} candidates (P(EB) >= {result.threshold:g}) among "
        f"{len(result.table)} stars, from {result.n_segments} segments of "
        f"{result.n_files} files, in {result.out}"
    )
    return sentence, {
        "candidates": result.n_candidates,
        "threshold": result.threshold,
        "stars": len(result.table),
        "segments": result.n_segments,
        "files": result.n_files,
    }
