"""Light curve files of TESS, Kepler and K2.

The flux is read from ``PDCSAP_FLUX`` of SPOC and TESS-SPOC (also of Kepler and K2), and
from ``SYS_RM_FLUX`` of QLP, which is corrected for systematics but not detrended, since
slow variations are the signal of many binaries.  Cadences faster than 90 seconds are
averaged to two minutes.  Cadences slower than five minutes are refused: they have too
few points for segments of 2000 points and for narrow eclipses.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from amphitrite.errors import BadInput

BTJD: Final = 2457000.0
"""Barycentric Julian Date (TDB) in days from which times are counted."""

_BKJD: Final = 2454833.0  # the same for the files of Kepler and K2
_DAY: Final = 86400.0
_CADENCE: Final = 120.0  # s, of the light curves on which the network was trained
_FAST: Final = 90.0  # s; below it, cadences are averaged
_SLOW: Final = 300.0  # s; above it, a light curve is refused
_LARGEST: Final = 512 * 2**20  # bytes; the longest 20-second sectors have 20 MB
_HIGHEST_FLUX: Final = 1e38  # near the limit of float32, the dtype in the files
_HIGHEST_NUMBER: Final = 2**53  # of a star; up to it float64, as in journals, is exact
# Columns of flux, error and quality (with alternatives), by pipeline.
_COLUMNS: Final = (
    ("PDCSAP_FLUX", "PDCSAP_FLUX_ERR", ("QUALITY", "SAP_QUALITY")),
    ("SYS_RM_FLUX", "DET_FLUX_ERR", ("QUALITY",)),
)
_CATALOGUES: Final = {"TESS": "TIC", "KEPLER": "KIC", "K2": "EPIC"}
_BROKEN: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError),
    *(AttributeError, OverflowError, zlib.error, struct.error, fits.VerifyError),
)


@dataclass(frozen=True)
class LightCurve:
    """The good points of one star in one sector, quarter or campaign.

    Parameters
    ----------
    star : str
        The star's name, such as ``"TIC 117544915"``.
    tic : int
        Its number in the TESS Input Catalog; 0 for stars of Kepler and K2.
    sector : int
        Sector of TESS, quarter of Kepler or campaign of K2; 0 if the file has none.
    ra, dec : float
        Position (ICRS) in deg; NaN if the file has none.
    tmag : float
        Magnitude in the band of TESS, or of Kepler; NaN if the file has none.
    time : (n,) ndarray of float64
        BJD (TDB) - 2457000 of the middle of each exposure in d.
    flux, flux_err : (n,) ndarray of float64
        Flux and its error in the unit of the file (e-/s; relative for QLP).  The flux
        is finite; errors may be NaN.
    cadence : float
        Time between two points in s.
    checksum : str
        SHA-256 of the file.
    """

    star: str
    tic: int
    sector: int
    ra: float
    dec: float
    tmag: float
    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    cadence: float
    checksum: str


def read(path: Path) -> LightCurve:
    """Return the light curve in a file.

    Parameters
    ----------
    path : Path
        A FITS file, plain or gzipped.

    Returns
    -------
    LightCurve
        Points with quality 0 and finite time and flux, averaged to two minutes for
        faster cadences.

    Raises
    ------
    BadInput
        The file cannot be read, is not a light curve, has no usable point, or has too
        slow a cadence.
    """
    data, digest = _content(path)
    try:
        with (
            # Cards that violate the FITS standard do not matter here.
            warnings.catch_warnings(action="ignore", category=AstropyWarning),
            np.errstate(invalid="ignore"),  # NaN is left out
            fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True) as hdus,
        ):
            header, table = _find_table(hdus, path)
            _check_complete(table, len(data), path)
            points = _points(table, path)
            return _light_curve(header, table.header, points, digest, path)
    except BadInput:
        raise
    except _BROKEN as error:
        raise BadInput(
            f"{path} cannot be read as FITS: {error}; check it, for example with "
            "fitsverify, or fetch it again"
        ) from error


def _content(path: Path) -> tuple[bytes, str]:
    """Return a file's contents, unpacked, and the checksum of the file itself."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        digest = hashlib.sha256(data).hexdigest()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read: {error}; check that it is whole, or fetch it again"
        ) from error
    if len(data) > _LARGEST:
        raise BadInput(
            f"{path} holds more than {_LARGEST // 2**20} MiB, which no light curve "
            "does; leave it out"
        )
    if not data.startswith(b"SIMPLE  ="):
        raise BadInput(
            f"{path} is no FITS file; calnet reads light curves in FITS, plain or .gz"
        )
    return data, digest


