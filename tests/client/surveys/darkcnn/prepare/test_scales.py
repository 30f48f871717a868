"""The size of a pixel in kpc, from coordinates or as it is stated."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.scales import (
    kpc_per_arcsec,
    pixel_kpc,
    wcs_arcsec,
)


def coordinates(matrix):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.0]
    wcs.wcs.cd = np.asarray(matrix) / 3600
    return wcs


def test_the_scale_of_planck_2018():
    """At redshift 0.3 an arcsecond is 4.60 kpc: an angular distance of 948.2 Mpc."""
    by_hand = 948.2e3 * np.deg2rad(1 / 3600)
    assert kpc_per_arcsec(0.3) == pytest.approx(by_hand, rel=1e-3)  # of rounding
    with pytest.raises(BadInput, match=r"no length at redshift 0.*--pixel-kpc"):
        kpc_per_arcsec(0.0)


@pytest.mark.parametrize("degrees", [0, 30, 90, 200])
def test_turned_coordinates(degrees):
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turned = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-3.0, 2.0])
    # wcslib takes cosines and sines, whose errors are of the last digits
    assert wcs_arcsec(coordinates(turned), "a") == pytest.approx((2, 3), rel=1e-9)


def test_skew_pixels_are_refused():
    with pytest.raises(BadInput, match="the pixels of a are no rectangles"):
        wcs_arcsec(coordinates([[-3, 1], [0, 3]]), "a")


def test_who_counts_before_whom():
    arcsec = kpc_per_arcsec(0.3)
    for reading, stated, expected in (
        (Reading(pixel_kpc=5.0), {"kpc": 9.0, "arcsec": 1.0}, (5, 5)),
        (Reading(pixel_arcsec=2.0), {"kpc": 9.0}, (2 * arcsec, 2 * arcsec)),
        (Reading(), {"kpc": (9.0, 8.0), "arcsec": 1.0}, (9, 8)),
        (Reading(), {"arcsec": (1.0, 2.0)}, (arcsec, 2 * arcsec)),
    ):
        assert pixel_kpc(reading, 0.3, "a", **stated) == pytest.approx(expected)


def test_an_unknown_size_is_refused():
    with pytest.raises(BadInput, match="does not say how large its pixels are"):
        pixel_kpc(Reading(), 0.3, "a")


@pytest.mark.parametrize("kpc", [101.0, 0.0, -3.0, np.nan])
def test_an_impossible_size_is_refused(kpc):
    with pytest.raises(BadInput, match="at most 100 kpc, or no core"):
        pixel_kpc(Reading(), 0.3, "a", kpc=kpc)
