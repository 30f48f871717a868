"""Exposure maps: the effective area times observing time of each direction.

``gtexpcube2`` writes the exposure at several energies, on an image or a HEALPix map.
Here it is averaged over the energy bands; these means turn counts into fluxes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE, check_readable, open_lazily
from amphitrite.surveys.asid.bands import BANDS, SPECTRAL_INDEX, Band
from amphitrite.surveys.asid.prepare import maps
from amphitrite.surveys.asid.prepare.footprints import (
    HealpixFootprint,
    WcsFootprint,
    sky_wcs,
)
from amphitrite.surveys.asid.prepare.healpix_cubes import UNSEEN, read_cells, read_index
from amphitrite.surveys.asid.prepare.instrument import check_instrument

logger = logging.getLogger(__name__)

Floats = NDArray[np.floating]

_UNIT: Final = units.Unit("cm2 s")
# cm2 s.  A week of the LAT has some 1e9; a map far below is not one of exposure.
_LEAST: Final = 1e5
_PLANES: Final = ("ENERGY", "BIN", "CHANNEL")  # names of columns, before a number
_EQUATORS: Final = ("RADECSYS", "RADESYS", "EQUINOX")
_NODES: Final = 16  # energies of a band at which the exposure is evaluated


@dataclass(frozen=True, eq=False)
class Exposure:
    """A map of the mean exposure of each energy band.

    Parameters
    ----------
    values : (5, n_pixels) ndarray of float32
        Exposure in cm2 s, in the order of `amphitrite.surveys.asid.bands.BANDS`,
        averaged over a typical spectrum.  NaN where it is not known: without coverage,
        or in a band outside the map's energies.
    index : callable
        ``index(vectors)`` returns the pixels of (n, 3) Galactic unit vectors, -1
        outside the map.
    choices : mapping of str to str
        What was decided for the user, as FITS cards.
    """

    values: NDArray[np.float32]
    index: Callable[[Floats], NDArray[np.int64]]
    choices: Mapping[str, str] = field(default_factory=dict)

    def at(self, vectors: Floats) -> NDArray[np.float32]:
        """Return the exposure in some directions.

        Parameters
        ----------
        vectors : (n, 3) ndarray
            Galactic unit vectors.

        Returns
        -------
        (n, 5) ndarray of float32
            Exposure in cm2 s of the pixel that contains each direction, without
            interpolation (exposure changes by 1 % in a degree); NaN where it is not
            known.
        """
        index = self.index(vectors)
        found: NDArray[np.float32] = self.values.T[index]
        found[index < 0] = np.nan
        return found

    @property
    def missing(self) -> tuple[Band, ...]:
        """The bands outside the map's energies."""
        return tuple(
            band for band, known in zip(BANDS, self._known, strict=True) if not known
        )

    @property
    def _known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.values).any(axis=1))

    def filled(self, typical: Floats) -> Exposure:
        """Return a map with missing bands filled from a typical exposure.

        Parameters
        ----------
        typical : (5,) ndarray
            Exposure in cm2 s of each band.  In each direction it is scaled by the mean
            ratio of the known bands to their typical exposure.
        """
        ratio, known = np.asarray(typical, np.float32)[:, None], self._known
        scale = (self.values[known] / ratio[known]).mean(axis=0)
        values = np.where(known[:, None], self.values, scale * ratio)
        return replace(self, values=values.astype(np.float32))


def read(path: Path) -> Exposure:
    """Return the mean exposures in a file.

    Parameters
    ----------
    path : Path
        A FITS file with a cube (energy, y, x) or a HEALPix map with one column per
        energy, and a table of the energies: an output of gtexpcube2, or a dataset or a
        map of gammapy.

    Returns
    -------
    Exposure
        NaN where the map holds NaN, -1.6375e30 or 0.

    Raises
    ------
    BadInput
        The file cannot be read or is not such a map; its unit is not one of exposure;
        it holds negative values, or no plausible exposure at all; or an image has no
        celestial coordinates (see
        `amphitrite.surveys.asid.prepare.footprints.sky_wcs`).
    """
    check_readable(path)
    try:
        with (
            warnings.catch_warnings(action="ignore", category=AstropyUserWarning),
            closing(open_lazily(path)) as hdus,
        ):
            return _read(path, hdus)
    except UNREADABLE as error:
        raise BadInput(
            f"the exposure map {path} cannot be read: {error}\nGive a FITS file as "
            "gtexpcube2 writes it; if it is one, copy it again."
        ) from error


def _read(path: Path, hdus: fits.HDUList) -> Exposure:
    hdu = maps.exposure_map(hdus)
    if hdu is None:
        raise BadInput(
            f"{path} holds no exposure at several energies: it has neither an image of "
            "three axes nor a HEALPix map, or only counts and background.\nGive the "
            "output of gtexpcube2."
        )
    check_instrument(path, hdu.header, hdus[0].header)
    read_map = _healpix if maps.is_healpix(hdu) else _image
    return read_map(path, hdus, hdu)


