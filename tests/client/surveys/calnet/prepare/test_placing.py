"""A star is known by the name of its file, else by its header."""

from pathlib import Path

import pytest
from astropy.io import fits

from amphitrite.surveys.calnet.prepare.placing import star_key


@pytest.mark.parametrize(
    ("name", "star"),
    [
        ("tess2019226182529-s0015-0000000117544915-0151-s_lc.fits", "TIC 117544915"),
        (
            "tess2019226182529-s0015-0000000117544915-0151-a_fast-lc.fits.gz",
            "TIC 117544915",
        ),
        (
            "hlsp_tess-spoc_tess_phot_0000000117544915-s0015_tess_v1_lc.fits",
            "TIC 117544915",
        ),
        ("hlsp_qlp_tess_ffi_s0056-0000000117544915_tess_v01_llc.fits", "TIC 117544915"),
        ("kplr008462852-2011073133259_slc.fits", "KIC 8462852"),
        ("ktwo201367065-c01_llc.fits", "EPIC 201367065"),
    ],
)
def test_the_missions_files_are_not_opened(name, star):
    assert star_key(Path("nowhere") / name) == star


def test_the_header_tells_where_the_name_does_not(tmp_path):
    path = tmp_path / "star.fits"
    primary = fits.PrimaryHDU()
    primary.header["OBJECT"] = "TIC 117544915"
    primary.header["MISSION"] = "TESS"
    primary.writeto(path)
    assert star_key(path) == "TIC 117544915"


def test_a_file_that_tells_nothing_is_its_name(tmp_path):
    path = tmp_path / "star.fits.gz"
    path.write_text("nothing")
    assert star_key(path) == "star.fits"
    assert star_key(tmp_path / "gone.fits") == "gone.fits"
