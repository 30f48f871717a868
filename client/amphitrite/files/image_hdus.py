"""Which HDU of a FITS file holds the science image.

An image may have further axes of length one, as radio images and cut-outs of cubes do;
they are left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from astropy.io import fits

from amphitrite.errors import BadInput

_SCIENCE: Final = {"SCI", "SCIENCE"}
_WEIGHTS: Final = {
    *("WHT", "WEIGHT", "WEIGHTS", "WGT", "WT", "IVAR", "INVVAR"),
    *("ERR", "ERROR", "ERRORS", "RMS", "SIGMA", "UNC", "UNCERT", "UNCERTAINTY"),
    *("VAR", "VARIANCE", "STD", "STDEV", "NOISE"),
    *("DQ", "MASK", "MSK", "CTX", "CON", "CONTEXT"),
}
_AUXILIARY: Final = _WEIGHTS | {
    *("EXP", "EXPTIME", "EXPOSURE", "NEXP", "NUMEXP", "COVERAGE", "COV", "TIME"),
    *("SAMP", "AREA", "FLAG", "FLAGS", "BPM", "BAD", "BADPIX", "GAIN", "FLAT"),
    *("PREVIEW", "THUMB", "THUMBNAIL", "QUICKLOOK", "JPEG", "JPG", "PNG"),
    *("SEG", "SEGM", "SEGMAP", "SEGMENTATION", "PSF", "KERNEL"),
    *("BKG", "BACKGROUND", "SKY", "MODEL", "RESIDUAL", "RESIDUALS"),
    *("WCSDVARR", "D2IMARR"),
}
"""Words in names of HDUs that hold something else than an image of the sky."""
_LAST: Final = 2


def split_name(path: Path) -> tuple[Path, str | None]:
    """Return a file and the name of its HDU from ``FILE[HDU]``.

    Parameters
    ----------
    path : Path
        Name of a file, with or without an HDU: ``h.fits[SCI]``, ``h.fits[SCI,2]`` or
        ``h.fits[1]``.  A file whose own name ends like that is taken as it is.

    Returns
    -------
    Path, str or None
        The file, and the HDU as written; None if none is named.
    """
    found = re.fullmatch(r"(.+)\[([^\[\]]+)\]", path.name)
    if found is None or path.exists():
        return path, None
    return path.with_name(found[1]), found[2].strip()


def find_image(hdus: fits.HDUList, path: Path, wanted: str | None) -> Any:
    """Return the HDU that holds the image to be read.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        The HDUs of the file.
    path : Path
        The file, for messages.
    wanted : str, optional
        The name (``EXTNAME``, case does not matter), the name and version ``SCI,2``, or
        the number from 0 on.  Without it, an image that is named science, else the
        largest one that is not named as something else (weights, errors, flags,
        previews); the first of equals.

    Raises
    ------
    BadInput
        There is no such image, or without `wanted` only some that are named as
        something else.
    """
    images = _images(hdus)
    if wanted is not None:
        named = [hdu for hdu in images if _is_named(hdu, hdus.index(hdu), wanted)]
        if not named:
            raise BadInput(
                f"{path} holds no two-dimensional image named {wanted}; its HDUs are: "
                f"{_listed(hdus)}"
            )
        return named[0]
    if not images:
        raise BadInput(
            f"{path} holds no two-dimensional image; its HDUs are: {_listed(hdus)}.\n"
            "If there should be one, the file may be truncated."
        )
    best = min(images, key=_rank)
    if _rank(best)[0] == _LAST:
        raise BadInput(
            f"{path} holds no image of the sky, judging by the names of its HDUs: "
            f"{_listed(hdus)}.\nGive the science image, or name an HDU nevertheless: "
            f"{path.name}[{hdu_name(hdus, best)}]"
        )
    return best


def count(hdus: fits.HDUList) -> int:
    """Return the number of HDUs with a two-dimensional image."""
    return len(_images(hdus))


def hdu_name(hdus: fits.HDUList, hdu: Any) -> str:
    """Return how an HDU is named in ``FILE[HDU]``: by name and version, or number."""
    number = hdus.index(hdu)
    if not hdu.name or number == 0:
        return str(number)
    same = [other for other in hdus if other.name == hdu.name]
    if len(same) == 1:
        return str(hdu.name)
    versions = [other.ver for other in same]
    return f"{hdu.name},{hdu.ver}" if versions.count(hdu.ver) == 1 else str(number)


def plane_axes(hdu: Any) -> tuple[int, ...]:
    """Return the array axes of an HDU that are left without those of length one.

    Parameters
    ----------
    hdu : HDU
        An image HDU.

    Returns
    -------
    tuple of int
        Two axes for an image; all axes of a two-dimensional array, whatever its
        lengths.
    """
    shape = tuple(getattr(hdu, "shape", ()) or ())
    if len(shape) == 2:
        return 0, 1
    return tuple(axis for axis, length in enumerate(shape) if length != 1)


def names_weights(text: str) -> bool:
    """Return whether a file's name says that it holds weights, errors or flags."""
    return bool(_words(text) & _WEIGHTS)


def _images(hdus: fits.HDUList) -> list[Any]:
    """Return the HDUs with a two-dimensional image."""
    return [hdu for hdu in hdus if hdu.is_image and len(plane_axes(hdu)) == 2]


def _rank(hdu: Any) -> tuple[int, int]:
    """Return the place of an HDU in the order of preference; the least comes first."""
    words = _words(hdu.name)
    size = 1
    for axis in plane_axes(hdu):
        size *= hdu.shape[axis]
    kind = 0 if words & _SCIENCE else _LAST if words & _AUXILIARY else 1
    return kind, -size


def _words(text: str) -> set[str]:
    """Return the words of a name in capitals, without the digits at their ends."""
    parts = re.split(r"[^A-Z0-9]+", text.upper())
    return {part.rstrip("0123456789") for part in parts}


def _is_named(hdu: Any, number: int, wanted: str) -> bool:
    """Return whether an HDU has a name, a name and version, or a number."""
    if wanted.isdecimal():
        return number == int(wanted)
    name, _, version = (part.strip() for part in wanted.partition(","))
    return hdu.name.upper() == name.upper() and version in ("", str(hdu.ver))


def _listed(hdus: fits.HDUList) -> str:
    """Return the numbers, names and shapes of the HDUs as a list in words."""
    return ", ".join(
        f"{number} {hdu.name or '(no name)'} "
        f"{tuple(getattr(hdu, 'shape', ()) or ()) if hdu.is_image else 'no image'}"
        for number, hdu in enumerate(hdus)
    )