def _image(path: Path, hdus: fits.HDUList, hdu: Any) -> Exposure:
    wcs, _ = sky_wcs(path, hdu.header)
    factor = _factor(hdu.header.get("BUNIT"), path)
    planes = (plane.ravel() for plane in hdu.data)
    energies = maps.node_energies(path, hdus, hdu, n_planes=hdu.shape[0])
    values = _bands(planes, energies, factor, path)
    shown = np.ones(hdu.shape[1:], bool)
    return Exposure(values, WcsFootprint(wcs, shown).index)


def _healpix(path: Path, hdus: fits.HDUList, hdu: Any) -> Exposure:
    header, choices = _framed(path, hdu.header)
    cells = read_cells(path, header)
    listed = read_index(path, hdu, nside=cells.nside)
    columns = [c for c in hdu.columns if c.name.upper().startswith(_PLANES)]
    if not columns:
        raise BadInput(
            f"the HEALPix map of {path} has no columns ENERGY1, ENERGY2, ...; its "
            f"columns are {', '.join(hdu.columns.names)}.\nGive the output of "
            "gtexpcube2."
        )
    factor = _factor(hdu.header.get("BUNIT") or columns[0].unit, path)
    planes = (np.ravel(hdu.data[column.name]) for column in columns)
    energies = maps.node_energies(path, hdus, hdu, n_planes=len(columns))
    values = _bands(planes, energies, factor, path)
    if values.shape[1] != len(listed):
        raise BadInput(
            f"the HEALPix map of {path} has {values.shape[1]} values at an energy; "
            f"with NSIDE = {cells.nside} it needs {len(listed)}.\nCorrect NSIDE."
        )
    whole = np.full((len(BANDS), 12 * cells.nside**2), np.nan, np.float32)
    whole[:, listed] = values
    shown = np.ones(whole.shape[1], bool)
    footprint = HealpixFootprint(cells.nside, cells.order, shown, cells.rotation)
    return Exposure(whole, footprint.index, choices)


def _framed(path: Path, header: fits.Header) -> tuple[fits.Header, dict[str, str]]:
    """Return a HEALPix map's header with its frame, and FITS cards if it was assumed.

    gtexpcube2 may write an equator and no COORDSYS; its cells are celestial then.
    """
    named = str(header.get("COORDSYS") or "").strip()
    if named or not any(keyword in header for keyword in _EQUATORS):
        return header, {}
    logger.warning(
        "the exposure map %s states no COORDSYS; taken to be in celestial coordinates, "
        "as gtexpcube2 writes it",
        path,
    )
    header = header.copy()
    header["COORDSYS"] = "CEL"
    return header, {"EXPFRAME": "CEL"}


def _factor(unit: object, path: Path) -> float:
    """Return the map's unit in cm2 s; 1 if none is stated, as some tools do."""
    text = str(unit or "").strip()
    try:
        return float(units.Unit(text).to(_UNIT)) if text else 1.0
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"{path} is no map of exposure: received the unit {text!r}, needed is one "
            "like cm2 s.\nGive the output of gtexpcube2."
        ) from error


def _bands(
    planes: Any, energies: NDArray[np.float64], factor: float, path: Path
) -> NDArray[np.float32]:
    """Return the mean exposure of each pixel in each band, (5, n_pixels) in cm2 s.

    Planes are added one after the other to save memory.
    """
    weights = np.array([_weights(band, energies) for band in BANDS])
    total: NDArray[np.float64] | None = None
    for weight, plane in zip(weights.T, planes, strict=True):
        plane = np.asarray(plane, np.float64)
        plane = np.where(np.abs(plane / UNSEEN - 1) < 1e-5, np.nan, plane)
        if n_negative := int((plane < 0).sum()):
            raise BadInput(
                f"the exposure map {path} holds {n_negative} negative values; the "
                f"lowest is {np.nanmin(plane):g}.\nWhere there is no exposure, write 0."
            )
        # not multiplied where the weight is 0, since 0 times NaN is NaN
        added = np.where(weight[:, None] > 0, weight[:, None] * plane, 0.0)
        total = added if total is None else total + added
    assert total is not None
    total = total * factor
    total[weights.sum(axis=1) == 0] = np.nan
    total[total <= 0] = np.nan
    if not np.nanmax(total, initial=0.0) > _LEAST:
        raise BadInput(
            f"{path} is no exposure map of the Fermi LAT in its bands from 0.3 to 20 "
            f"GeV: the energies are {energies[0]:g} to {energies[-1]:g} MeV, the "
            f"highest value is {np.nanmax(total, initial=0.0):g} cm2 s (a week gives "
            "some 1e9).\nGive the output of gtexpcube2."
        )
    return total.astype(np.float32)


def _weights(band: Band, energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each plane in a band's mean; all 0 outside their energies.

    The exposure is interpolated linearly in the logarithm of energy, at energies in the
    band which are weighted by the photons of a typical spectrum.
    """
    low, high = max(band.low, energies[0]), min(band.high, energies[-1])
    if low > high:
        return np.zeros(len(energies))
    # the centres of equal steps in the logarithm of energy
    nodes = np.geomspace(low, high, 2 * _NODES + 1)[1::2]
    photons = nodes ** (1 - SPECTRAL_INDEX)
    each = np.eye(len(energies))
    shares = np.array(
        [np.interp(np.log(nodes), np.log(energies), plane) for plane in each]
    )
    return np.asarray(shares @ photons / photons.sum())
