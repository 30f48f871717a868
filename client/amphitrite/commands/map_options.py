"""The options with which people state what maps of clusters do not say themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amphitrite.errors import BadInput

_MAPS = "Maps"

Maps = Annotated[
    list[Path],
    typer.Argument(
        metavar="MAPS",
        help="Maps of clusters: FITS, one cluster a file, as an image, a cube of "
        "channels or an image a channel; .npz with arrays for many clusters; or the "
        "database of the original (.pkl), of which nothing but arrays is read. "
        "Quoted patterns ('maps/*.fits'), folders and @LIST, a text file with one name "
        "a line, stand for many.",
        show_default=False,
    ),
]
Unit = Annotated[
    str,
    typer.Option(
        "--unit",
        help="Unit of the map of all mass: 'kappa' for a convergence, 'Msun/kpc2' or "
        "alike, or 'maximum' for a map over its own maximum.",
        show_default="as the file says",
        rich_help_panel=_MAPS,
    ),
]
Redshift = Annotated[
    float | None,
    typer.Option(
        "--z",
        metavar="Z",
        help="Redshift of the cluster or clusters.",
        show_default="as the file says",
        rich_help_panel=_MAPS,
    ),
]
SourceRedshift = Annotated[
    float | None,
    typer.Option(
        "--z-source",
        metavar="Z",
        help="Redshift of the galaxies behind, for which a convergence holds.",
        show_default="as the file says, or 2",
        rich_help_panel=_MAPS,
    ),
]
PixelKpc = Annotated[
    float | None,
    typer.Option(
        "--pixel-kpc",
        metavar="KPC",
        help="Length of a pixel in proper kpc at the cluster.",
        show_default="as the file says",
        rich_help_panel=_MAPS,
    ),
]
PixelArcsec = Annotated[
    float | None,
    typer.Option(
        "--pixel-arcsec",
        metavar="ARCSEC",
        help="Length of a pixel on the sky.",
        show_default="as the file says",
        rich_help_panel=_MAPS,
    ),
]
Centre = Annotated[
    str,
    typer.Option(
        "--centre",
        metavar="WHERE",
        help="Centre of the cluster: 'middle' of the map, 'peak' of all mass, 'bcg' "
        "(the brightest galaxy), or x,y in pixels counted from 0.",
        rich_help_panel=_MAPS,
    ),
]
Channels = Annotated[
    str,
    typer.Option(
        "--channels",
        metavar="NAMES",
        help="Which map of a cube or array is which, in its order, of total, xray and "
        "stars, such as total,stars.",
        show_default="total,xray,stars",
        rich_help_panel=_MAPS,
    ),
]


def stated(*, centre: str, channels: str, **others: Any) -> dict[str, Any]:
    """Return what is stated of maps, as the options of darkCNN take it.

    Parameters
    ----------
    centre, channels : str
        As they were given; names or numbers with commas between them.
    **others
        Options that are taken as they are.

    Raises
    ------
    BadInput
        The centre holds a comma, and is not two numbers.
    """
    names = tuple(name.strip() for name in channels.split(",") if name.strip())
    return {"centre": _place(centre), "channels": names, **others}


def _place(text: str) -> str | tuple[float, float]:
    """Return the name of a centre, or x and y in pixels."""
    if "," not in text:
        return text
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise BadInput(
            f"--centre must be a name, or x,y in pixels; received {text}"
        ) from None
    return x, y
