"""``amphitrite morpheus``: four HST images to morphology maps and a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.morpheus.run import Result

_PANEL = "Morphology"


@grouped
def morpheus(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="H J V Z",
            help="The image in F160W, F125W, F606W and F850LP, in this order: FITS, "
            "plain, .gz, .bz2, .xz or fpacked, on one pixel grid. 'FILE[SCI]' (quoted) "
            "names an HDU of a file. A quoted pattern, a folder or @LIST, a text file "
            "with one name a line, may stand for the four.",
            show_default=False,
        ),
    ],
    output: common.Output,
    hdu: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The HDU that holds the image, by name (SCI), name and version "
            "(SCI,2) or number (1).",
            show_default="the one named SCI, else the largest image that is not named "
            "as weights, errors, flags or a preview",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    stride: Annotated[
        int,
        typer.Option(
            min=1,
            max=30,
            help="Pixels from one window to the next. 1 is the original's; the work "
            "falls with the square, and 3 changes the leading class of about 3 pixels "
            "in 1000 (tests/bench/RESULTS.md). Odd ones are better than even ones.",
            rich_help_panel=_PANEL,
        ),
    ] = 3,
    catalogue: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The catalogue's name in the output folder; its suffix chooses the "
            "format: .fits, .vot, .ecsv, .parquet, .csv or .dat.",
            rich_help_panel=_PANEL,
        ),
    ] = "catalogue.fits",
    report: Annotated[
        bool,
        typer.Option(
            help="Draw report.png (needs the 'plots' extra).", rich_help_panel=_PANEL
        ),
    ] = True,
    batch: Annotated[
        int,
        typer.Option(min=1, help="Windows per request.", rich_help_panel="Run"),
    ] = 64,
    strip_rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Image rows worked on together; bounds the memory.",
            show_default="as memory suggests",
            rich_help_panel="Run",
        ),
    ] = None,
    run: common.Common = common.COMMON,
) -> None:
    """Find galaxies and stars in a four-band HST image and judge their morphology.

    Every pixel gets the probabilities of spheroid, disk, irregular, point source and
    background; sources are segmented and listed. In the output folder:

    spheroid.fits disk.fits irregular.fits point_source.fits background.fits
    (MEAN, VARIANCE and RANK_VOTE over the overlapping windows), count.fits,
    segmap.fits, catalogue.fits, colour.png and report.png.

    Example: amphitrite morpheus h.fits j.fits v.fits z.fits -o result/
    """
    from amphitrite.commands.conduct import conduct
    from amphitrite.surveys.morpheus.options import Options

    conduct(
        *("morpheus", inputs, output),
        Options(
            hdu=hdu,
            stride=stride,
            batch=batch,
            strip_rows=strip_rows,
            catalogue=catalogue,
            report=report,
        ),
        run,
        describe,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    from amphitrite.surveys.morpheus.page import MORPHOLOGIES

    counts = {
        label: int((result.table["morphology"] == label).sum())
        for label in MORPHOLOGIES
    }
    found = ", ".join(f"{n} {label}" for label, n in counts.items())
    return f"{len(result.table)} sources ({found}) in {result.out}", {
        "catalogue": str(result.catalogue),
        "sources": len(result.table),
        "morphologies": counts,
        "seconds": round(result.summary.seconds, 3),
    }
