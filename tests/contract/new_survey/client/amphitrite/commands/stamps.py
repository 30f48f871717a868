"""``amphitrite stamps``: small images to a catalogue of fluxes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.stamps.run import Result


@grouped
def stamps(
    inputs: Annotated[list[Path], typer.Argument(metavar="FILE", help="Images, FITS.")],
    output: common.Catalogue,
    run: common.Common = common.COMMON,
) -> None:
    """Measure the flux of the star in each of some small images.

    Example: amphitrite stamps star.fits -o catalogue.fits
    """
    from amphitrite.surveys.stamps.options import Options

    from amphitrite.commands.conduct import conduct

    conduct(
        *("stamps", inputs, output),
        Options(),
        run,
        describe,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    n = len(result.table)
    return f"{n} stars in {result.out}", {"stars": n}
