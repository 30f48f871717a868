"""Celestial coordinates of small images."""

import pytest
from astropy.wcs import WCS


@pytest.fixture
def sky():
    """Make the coordinates of an image of 50 x 60 pixels."""

    def make(*, crval=(53.1, -27.8), scale=1.666667e-5):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval = crval
        wcs.wcs.crpix = [30.5, 25.5]
        wcs.wcs.cd = [[-scale, 0], [0, scale]]
        return wcs

    return make
