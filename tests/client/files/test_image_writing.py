import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.errors import OutputError
from amphitrite.files.image_writing import Extension, ImageFile
from amphitrite.files.images import read_image

SHAPE = (50, 60)


def sky():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [53.1, -27.8]
    wcs.wcs.crpix = [30.5, 25.5]
    wcs.wcs.cd = [[-1.7e-5, 0], [0, 1.7e-5]]
    return wcs


@pytest.fixture
def pixels():
    return np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)


class TestImageFile:
    LAYERS = (
        Extension("MEAN", "float32"),
        Extension("VARIANCE", "float32"),
        Extension("RANK_VOTE", "float32", "count"),
    )

    def test_several_extensions(self, tmp_path, pixels):
        path = tmp_path / "out.fits"
        cards = {"DATE": "2024-01-02T03:04:05", "input H": "h.fits"}
        with ImageFile(
            path, shape=SHAPE, extensions=self.LAYERS, wcs=sky(), cards=cards
        ) as file:
            file.write_rows("VARIANCE", 20, pixels[20:50])
            file.write_rows("VARIANCE", 0, pixels[:20])
            file.write_rows("RANK_VOTE", 49, np.ones((1, 60)))
        with fits.open(path, memmap=True) as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus] == [
                "PRIMARY",
                "MEAN",
                "VARIANCE",
                "RANK_VOTE",
            ]
            assert hdus[0].data is None
            assert hdus[0].header["DATE"] == "2024-01-02T03:04:05"
            assert list(hdus[0].header["HISTORY"]) == ["input H: h.fits"]
            np.testing.assert_array_equal(hdus["VARIANCE"].data, pixels)
            assert not hdus["MEAN"].data.any()
            assert hdus["RANK_VOTE"].data.sum() == 60
            assert hdus["RANK_VOTE"].header["BUNIT"] == "count"
            got = WCS(hdus["MEAN"].header).pixel_to_world_values(3, 4)
            np.testing.assert_allclose(got, sky().pixel_to_world_values(3, 4))
        assert path.stat().st_size % 2880 == 0
        with read_image(path, hdu="VARIANCE") as image:
            np.testing.assert_array_equal(image.rows(0, 50), pixels)

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
    def test_single_image_is_primary(self, tmp_path, dtype):
        path = tmp_path / "out.fits"
        data = np.arange(3000).reshape(SHAPE) % 200
        with ImageFile(
            path, shape=SHAPE, extensions=[Extension("COUNT", dtype)], wcs=sky()
        ) as file:
            file.write_rows("COUNT", 0, data)
        with fits.open(path) as hdus:
            hdus.verify("exception")
            assert len(hdus) == 1
            assert hdus[0].name == "COUNT"
            np.testing.assert_array_equal(hdus[0].data, data)
            assert hdus[0].data.dtype.name == dtype

    def test_memory_stays_at_the_strip(self, tmp_path):
        shape, strip = (3000, 3000), np.ones((50, 3000), dtype=np.float32)
        path = tmp_path / "large.fits"
        tracemalloc.start()
        with ImageFile(path, shape=shape, extensions=self.LAYERS) as file:
            for y0 in range(0, 3000, 50):
                for layer in self.LAYERS:
                    file.write_rows(layer.name, y0, strip)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # A big-endian copy of the strip and the headers; one layer is 36 MB.
        assert peak < 4 * strip.nbytes
        with read_image(path, hdu="RANK_VOTE") as image:
            assert image.rows(2999, 3000).sum() == 3000

    def test_rows_that_do_not_fit(self, tmp_path):
        with ImageFile(
            tmp_path / "out.fits", shape=SHAPE, extensions=[Extension("A", "int16")]
        ) as file:
            with pytest.raises(ValueError, match=r"rows of shape \(2, 60\) at row 49"):
                file.write_rows("A", 49, np.zeros((2, 60)))
            with pytest.raises(ValueError, match=r"rows of shape \(1, 59\)"):
                file.write_rows("A", 0, np.zeros((1, 59)))

    def test_unwritable(self, tmp_path):
        with pytest.raises(OutputError, match=r"cannot write .*: No such file"):
            ImageFile(tmp_path / "no" / "out.fits", shape=SHAPE, extensions=self.LAYERS)

    def test_nothing_is_replaced(self, tmp_path):
        (tmp_path / "old.fits").write_text("old")
        (tmp_path / "link.fits").symlink_to(tmp_path / "nowhere.fits")
        for name in ("old.fits", "link.fits"):
            with pytest.raises(OutputError, match="File exists"):
                ImageFile(tmp_path / name, shape=SHAPE, extensions=self.LAYERS)
        assert (tmp_path / "old.fits").read_text() == "old"
        assert not (tmp_path / "nowhere.fits").exists()

    def test_full_disk(self, full_disk):
        def fill(folder):
            with ImageFile(
                folder / "a.fits", shape=(1000, 1000), extensions=self.LAYERS
            ) as file:
                file.write_rows("MEAN", 0, np.ones((1000, 1000)))

        with pytest.raises(OutputError, match="No space left on device"):
            full_disk(fill)
