"""The maps of a cluster in a FITS file: an image, a cube or an image a channel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files import image_hdus
from amphitrite.files.compression import unpacked
from amphitrite.files.grids import check_same_grid
from amphitrite.files.images import Image, read_image
from amphitrite.files.opening import check_readable, intact, open_hdus
from amphitrite.files.wcs import image_wcs
from amphitrite.surveys.darkcnn.page import STARS, TOTAL, XRAY
from amphitrite.surveys.darkcnn.prepare.channels import channel_axis, channels_of
from amphitrite.surveys.darkcnn.prepare.cluster import (
    Cluster,
    Map,
    Said,
    Source,
    check_shape,
    map_of,
)
from amphitrite.surveys.darkcnn.prepare.entries import (
    REDSHIFTS,
    SOURCES,
    Entries,
    plain,
)
from amphitrite.surveys.darkcnn.prepare.reading import (
    Reading,
    cluster_redshift,
    stated,
)
from amphitrite.surveys.darkcnn.prepare.scales import pixel_kpc, wcs_arcsec
from amphitrite.surveys.darkcnn.prepare.units import KAPPA

_HDUS: Final = {
    **dict.fromkeys(("TOTAL", "MASS", "KAPPA", "CONVERGENCE", "SIGMA"), TOTAL),
    **dict.fromkeys(("XRAY", "X-RAY", "X_RAY"), XRAY),
    **dict.fromkeys(("STARS", "STELLAR"), STARS),
}
"""Channels by the name of an HDU."""
_KAPPAS: Final = ("KAPPA", "CONVERGENCE")
_MASK: Final = "MASK"
_PIXELS: Final = ("pixelkpc", "pixkpc")
_NAMES: Final = ("object", "cluster")
_CARDS: Final = [
    key.upper()
    for key in (
        *("bunit", "logm200", "xrayconc", "bcg_e", "bcg_e1", "bcg_e2"),
        *("bcg_ra", "bcg_dec", "bcg_x", "bcg_y"),
        *(*_NAMES, *_PIXELS, *REDSHIFTS, *SOURCES),
    )
]
"""Keywords whose values are read."""


@dataclass(frozen=True)
class _Content:
    """What a file holds, before it is checked.

    Parameters
    ----------
    maps : mapping of str to (ny, nx) ndarray
        By channel.
    cards : mapping of str to str
        What `_CARDS` say, of the map of all mass or else of the primary HDU.
    wcs : astropy.wcs.WCS or None
        The celestial coordinates.
    named : str
        The unit that follows from the name of an HDU, such as ``KAPPA``, if any.
    others : mapping of str to str, int or float
        What all cards of images say, by keyword in small letters.
    """

    maps: Mapping[str, Map]
    cards: Mapping[str, str]
    wcs: WCS | None
    named: str = ""
    others: Mapping[str, Said] = field(default_factory=dict)


def read(path: Path, reading: Reading) -> Source:
    """Return the cluster of a FITS file.

    Parameters
    ----------
    path : Path
        ``FILE`` or ``FILE[HDU]``, plain or packed.  Its maps are an image (all mass);
        a cube of channels; or an image for each channel, in HDUs named ``TOTAL``,
        ``MASS``, ``KAPPA``, ``CONVERGENCE`` or ``SIGMA``, ``XRAY`` and ``STARS``.  In
        an HDU named ``MASK`` of the same size, pixels other than 0 are left out.
        Cards of the map or of the primary HDU state its unit (``BUNIT``), redshift
        (``REDSHIFT``), that of the sources (``ZSOURCE``), name (``OBJECT``), the size
        of a pixel without celestial coordinates (``PIXELKPC``), the brightest galaxy
        (``BCG_RA`` and ``BCG_DEC`` in deg, or ``BCG_X`` and ``BCG_Y`` in pixels from 1
        on) and its attributes (``LOGM200``, ``XRAYCONC``, ``BCG_E``).
    reading : Reading
        What is stated beside it.

    Raises
    ------
    BadInput
        The file cannot be read, is damaged or holds no map; the maps do not lie on one
        grid; or it lacks a redshift or the size of a pixel.
    """
    file, wanted = image_hdus.split_name(path)
    content = _content(file, wanted, reading)
    said = Entries(content.cards, 1, str(path))
    name = said.text(0, *_NAMES) or file.name.split(".")[0]
    redshift = cluster_redshift(reading, said.number(0, *REDSHIFTS), str(path))
    found = Cluster(
        name=name,
        maps=content.maps,
        unit=reading.unit or said.text(0, "bunit") or content.named,
        pixel_kpc=pixel_kpc(
            reading,
            redshift,
            str(path),
            kpc=said.number(0, *_PIXELS),
            arcsec=None if content.wcs is None else wcs_arcsec(content.wcs, str(path)),
        ),
        redshift=redshift,
        source_redshift=stated(reading.source_redshift, said.number(0, *SOURCES)),
        attributes=said.attributes(0),
        bcg=_galaxy(said, content.wcs),
        others=content.others,
    )
    return Source(path, 1, lambda number: found)


def _content(path: Path, wanted: str | None, reading: Reading) -> _Content:
    """Return the maps of a file, with their header."""
    check_readable(path)
    whole = unpacked(path)
    try:
        with open_hdus(path, whole) as hdus, intact(path):
            others = _others(hdus)
            names = [str(hdu.name).upper() for hdu in hdus]
            cubes = [hdu for hdu in hdus if _is_cube(hdu)]
            channels = _channels(hdus)
            if wanted is None and cubes and not channels:
                cube = _cube(path, cubes[0], hdus[0].header, reading)
                return replace(cube, others=others)
    finally:
        if whole is not None:
            whole.close()
    if wanted is not None:
        numbers: dict[str, str | None] = {TOTAL: wanted}
    else:
        numbers = channels or {TOTAL: None}
    found = _images(path, numbers, _MASK if _MASK in names else None)
    return replace(found, others=others)


def _others(hdus: fits.HDUList) -> dict[str, Said]:
    """Return what the cards of all images say; those of the first image count."""
    return {
        str(key).lower(): value
        for hdu in reversed(hdus)
        if hdu.is_image
        for key in hdu.header
        if key not in ("", "COMMENT", "HISTORY")
        and (value := plain(hdu.header[key])) is not None
    }


def _is_cube(hdu: Any) -> bool:
    return bool(hdu.is_image) and len(image_hdus.plane_axes(hdu)) == 3


def _channels(hdus: fits.HDUList) -> dict[str, str | None]:
    """Return the numbers of the HDUs that are named like channels.

    Without a map of all mass among them it is the first image that bears no name of
    another kind.
    """
    found: dict[str, str | None] = {}
    nameless = None
    for number, hdu in enumerate(hdus):
        if not hdu.is_image or len(image_hdus.plane_axes(hdu)) != 2:
            continue
        if channel := _HDUS.get(str(hdu.name).upper()):
            found.setdefault(channel, str(number))
        elif nameless is None and str(hdu.name).upper() != _MASK:
            nameless = str(number)
    if found and TOTAL not in found and nameless is not None:
        found[TOTAL] = nameless
    return found if TOTAL in found else {}


def _images(
    path: Path, numbers: Mapping[str, str | None], mask: str | None
) -> _Content:
    """Return the maps of an image for each channel."""
    with ExitStack() as stack:

        def image(hdu: str | None) -> Image:
            return stack.enter_context(read_image(path, hdu=hdu))

        images = {channel: image(hdu) for channel, hdu in numbers.items()}
        for opened in images.values():
            check_shape(opened.shape, opened.label)
        placed = {key: each for key, each in images.items() if each.wcs is not None}
        if placed:
            check_same_grid(placed)
        masked = None if mask is None else _pixels(image(mask))
        if masked is not None and masked.shape != images[TOTAL].shape:
            raise BadInput(
                f"the mask of {path} has shape {masked.shape}, and the map "
                f"{images[TOTAL].shape}; give a mask for each pixel"
            )
        maps = {key: map_of(_pixels(each), masked) for key, each in images.items()}
        total = images[TOTAL]
        cards = {key: text for key in _CARDS if (text := total.card(key))}
        named = KAPPA if total.card("EXTNAME").upper() in _KAPPAS else ""
        return _Content(maps, cards, total.wcs, named)


def _pixels(image: Image) -> NDArray[np.float32]:
    return image.rows(0, image.shape[0])


def _cube(path: Path, hdu: Any, primary: fits.Header, reading: Reading) -> _Content:
    """Return the maps of a cube of channels."""
    shape = [hdu.shape[axis] for axis in image_hdus.plane_axes(hdu)]
    axis = channel_axis(shape, str(path))
    check_shape([n for place, n in enumerate(shape) if place != axis], str(path))
    names = channels_of(shape[axis], reading.channels, str(path))
    cube = np.moveaxis(np.asarray(hdu.data).reshape(shape), axis, 0)
    maps = {name: map_of(values) for name, values in zip(names, cube, strict=True)}
    cards = {
        key: str(header[key]).strip()
        for header in (primary, hdu.header)
        for key in _CARDS
        if key in header
    }
    # The axes of FITS, counted from 1, of columns and rows.
    columns = 1 if axis == 0 else 2
    return _Content(maps, cards, image_wcs(hdu.header, (columns, columns + 1))[0])


def _galaxy(said: Entries, wcs: WCS | None) -> tuple[float, float] | None:
    """Return x and y of the brightest galaxy in pixels from 0 on; None if unknown."""
    ra, dec = said.number(0, "bcg_ra"), said.number(0, "bcg_dec")
    if ra is not None and dec is not None and wcs is not None:
        x, y = wcs.celestial.world_to_pixel_values(ra, dec)
        return float(x), float(y)
    x, y = said.number(0, "bcg_x"), said.number(0, "bcg_y")
    return None if x is None or y is None else (x - 1, y - 1)
