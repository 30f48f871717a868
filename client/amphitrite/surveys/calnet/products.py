"""The pictures beside the catalogue, one of each candidate and a sheet of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.files.drawings import drawing
from amphitrite.surveys.calnet.interpret.periods import Ephemeris
from amphitrite.surveys.calnet.interpret.stars import Star
from amphitrite.surveys.calnet.pictures import SHEET, draw, draw_sheet

Floats = NDArray[np.float64]

_BEST: Final = 100


def file_name(star: Star) -> str:
    """Return the name of a star's picture, such as ``TIC_117544915.png``."""
    return f"{star.name.replace(' ', '_')}.png"


def write(
    path: Path, star: Star, time: Floats, flux: Floats, ephemeris: Ephemeris
) -> None:
    """Draw a star: its light curve, its periodogram and the curve folded.

    Parameters
    ----------
    path : Path
        The file; its suffix chooses the format.
    star : Star
        Which star.
    time, flux : (n,) ndarray of float64
        BTJD, and flux relative to the median.
    ephemeris : Ephemeris
        Its period and epoch.
    """
    draw(star, time, flux, ephemeris).savefig(path)


def best(stars: Sequence[Star]) -> list[Star]:
    """Return the hundred stars of the highest probability, in falling order."""
    return sorted(stars, key=lambda star: -star.p_eb)[:_BEST]


def write_sheet(
    folder: Path,
    stars: Sequence[Star],
    ephemerides: Mapping[str, Ephemeris],
    thumbnails: Mapping[str, Floats],
    *,
    replace: bool,
) -> None:
    """Draw the best candidates on one sheet, `SHEET`.

    Parameters
    ----------
    folder : Path
        Where.
    stars : sequence of Star
        See `best`.
    ephemerides, thumbnails : mapping of str
        By name of the star.
    replace : bool
        Whether an earlier sheet may be replaced.
    """
    with drawing(folder / SHEET, replace=replace) as path:
        draw_sheet(stars, ephemerides, thumbnails).savefig(path)
