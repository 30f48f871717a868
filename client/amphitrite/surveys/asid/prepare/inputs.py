"""The photons of the input files: event lists, or one counts cube."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from amphitrite.errors import BadInput
from amphitrite.files import compression
from amphitrite.files.checksums import checksum
from amphitrite.files.headers import check_headers
from amphitrite.files.opening import UNREADABLE, check_readable, intact, open_lazily
from amphitrite.surveys.asid.prepare import events, healpix_cubes, image_cubes
from amphitrite.surveys.asid.prepare.event_table import describe
from amphitrite.surveys.asid.prepare.instrument import check_instrument
from amphitrite.surveys.asid.prepare.maps import COUNTS, is_healpix, is_image
from amphitrite.surveys.asid.prepare.photons import Photons

logger = logging.getLogger(__name__)

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

EVENTS: Final = "event list"
HEALPIX: Final = "HEALPix cube"
IMAGE: Final = "counts cube"
SPACECRAFT: Final = "spacecraft file"

_NO_PHOTONS: Final = (
    "is a spacecraft file (SC_DATA), which holds no photons; give the event lists "
    "(PH) that came with it"
)

_START_BYTES: Final = 1 << 19
_IMAGES = (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)


@contextmanager
def _silent(what: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda size: None


def read(
    paths: Sequence[Path],
    *,
    progress: Progress = _silent,
    skipped: dict[str, str] | None = None,
) -> Photons:
    """Return the photons of event lists or of a counts cube.

    Parameters
    ----------
    paths : sequence of Path
        One or more event lists (FT1), such as those of many weeks, or one counts cube
        on an image or on a HEALPix map; plain or packed by gzip, bzip2 or xz.
    progress : callable
        ``progress(what, total)`` is a context manager that yields a function, which is
        called with the number of rows of event lists that have been read.
    skipped : dict of str to str, optional
        Takes the spacecraft files among event lists, which hold no photons and come
        with every download, and why they are left out.  Without it they are refused.

    Returns
    -------
    Photons
        Possibly none, if the input has usable bands but no photon in them.

    Raises
    ------
    BadInput
        A file cannot be read, is of no known kind or of another instrument, or holds
        invalid values; a file is given twice; several files cannot be used together;
        or no band is usable.
    """
    paths = [Path(path) for path in paths]
    if not paths:
        raise BadInput("no input file was given; give an event list or a counts cube")
    for path in paths:
        check_readable(path)
    _check_distinct(paths)
    lists, unstated, spacecraft = [], [], []
    for path in paths:
        with intact(path), closing(_open(path)) as hdus:
            kind, hdu = _kind(path, hdus)
            if kind is SPACECRAFT:
                spacecraft.append(path)
                continue
            if not check_instrument(path, hdu.header, hdus[0].header):
                unstated.append(path)
            if kind is EVENTS:
                lists.append(describe(path, hdu))
            elif len(paths) > 1:
                raise BadInput(
                    f"{len(paths)} inputs were given, and {path} is a {kind}; only "
                    "event lists can be read together.\nGive one cube alone, or event "
                    "lists only."
                )
            else:
                _report_unstated(unstated)
                read_cube = healpix_cubes.read if kind is HEALPIX else image_cubes.read
                return read_cube(path, hdus, hdu, seed=int(checksum(path), 16))
    for path in spacecraft:
        if skipped is None or not lists:
            raise BadInput(f"{path} {_NO_PHOTONS}")
        logger.warning("skipped %s: it %s", path, _NO_PHOTONS)
        skipped[str(path)] = f"it {_NO_PHOTONS}"
    _report_unstated(unstated)
    events.check_same_cuts(lists)
    with progress("reading", sum(one.n_rows for one in lists)) as advance:
        return events.read(lists, advance=advance)


def _report_unstated(paths: Sequence[Path]) -> None:
    """Log which files do not state their instrument."""
    if paths:
        logger.warning(
            "%s%s: neither TELESCOP nor INSTRUME is stated; taken to be of the Fermi "
            "LAT",
            *(paths[0], f" and {len(paths) - 1} more" if len(paths) > 1 else ""),
        )


def _check_distinct(paths: Sequence[Path]) -> None:
    """Refuse files that are the same or have the same contents."""
    by_path: dict[Path, Path] = {}
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        twin = by_path.setdefault(path.resolve(), path)
        if twin is not path:
            _refuse_twins(twin, path, "are the same file")
        by_size.setdefault(path.stat().st_size, []).append(path)
    for alike in by_size.values():
        # Checksums take long, so only files of the same size are compared.
        by_sum: dict[str, Path] = {}
        for path in alike if len(alike) > 1 else ():
            twin = by_sum.setdefault(checksum(path), path)
            if twin is not path:
                _refuse_twins(twin, path, "have the same content")


def _refuse_twins(one: Path, two: Path, why: str) -> None:
    raise BadInput(
        f"an input is listed twice: {one} and {two} {why}, so that its photons would "
        "count twice.\nList each file once."
    )


def _open(path: Path) -> fits.HDUList:
    """Return the HDUs of a FITS file, whose data are not read yet."""
    try:
        with warnings.catch_warnings(action="ignore", category=AstropyUserWarning):
            # Truncation is checked when the rows or pixels are read.
            return _open_start(path) or open_lazily(path)
    except UNREADABLE as error:
        raise BadInput(
            f"{path} is not a FITS file, or is truncated: {error}\nGive an event list "
            "(FT1) or a counts cube of the Fermi LAT."
        ) from error


def _open_start(path: Path) -> fits.HDUList | None:
    """Return the first HDUs of a packed event list; None for any other file.

    To find the HDUs after the events, astropy would unpack all rows, which takes twice
    the time of reading.
    """
    if not compression.is_packed(path):
        return None
    with compression.opened(path) as unpacked:
        start = io.BytesIO(unpacked.read(_START_BYTES))
    check_headers(path, start)
    start.seek(0)
    hdus = fits.open(start)
    try:
        if any(_is_events(hdu) for hdu in hdus):
            return hdus
    except (OSError, EOFError, ValueError, TypeError):
        # A header was cut off; if it is damaged, reading the whole file finds out.
        pass
    hdus.close()
    return None


def _is_events(hdu: Any) -> bool:
    return isinstance(hdu, fits.BinTableHDU) and hdu.name == "EVENTS"


def _kind(path: Path, hdus: fits.HDUList) -> tuple[str, Any]:
    """Return the kind of a file, and the HDU with its photons or counts."""
    seen: list[str] = []
    found: list[tuple[str, Any]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)
            # One by one, so that nothing after the events is unpacked.
            for hdu in hdus:
                shape = tuple(getattr(hdu, "shape", ()) or ())
                is_table = isinstance(hdu, fits.BinTableHDU)
                if _is_events(hdu):
                    return EVENTS, hdu
                if is_table and hdu.name == "SC_DATA":
                    return SPACECRAFT, hdu
                if is_healpix(hdu):
                    found.append((HEALPIX, hdu))
                elif isinstance(hdu, _IMAGES) and len(shape) >= 2:
                    found.append((IMAGE, hdu))
                what = f"image {shape}" if shape else "table" if is_table else "empty"
                seen.append(f"{hdu.name or 'PRIMARY'} ({what})")
    except (OSError, EOFError, ValueError, TypeError, fits.VerifyError) as error:
        raise BadInput(
            f"{path} is truncated or damaged: {error}\nCopy the file again."
        ) from error
    if found:
        return min(found, key=lambda one: _rank(*one))
    raise BadInput(
        f"{path} holds no EVENTS table, no image with an energy axis and no HEALPix "
        f"map; its HDUs are: {', '.join(seen) or 'none'}.\nGive an event list "
        "(FT1) or a counts cube of the Fermi LAT."
    )


def _rank(kind: str, hdu: Any) -> tuple[bool, bool, bool]:
    """Return the rank of a map among those of one file; the lowest has the counts."""
    return hdu.name != COUNTS, kind is not HEALPIX, not is_image(hdu)
