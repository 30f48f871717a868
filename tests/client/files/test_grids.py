"""Bands that lie on one grid pass, and others are refused."""

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.grids import check_same_grid
from amphitrite.files.images import read_image

SHAPE = (50, 60)


def write(path, data, *, wcs):
    header = wcs.to_header() if wcs is not None else None
    fits.PrimaryHDU(data, header).writeto(path)
    return path


@pytest.mark.parametrize("band", "hjvz")
def test_candels_stamps_share_a_grid(band, real_data):
    stamp = "GDS_ers2_12623_{}.fits.gz"
    with (
        read_image(real_data / "hst" / stamp.format("h"), minimum=40) as h,
        read_image(real_data / "hst" / stamp.format(band), minimum=40) as other,
    ):
        assert h.shape == (84, 84)
        check_same_grid({"H": h, band: other})
        assert np.isfinite(other.rows(0, 84)).all()


class TestGrid:
    def compare(self, tmp_path, data_b, wcs_a, wcs_b):
        a = write(tmp_path / "a.fits", np.zeros(SHAPE, np.float32), wcs=wcs_a)
        b = write(tmp_path / "b.fits", data_b, wcs=wcs_b)
        with read_image(a) as image_a, read_image(b) as image_b:
            check_same_grid({"H": image_a, "V": image_b})

    def test_same(self, tmp_path, sky):
        self.compare(tmp_path, np.zeros(SHAPE), sky(), sky())

    def test_no_wcs_at_all(self, tmp_path):
        self.compare(tmp_path, np.zeros(SHAPE), None, None)

    def test_rounded_scale(self, tmp_path, sky):
        # The two spellings of one scale in the headers of CANDELS.
        other = sky(scale=1.6666666915e-5)
        self.compare(tmp_path, np.zeros(SHAPE), sky(), other)

    def test_shape(self, tmp_path):
        with pytest.raises(BadInput, match=r"differ in shape .*60 x 50 .* 60 x 49 "):
            self.compare(tmp_path, np.zeros((49, 60)), None, None)

    @pytest.mark.parametrize(
        ("pixels_apart", "refused"), [(0.005, False), (0.02, True)]
    )
    def test_shifted(self, tmp_path, pixels_apart, refused, sky):
        moved = sky(crval=(53.1, -27.8 + pixels_apart * 1.666667e-5))
        if not refused:
            self.compare(tmp_path, np.zeros(SHAPE), sky(), moved)
            return
        with pytest.raises(BadInput, match=r"by up to 0.02 pixels") as caught:
            self.compare(tmp_path, np.zeros(SHAPE), sky(), moved)
        assert "CRVAL2: H has -27.8, V has -27.7999996" in str(caught.value)
        assert "CRPIX1" not in str(caught.value)

    @pytest.mark.parametrize("corner", [(0, 0), (59, 0), (0, 49), (59, 49)])
    def test_one_corner_in_common(self, tmp_path, corner, sky):
        """A scale that differs by a thousandth shows at the other corners."""
        wcs = [sky(), sky(scale=1.001 * 1.666667e-5)]
        for each in wcs:
            each.wcs.crpix = [axis + 1 for axis in corner]
        # at most 59 and 49 pixels away
        with pytest.raises(BadInput, match=r"by up to 0\.0767 pixels"):
            self.compare(tmp_path, np.zeros(SHAPE), *wcs)

    def test_galactic_against_equatorial(self, tmp_path, sky):
        other = sky()
        other.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
        other.wcs.crval = [223.0, -54.0]
        with pytest.raises(BadInput, match="CTYPE1: H has 'RA---TAN', V has 'GLON"):
            self.compare(tmp_path, np.zeros(SHAPE), sky(), other)

    def test_one_without(self, tmp_path, sky):
        with pytest.raises(BadInput, match=r"band V has no celestial WCS .*b.fits"):
            self.compare(tmp_path, np.zeros(SHAPE), sky(), None)