def _find_table(hdus: fits.HDUList, path: Path) -> tuple[fits.Header, Any]:
    """Return the primary header and the first table with times."""
    for hdu in hdus[1:]:
        if isinstance(hdu, fits.BinTableHDU) and "TIME" in hdu.columns.names:
            return hdus[0].header, hdu
    raise BadInput(
        f"{path} is no light curve: none of its tables has a column TIME; give light "
        "curve files (*_lc.fits, *_llc.fits)"
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


@dataclass(frozen=True)
class _Points:
    """The columns of a file; only rows with ``good`` are used."""

    time: NDArray[np.float64]
    flux: NDArray[np.float64]
    flux_err: NDArray[np.float64]
    number: NDArray[np.int64]
    good: NDArray[np.bool_]


def _column_names(names: list[str], path: Path) -> tuple[str, str, str]:
    """Return the names of the columns of flux, error and quality."""
    for flux, error, qualities in _COLUMNS:
        for quality in qualities:
            if flux in names and quality in names:
                return flux, error, quality
    raise BadInput(
        f"{path} has neither PDCSAP_FLUX (SPOC, TESS-SPOC, Kepler, K2) nor "
        "SYS_RM_FLUX (QLP since sector 56) with a quality column; its columns are "
        f"{', '.join(names)}"
    )


def _points(table: Any, path: Path) -> _Points:
    """Return the columns of a file, by the names of its pipeline."""
    names = table.columns.names
    flux_name, error_name, quality_name = _column_names(names, path)
    rows = table.data
    time = np.asarray(rows["TIME"], np.float64)
    flux = np.asarray(rows[flux_name], np.float64)
    if flux.shape != time.shape or time.ndim != 1:
        raise BadInput(
            f"{path}: TIME and {flux_name} must hold one number a row; received "
            f"shapes {time.shape} and {flux.shape}"
        )
    errors = np.full(len(time), np.nan)
    if error_name in names:
        errors = np.asarray(rows[error_name], np.float64)
    number = np.arange(len(time))
    if "CADENCENO" in names:
        number = np.asarray(rows["CADENCENO"], np.int64)
    finite = np.isfinite(time) & (np.abs(flux) < _HIGHEST_FLUX)
    good = finite & (np.asarray(rows[quality_name]) == 0)
    if not good.any():
        raise BadInput(
            f"{path} has no usable point: of {len(time)} rows {int(finite.sum())} have "
            f"a finite TIME and {flux_name}, and none of these has {quality_name} 0"
        )
    return _Points(time, flux, errors, number, good)


def _light_curve(
    header: fits.Header, columns: fits.Header, points: _Points, digest: str, path: Path
) -> LightCurve:
    """Return the light curve made of the headers and columns of a file."""
    catalogue, number = _identity(header, path)
    cadence = _cadence(points)
    if cadence > _SLOW:
        raise BadInput(
            f"{path} has a point every {cadence / 60:.1f} min; the network knows light "
            f"curves of two minutes, and at most {_SLOW / 60:.0f} min leave enough "
            "points between two gaps; give files of a faster cadence"
        )
    together = round(_CADENCE / cadence) if cadence < _FAST else 1
    time, flux, errors = _averaged(points, together)
    if not len(time):
        raise BadInput(
            f"{path} has no usable point: at {cadence:.0f} s a point, no mean over two "
            f"minutes has half of its {together} points good; leave it out"
        )
    zero = _BKJD if catalogue != "TIC" else BTJD
    if "BJDREFI" in columns:
        zero = columns["BJDREFI"] + columns.get("BJDREFF", 0.0)
    magnitude = "TESSMAG" if catalogue == "TIC" else "KEPMAG"
    return LightCurve(
        star=f"{catalogue} {number}",
        tic=number if catalogue == "TIC" else 0,
        sector=_sector(header),
        ra=_number(header, "RA_OBJ"),
        dec=_number(header, "DEC_OBJ"),
        tmag=_number(header, magnitude),
        time=time + (zero - BTJD),
        flux=flux,
        flux_err=errors,
        cadence=cadence * together,
        checksum=digest,
    )


def _identity(header: fits.Header, path: Path) -> tuple[str, int]:
    """Return a star's catalogue and number."""
    mission = str(header.get("MISSION", header.get("TELESCOP", ""))).strip().upper()
    if "TICID" in header:
        mission = "TESS"
    key = "TICID" if mission == "TESS" else "KEPLERID"
    try:
        catalogue, number = _CATALOGUES[mission], int(header[key])
    except (KeyError, TypeError, ValueError, OverflowError):
        catalogue, number = "", 0
    if not 0 < number < _HIGHEST_NUMBER:
        raise BadInput(
            f"{path} does not say which star it shows: it has no usable TICID (TESS) "
            "or KEPLERID (Kepler, K2) in its primary header; leave it out"
        )
    return catalogue, number


def _sector(header: fits.Header) -> int:
    for key in ("SECTOR", "QUARTER", "CAMPAIGN"):
        if isinstance(value := header.get(key), int):
            return value
    return 0


def _number(header: fits.Header, key: str) -> float:
    """Return a number in a header; NaN if it is missing or empty."""
    value = header.get(key)
    return float(value) if isinstance(value, int | float) else float("nan")


def _cadence(points: _Points) -> float:
    """Return the median time between two rows in s; 120 if there is only one row."""
    steps = np.diff(points.time[np.isfinite(points.time)])
    steps = steps[steps > 0]
    return float(np.median(steps)) * _DAY if len(steps) else _CADENCE


def _averaged(points: _Points, together: int) -> tuple[NDArray[np.float64], ...]:
    """Return time, flux and error of the good points, averaged over cadences.

    Each mean covers ``together`` consecutive cadences; means of which less than half
    are good are left out.
    """
    good = points.good
    values = [v[good] for v in (points.time, points.flux, points.flux_err)]
    if together == 1:
        return tuple(values)
    _, group, count = np.unique(
        points.number[good] // together, return_inverse=True, return_counts=True
    )
    time, flux = (np.bincount(group, v) / count for v in values[:2])
    error = np.sqrt(np.bincount(group, values[2] ** 2)) / count
    enough = 2 * count >= together
    return time[enough], flux[enough], error[enough]
