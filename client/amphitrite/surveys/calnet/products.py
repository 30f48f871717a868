"""The pictures beside the catalogue, one of each candidate and a sheet of the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite.files import folders
from amphitrite.files.replacing import aside
from amphitrite.files.standing import check_output, kind, sighting
from amphitrite.files.writing import writing
from amphitrite.surveys.calnet.interpret.periods import Ephemeris
from amphitrite.surveys.calnet.interpret.stars import Star
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.pictures import SHEET, draw, draw_sheet

Floats = NDArray[np.float64]

_BEST: Final = 100


def file_name(star: Star) -> str:
    """Return the name of a star's picture, such as ``TIC_117544915.png``."""
    return f"{star.name.replace(' ', '_')}.png"


def check_plots(options: Options, *, replace: bool) -> None:
    """Check that pictures can be drawn, if they are asked for; see `check_folder`."""
    if options.plots is not None:
        check_folder(options.plots, replace=replace)


def check_folder(folder: Path, *, replace: bool) -> None:
    """Check, before anything is done, that pictures can be drawn into a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    replace : bool
        Whether the pictures of an earlier run may be replaced.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    BadInput
        The name is that of a file.
    OutputError
        It holds something that amphitrite has not put there, or pictures that may not
        be replaced; or it is a link, a pipe or a device.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("Pictures of candidates", "plots") from None
    check_output(folder)
    if kind(folder) == "file":
        raise BadInput(f"--plots must be a folder; {folder} is a file")
    with writing(folder):
        if kind(folder) is None or not (inside := list(folder.iterdir())):
            return
        if not folders.is_ours(folder):
            raise OutputError(
                f"{folder} already holds {inside[0].name} and is not a folder that "
                f"amphitrite made (it has no {folders.MARKER}); give a new folder with "
                "--plots"
            )
    if len(inside) > 1 and not replace:
        raise OutputError(
            f"{folder} already holds pictures; give a new folder with --plots, or "
            "replace them with --overwrite"
        )


def make_folder(folder: Path) -> None:
    """Make and mark a folder for pictures, see `check_folder`.

    Raises
    ------
    OutputError
        The folder cannot be made.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not folders.is_ours(folder):
            folders.mark(folder)


@contextmanager
def drawing(path: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a temporary name; the picture drawn there replaces the final one.

    Parameters
    ----------
    path : Path
        The picture.
    replace : bool
        Whether one that is there may be replaced.

    Raises
    ------
    OutputError
        See `amphitrite.files.replacing.aside`.
    """
    with aside(path, instead_of=sighting(path) if replace else None) as other:
        yield other


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
