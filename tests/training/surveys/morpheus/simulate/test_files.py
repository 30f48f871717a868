"""Files of a simulated field are read by the client, and say what they are."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

from amphitrite.errors import OutputError
from amphitrite.files.grids import check_same_grid
from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS
from amphitrite_training.surveys.morpheus.simulate.field import render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field


def test_files_say_what_they_are(field, tmp_path):
    write_field(field, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "h.fits", "j.fits", "truth.fits", "v.fits", "z.fits",
    ]  # fmt: skip
    for band, name in zip(BANDS, FILTERS, strict=True):
        with fits.open(tmp_path / f"{band.lower()}.fits") as hdus:
            hdus.verify("exception")
            header = hdus[0].header
            np.testing.assert_array_equal(hdus[0].data, field.bands[band])
        assert header["OBJECT"] == "SIMULATED"
        assert header["SIMULATE"] is True
        assert header["SEED"] == 20
        assert header["FILTER"] == name
        assert header["BUNIT"] == "electron/s"
        wcs = WCS(header)
        assert list(wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN"]
        np.testing.assert_allclose(proj_plane_pixel_scales(wcs) * 3600, 0.06)
    truth = Table.read(tmp_path / "truth.fits")
    assert truth.meta["OBJECT"] == "SIMULATED"
    assert str(truth["radius"].unit) == "arcsec"
    np.testing.assert_array_equal(truth["mag_h"], field.truth["mag_h"])


def test_files_are_read_by_the_client_on_one_grid(field, tmp_path):
    write_field(field, tmp_path)
    images = {band: read_image(tmp_path / f"{band.lower()}.fits") for band in BANDS}
    try:
        check_same_grid(images)
        np.testing.assert_array_equal(images["z"].rows(0, 240), field.bands["z"])
    finally:
        for image in images.values():
            image.close()


def test_files_are_replaced(field, tmp_path):
    write_field(render_field(1, shape=(64, 64)), tmp_path)
    write_field(field, tmp_path)
    assert fits.getdata(tmp_path / "j.fits").shape == (240, 250)


def test_refuses_a_missing_folder(field, tmp_path):
    with pytest.raises(OutputError, match=r"no-such.*give an existing folder"):
        write_field(field, tmp_path / "no-such")
