"""Celestial coordinates as headers in the field write them."""

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.files.wcs import celestial_wcs, image_wcs


def test_sip_with_suffix_counts(sky):
    header = sky().to_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"] = header["B_ORDER"] = 2
    header["A_2_0"] = header["B_0_2"] = 1e-3
    wcs = celestial_wcs(header)
    assert wcs.sip is not None


def test_wcs_that_cannot_be_understood(caplog, sky):
    header = sky().to_header()
    header["CTYPE1"] = "RA---XXX"
    assert celestial_wcs(header) is None
    assert "not understood" in caplog.text


@pytest.fixture
def distorted(sky):
    """Make the header of an image that promises polynomials, with further cards."""

    def make(**cards):
        header = sky().to_header()
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
        header.update(cards)
        return header

    return make


@pytest.mark.parametrize(
    ("cards", "left_out"),
    [
        ({}, []),
        ({"A_ORDER": 2, "A_2_0": 1e-3}, ["by polynomials (A_ORDER: "]),
        ({"CPDIS1": "LOOKUP", "CPDIS2": "LOOKUP"}, ["by tables (CPDIS1)"]),
        ({"DP1.EXTVER": 1.0, "DP1.NAXES": 2.0}, ["by tables (DP1.EXTVER)"]),
        ({"D2IMDIS1": "LOOKUP", "D2IM1.EXTVER": 1.0}, ["by tables (D2IMDIS1)"]),
        (
            {"A_ORDER": 2, "A_2_0": 1e-3, "CPDIS1": "LOOKUP"},
            ["by tables (CPDIS1)", "by polynomials (A_ORDER: "],
        ),
    ],
)
def test_leftover_distortions_do_not_cost_the_coordinates(
    cards, left_out, distorted, sky, caplog
):
    wcs, found = image_wcs(distorted(**cards))
    got = wcs.all_pix2world(7, 9, 0)
    np.testing.assert_allclose(got, sky().all_pix2world(7, 9, 0), rtol=1e-12)
    for name, start in zip(found, left_out, strict=True):
        assert name.startswith(start)
    assert not caplog.records


def test_the_celestial_axes_of_an_image_with_others(sky):
    header = fits.Header({"CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0})
    wcs, _ = image_wcs(sky().to_header() + header)
    assert wcs.naxis == 2
    got = wcs.all_pix2world(7, 9, 0)
    np.testing.assert_array_equal(got, sky().all_pix2world(7, 9, 0))
