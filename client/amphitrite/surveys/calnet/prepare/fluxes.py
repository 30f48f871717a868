"""The flux in a light curve file: its columns and their units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput

Floats = NDArray[np.float64]

# Columns of flux and error, the best first.
_COLUMNS: Final = (
    ("PDCSAP_FLUX", "PDCSAP_FLUX_ERR"),
    ("SYS_RM_FLUX", "DET_FLUX_ERR"),
    ("FLUX", "FLUX_ERR"),
    ("MAG", "MAG_ERR"),
)
_PIPELINES: Final = ("PDCSAP_FLUX", "SYS_RM_FLUX")
_QUALITIES: Final = ("QUALITY", "SAP_QUALITY")
_HIGHEST_FLUX: Final = 1e38  # near the limit of float32, the dtype in the files
_NO_MAGNITUDE: Final = 90.0  # tables write 99 or 99.999 where there is none
_MAGNITUDES: Final = {
    **dict.fromkeys(("mag", "mags", "magnitude", "magnitudes", "tmag", "kpmag"), 1.0),
    **dict.fromkeys(("abmag", "mag(ab)", "vegamag", "mag (ab)", "stmag"), 1.0),
    **dict.fromkeys(("mmag", "millimag", "mmags"), 1e-3),
}


@dataclass(frozen=True)
class Flux:
    """The flux of the rows of a light curve.

    Parameters
    ----------
    name : str
        Name of the column, in capitals.
    flux, error : (n,) ndarray of float64
        Flux and its error in the unit of the file, or relative if they were magnitudes.
        The error may be NaN.
    usable : (n,) ndarray of bool
        Whether the flux is a finite number.
    quality : (n,) ndarray or None
        Quality flags, 0 for good points; None if the file has none.
    quality_name : str
        Name of their column.
    notes : tuple of str
        What was chosen.
    """

    name: str
    flux: Floats
    error: Floats
    usable: NDArray[np.bool_]
    quality: NDArray[Any] | None
    quality_name: str
    notes: tuple[str, ...]

    @property
    def good(self) -> NDArray[np.bool_]:
        """Whether the flux is finite, and the quality 0."""
        return (
            self.usable if self.quality is None else self.usable & (self.quality == 0)
        )


def read_flux(table: Any, path: Path) -> Flux:
    """Return the flux in a table.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        With the columns of SPOC, QLP or lightkurve, in capitals or not.
    path : Path
        The file, for messages.

    Returns
    -------
    Flux
        From ``PDCSAP_FLUX``, ``SYS_RM_FLUX``, ``FLUX`` or ``MAG``, in this order.
        Magnitudes, by their unit, are turned into flux relative to their median.

    Raises
    ------
    BadInput
        There is no such column, or it does not hold one number a row.
    """
    names = [name.upper() for name in table.columns.names]
    name, error_name = _columns(names, path)
    flux = np.asarray(table.data[name], np.float64)
    if flux.ndim != 1:
        raise BadInput(
            f"{path}: TIME and {name} must hold one number a row; received shape "
            f"{flux.shape} of {name}, as in target pixel files; give the light curve "
            "file (*_lc.fits) of the star"
        )
    error = np.full(len(flux), np.nan)
    if error_name in names:
        error = np.asarray(table.data[error_name], np.float64)
    notes = [] if name in _PIPELINES else [f"the flux is that of the column {name}"]
    quality_name = next((one for one in _QUALITIES if one in names), "")
    if not quality_name:
        notes.append("there is no column QUALITY, so that all points were used")
    unit = str(table.columns[names.index(name)].unit or "").strip().lower()
    scale = _MAGNITUDES.get(unit, 1.0 if name == "MAG" and not unit else None)
    if scale is not None:
        flux, error = _from_magnitudes(flux * scale, error * scale)
        notes.append("magnitudes were turned into flux")
    elif "mag" in unit:
        raise BadInput(
            f"{path}: the unit {unit!r} of {name} is not known; write 'mag' or 'mmag' "
            "for magnitudes, 'e-/s' or another linear unit for fluxes"
        )
    quality = np.asarray(table.data[quality_name]) if quality_name else None
    usable = np.abs(flux) < _HIGHEST_FLUX
    return Flux(name, flux, error, usable, quality, quality_name, tuple(notes))


def _columns(names: list[str], path: Path) -> tuple[str, str]:
    """Return the names of the columns of flux and error."""
    for flux, error in _COLUMNS:
        if flux in names:
            return flux, error
    raise BadInput(
        f"{path} has neither PDCSAP_FLUX (SPOC, TESS-SPOC, Kepler, K2) nor "
        "SYS_RM_FLUX (QLP since sector 56) nor FLUX (lightkurve); its columns are "
        f"{', '.join(names)}; rename the one to be used to FLUX"
    )


def _from_magnitudes(magnitude: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return the flux relative to that of the median magnitude, and its error."""
    known = np.abs(magnitude) < _NO_MAGNITUDE
    magnitude = np.where(known, magnitude, np.nan)
    middle = np.median(magnitude[known]) if known.any() else 0.0
    flux: Floats = 10 ** (-0.4 * (magnitude - middle))
    return flux, 0.4 * np.log(10) * flux * error


def other_fluxes(table: Any, used: str) -> list[str]:
    """Return the names of further columns of flux that hold finite values."""
    return [
        name.upper()
        for name in table.columns.names
        if name.upper().endswith("FLUX")
        and name.upper() != used
        and np.isfinite(np.asarray(table.data[name], np.float64)).any()
    ]
