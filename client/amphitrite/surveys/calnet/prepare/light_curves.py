"""Light curve files of TESS, Kepler and K2.

The flux is read from ``PDCSAP_FLUX`` of SPOC and TESS-SPOC (also of Kepler and K2),
from ``SYS_RM_FLUX`` of QLP, which is corrected for systematics but not detrended, since
slow variations are the signal of many binaries, and from ``FLUX`` of lightkurve.
Cadences faster than 90 seconds are averaged to two minutes.  Cadences slower than five
minutes are refused: they have too few points for segments of 2000 points and for narrow
eclipses.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE
from amphitrite.surveys.calnet.prepare import identity
from amphitrite.surveys.calnet.prepare.cadences import (
    Points,
    averaged,
    cadence,
    sort,
    together,
)
from amphitrite.surveys.calnet.prepare.contents import contents
from amphitrite.surveys.calnet.prepare.fluxes import Flux, other_fluxes, read_flux
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.missions import TESS
from amphitrite.surveys.calnet.prepare.times import BTJD, TimeAxis, time_axis

OUTSIDE: Final = "points at times outside of the mission's life were left out"


@dataclass(frozen=True)
class LightCurve:
    """The good points of one star in one sector, quarter or campaign, or in several.

    Parameters
    ----------
    star : str
        The star's name, such as ``"TIC 117544915"``.
    tic : int
        Its number in the TESS Input Catalog; 0 for stars of Kepler and K2.
    sectors : tuple of int
        Sectors of TESS, quarters of Kepler or campaigns of K2; 0 for one that is not
        known.
    ra, dec : float
        Position (ICRS) in deg; NaN if the file has none.
    tmag : float
        Magnitude in the band of TESS, or of Kepler; NaN if the file has none.
    time : (n,) ndarray of float64
        BJD (TDB) - 2457000 of the middle of each exposure in d, increasing.
    flux, flux_err : (n,) ndarray of float64
        Flux and its error in the unit of the file (e-/s; relative for QLP).  The flux
        is finite; errors may be NaN.
    cadence : float
        Time between two points in s.
    checksum : str
        SHA-256 of the file.
    notes : tuple of str
        What was assumed or changed, which the file does not say.
    """

    star: str
    tic: int
    sectors: tuple[int, ...]
    ra: float
    dec: float
    tmag: float
    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    cadence: float
    checksum: str
    notes: tuple[str, ...]


def read(path: Path) -> LightCurve:
    """Return the light curve in a file.

    Parameters
    ----------
    path : Path
        A FITS file, plain or packed.

    Returns
    -------
    LightCurve
        Points with quality 0 and finite time and flux, sorted by time, equal times
        once, averaged to two minutes for faster cadences.

    Raises
    ------
    BadInput
        The file cannot be read, is not a light curve, has no usable point, or has too
        slow a cadence.
    """
    data, digest = contents(path)
    try:
        with (
            # Cards that violate the FITS standard do not matter here.
            warnings.catch_warnings(action="ignore", category=AstropyWarning),
            np.errstate(
                invalid="ignore", over="ignore"
            ),  # NaN and infinity are left out
            fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True) as hdus,
        ):
            header, table = _find_table(hdus, path)
            _check_complete(table, len(data), path)
            return _light_curve(header, table, digest, path)
    except BadInput:
        raise
    except UNREADABLE as error:
        raise BadInput(
            f"{path} cannot be read as FITS: {error}; check it, for example with "
            "fitsverify, or fetch it again"
        ) from error


def _find_table(hdus: fits.HDUList, path: Path) -> tuple[fits.Header, Any]:
    """Return the primary header and the first table with times."""
    found: list[str] = []
    for hdu in hdus[1:]:
        if isinstance(hdu, fits.BinTableHDU):
            names = [name.upper() for name in hdu.columns.names]
            if "TIME" in names:
                return hdus[0].header, hdu
            found += names
    has = f"columns are {', '.join(found)}" if found else "file has no table at all"
    raise BadInput(
        f"{path} is no light curve: none of its tables has a column TIME; its {has}; "
        "give light curve files (*_lc.fits, *_llc.fits)"
    )


def _check_complete(table: Any, n_bytes: int, path: Path) -> None:
    """Refuse a table that is shorter than its header states."""
    place = table.fileinfo()
    needed = place["datLoc"] + table.header["NAXIS1"] * table.header["NAXIS2"]
    if n_bytes < needed:
        raise BadInput(
            f"{path} is cut off: it has {n_bytes} bytes of at least {needed}; fetch it "
            "again"
        )


def _light_curve(
    header: fits.Header, table: Any, digest: str, path: Path
) -> LightCurve:
    """Return the light curve made of the headers and columns of a file."""
    headers = Headers(header, table.header)
    flux = read_flux(table, path)
    mission, number, named = identity.star(headers, path)
    axis = time_axis(table, Headers(table.header, header), mission, path)
    points, left_out = _points(table, axis, flux, path)
    points, in_order = sort(points)
    step = cadence(axis.days, path)
    time, values, errors = averaged(points, step, path)
    time = axis.btjd(time)
    sectors, dated = identity.sectors(headers, mission, time + BTJD)
    return LightCurve(
        star=f"{mission.catalogue} {number}",
        tic=number if mission is TESS else 0,
        sectors=sectors,
        ra=headers.number("RA_OBJ"),
        dec=headers.number("DEC_OBJ"),
        tmag=headers.number(mission.magnitude),
        time=time,
        flux=values,
        flux_err=errors,
        cadence=step * together(step),
        checksum=digest,
        notes=(*axis.notes, *flux.notes, *named, *left_out, *in_order, *dated),
    )


def _points(
    table: Any, axis: TimeAxis, flux: Flux, path: Path
) -> tuple[Points, tuple[str, ...]]:
    """Return the good points of a file, and whether some were left out."""
    finite = np.isfinite(axis.days) & flux.usable
    good = finite & flux.good
    inside = good & axis.inside
    if not inside.any():
        raise BadInput(f"{path} has no usable point: {_missing(table, finite, flux)}")
    notes = (OUTSIDE,) * bool((good & ~inside).any())
    names = [name.upper() for name in table.columns.names]
    number = None
    if "CADENCENO" in names:
        number = np.asarray(table.data["CADENCENO"], np.int64)[inside]
    values = (axis.days[inside], flux.flux[inside], flux.error[inside])
    return Points(*values, number), notes


def _missing(table: Any, finite: NDArray[np.bool_], flux: Flux) -> str:
    """Return why no point of a file is usable, and what may help."""
    said = (
        f"of {len(finite)} rows {int(finite.sum())} have a finite TIME and {flux.name}"
    )
    if finite.any():
        return f"{said}, and none of these has {flux.quality_name} 0"
    if others := other_fluxes(table, flux.name):
        said += (
            f", but {', '.join(others)} holds values; copy it into {flux.name} if it "
            "will do (SAP_FLUX is not corrected for systematics)"
        )
    return said
