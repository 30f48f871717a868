"""FITS files of a simulated field, whose headers mark them as simulated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.errors import OutputError
from amphitrite.surveys.morpheus.page import BANDS, FILTERS
from amphitrite_training.surveys.morpheus.simulate.camera import BANDS as CAMERA
from amphitrite_training.surveys.morpheus.simulate.camera import PIXEL_ARCSEC
from amphitrite_training.surveys.morpheus.simulate.field import Field

# An arbitrary position: the centre of GOODS-South, the field of the real images.
CENTRE_DEG: Final = (53.12, -27.80)


def write_field(field: Field, directory: Path | str) -> None:
    """Write ``h.fits``, ``j.fits``, ``v.fits``, ``z.fits`` and ``truth.fits``.

    Parameters
    ----------
    field : Field
        The field.
    directory : Path or str
        An existing folder; files of these names in it are replaced.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.

    Notes
    -----
    The images are float32 in electrons/s with a tangential WCS (ICRS, north up, 0.06
    arcsec per pixel).  Every header has ``SIMULATE = T`` and OBJECT = SIMULATED.
    """
    directory = Path(directory)
    try:
        for name, hdu in _hdus(field):
            hdu.writeto(directory / name, overwrite=True)
    except OSError as error:
        raise OutputError(
            f"the simulated field cannot be written to {directory}: {error}; give an "
            "existing folder with space that you may write to"
        ) from error


def _hdus(field: Field) -> Iterator[tuple[str, fits.PrimaryHDU | fits.BinTableHDU]]:
    """Yield each file's name and HDU."""
    marks = {
        "OBJECT": ("SIMULATED", "no real sky is in this file"),
        "SIMULATE": (True, "simulated by Amphitrite"),
        "SEED": (field.seed, "seed of the simulation"),
    }
    wcs = _wcs(field.labels.shape)
    for band, name in zip(BANDS, FILTERS, strict=True):
        header = wcs.to_header()
        header.update(marks)
        header["FILTER"] = (name, f"the filter imitated, {band}")
        header["BUNIT"] = "electron/s"
        header["ABZP"] = (CAMERA[band].zero_point, "AB magnitude of 1 electron/s")
        yield f"{band.lower()}.fits", fits.PrimaryHDU(field.bands[band], header)
    truth = fits.table_to_hdu(field.truth)
    truth.header.update(marks)
    yield "truth.fits", truth


def _wcs(shape: tuple[int, ...]) -> WCS:
    """Return a tangential projection about the centre of the image."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = CENTRE_DEG
    wcs.wcs.crpix = [(n + 1) / 2 for n in reversed(shape)]
    wcs.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    wcs.wcs.radesys = "ICRS"
    return wcs
