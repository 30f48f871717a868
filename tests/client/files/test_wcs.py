"""Celestial coordinates as headers in the field write them."""

from amphitrite.files.wcs import celestial_wcs


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
