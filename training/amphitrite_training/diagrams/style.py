"""Colours of all diagrams, and the writing of their files."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import MissingExtra
from amphitrite.files.replacing import aside
from amphitrite.files.standing import sighting
from amphitrite.files.writing import writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

FOLDER: Final = "pictures"
"""Name of the folder of a card's pictures, beside the card."""

COLOURS: Final = ("#1f3a5f", "#c8553d", "#5aa9d6", "#e9b44c", "#7f7f7f")
"""Colours of compared curves; they differ in lightness for colour-blind readers."""

BAND: Final = "#9fb3c8"
"""Colour of the reference with which curves are compared."""
_DPI: Final = 100
_PALETTE: Final = 64
_SURE: Final = 4.0  # decades of a score's odds that are drawn


def require() -> None:
    """Check that pictures can be drawn.

    Raises
    ------
    MissingExtra
        Matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("A card with pictures", "plots") from None


def write(
    figures: Mapping[str, Figure], folder: Path, *, replace: bool = False
) -> list[Path]:
    """Write figures as PNG files.

    Parameters
    ----------
    figures : mapping of str to Figure
        Figures by name, from which the file's name is made.
    folder : Path
        The folder; created if it does not exist.
    replace : bool
        Whether to replace files of the same names.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        A file cannot be written, or exists and may not be replaced.
    """
    from PIL import Image

    with writing(folder):
        folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for figure, path in zip(figures.values(), paths, strict=True):
        drawn = BytesIO()
        figure.savefig(drawn, dpi=_DPI)
        # Reduced to a palette, which takes a quarter of the size; without date and
        # version inside, the same numbers give the same file.
        drawing = Image.open(drawn).convert("RGB")
        # this method keeps the colours of thin lines, others only those of wide areas
        palette = drawing.quantize(_PALETTE, Image.Quantize.MAXCOVERAGE)
        with aside(path, instead_of=sighting(path) if replace else None) as file:
            palette.save(file, optimize=True)
    return paths
