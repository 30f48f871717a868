"""Four-band images, written as observatories do."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from amphitrite.surveys.morpheus.page import BANDS

SHAPE = (50, 60)
HEADERS = {
    "H": {"INSTRUME": "WFC3", "FILTER": "F160W"},
    "J": {"INSTRUME": "WFC3", "FILTER": "F125W"},
    "V": {"INSTRUME": "ACS", "FILTER1": "F606W", "FILTER2": "CLEAR2L"},
    "z": {"INSTRUME": "ACS", "FILTER1": "CLEAR1L", "FILTER2": "F850LP"},
}


def wcs_cards(arcsec=0.06):
    return {
        **{"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 53.1, "CRVAL2": -27.8},
        **{"CRPIX1": 30.5, "CRPIX2": 25.5},
        **{"CD1_1": -arcsec / 3600, "CD2_2": arcsec / 3600, "CD1_2": 0.0, "CD2_1": 0.0},
    }


def pixels_of(band, shape=SHAPE):
    rng = np.random.default_rng([7, BANDS.index(band)])
    return rng.normal(scale=0.02, size=shape).astype(np.float32)


class FourBands:
    """Writes the four bands, with changes to the headers and pixels of some."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, *, arcsec=0.06, pixels=None, **changes):
        """Return the files in H, J, V, z order; a card that is None is left out."""
        paths = []
        for band in BANDS:
            cards = {"BUNIT": "ELECTRONS/S", **HEADERS[band], **wcs_cards(arcsec)}
            cards |= changes.get(band, {})
            header = fits.Header({k: v for k, v in cards.items() if v is not None})
            paths.append(self.folder / f"{band}.fits")
            data = (pixels or {}).get(band, pixels_of(band))
            fits.PrimaryHDU(data, header).writeto(paths[-1], overwrite=True)
        return paths
