"""``amphitrite asid``: gamma-ray photons to a catalogue of sources."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.asid.run import Result

_PANEL = "Search"


class Route(StrEnum):
    """Where the peaks of a mask are found."""

    SERVER = "server"
    CLIENT = "client"


@grouped
def asid(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Event lists of the Fermi LAT (FT1, such as those of many weeks), or "
            "one counts cube on an image or on a HEALPix map; FITS, plain, .gz, .bz2 "
            "or .xz. Quoted patterns, folders and @LIST, a text file with one name a "
            "line, stand for many.",
            show_default=False,
        ),
    ],
    output: common.Catalogue,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Score that a source must exceed; the classifier judges it besides "
            "(--max-p-fake).",
            show_default="as learned: low, since the classifier judges",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    peaks: Annotated[
        Route,
        typer.Option(
            help="Where the peaks of the network's mask are found: on the server, or "
            "with scipy on this machine, which is the reference.",
            rich_help_panel=_PANEL,
        ),
    ] = Route.SERVER,
    exposure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Exposure of the input, as gtexpcube2 writes it (a cube on an image "
            "or a HEALPix map). Without it, fluxes assume the mean exposure of the "
            "training sky.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    max_p_fake: Annotated[
        float | None,
        typer.Option(
            help="Leave out sources that are background fluctuations with a higher "
            "probability than this; 1 keeps all.",
            show_default="as learned",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    associate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Name the counterparts in a catalogue of the mission, such as "
            "gll_psc_v30.fit (4FGL) or gll_psch_v13.fit (3FHL).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.reg",
            help="Also write the sources as circles for DS9.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Also draw the photons and the sources (needs the 'plots' extra).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    run: common.Common = common.COMMON,
) -> None:
    """Find gamma-ray sources in the sky of the Fermi Large Area Telescope.

    The sky is cut into overlapping patches of 10 x 10 deg, the photons of each are
    counted in five energy bands (0.3-0.5, 0.5-1, 1-2, 2-7 and 7-20 GeV), a network
    marks the sources, three more estimate of each its flux, its position and the
    probability that it is a background fluctuation, and a source that several patches
    show is listed once. Bands that the input lacks are left out.

    The catalogue has name, ra, dec, l, b, r68, r95 (deg; circles that hold the position
    with 68 and 95 %), flux1000 (photons of 1-100 GeV, cm-2 s-1), flux1000_err,
    flux1000_sys, p_fake, score, patch and flags: edge (within 0.6 deg of the edge of
    the observed sky), confused (within 0.5 deg of another source), partial_band
    (the input holds a part of some band's photons), missing_band (too few of some
    band's to use it), many_peaks (a crowded patch), coarse_pixels (the input's pixels
    are wider than 0.2 deg, and r68 and r95 too small), exposure_assumed (its exposure
    is not known: its flux assumes that of its patch's centre, or of the training).
    --associate adds assoc_name, assoc_separation and assoc_class.

    A photon that several event lists hold counts once. Where no cut on zenith angle is
    stated, photons beyond 90 deg are left out. A file of a list that is not there, or
    a spacecraft file among event lists, is named and left out, and the exit code is
    then 1.

    Example: amphitrite asid events.fits -o catalogue.fits --plot sky.png
    """
    from amphitrite.commands.conduct import conduct
    from amphitrite.surveys.asid.options import Options

    conduct(
        *("asid", inputs, output),
        Options(
            threshold=threshold,
            peaks=peaks.value,
            regions=regions,
            plot=plot,
            exposure=exposure,
            associate=associate,
            max_p_fake=max_p_fake,
        ),
        run,
        describe,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    bands = [band.label for band in result.bands]
    sentence = (
        f"{len(result.table)} sources ({result.n_fakes} likely fluctuations left out) "
        f"among {result.n_photons:,} photons in {result.n_patches} patches "
        f"({', '.join(bands)}) in {result.out}"
    )
    return sentence, {
        "sources": len(result.table),
        "fakes": result.n_fakes,
        "patches": result.n_patches,
        "photons": result.n_photons,
        "bands": bands,
    }
