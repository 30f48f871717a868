"""Maps on disk are the sums of the windows, in the order of the labels."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.errors import OutputError
from amphitrite.surveys.morpheus.interpret.mosaics import write_maps
from amphitrite.surveys.morpheus.interpret.sums import Sums

LABELS = ("disk", "sky", "star")
SHAPE = (50, 64)


@pytest.fixture
def sums():
    """Sums of three windows; pixels at the edges and between them are not judged."""
    windows = np.random.default_rng(5).dirichlet([1, 2, 3], (3, 40, 40))
    sums = Sums.zeros(0, (len(LABELS), *SHAPE))
    sums.add_windows(0, np.array([0, 20]), windows[:2].astype(np.float32))
    sums.add_windows(7, np.array([24]), windows[2:].astype(np.float32))
    return sums


@pytest.fixture
def wcs():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [53.1, -27.8]
    wcs.wcs.crpix = [30.5, 25.5]
    wcs.wcs.cd = [[-1.7e-5, 0], [0, 1.7e-5]]
    return wcs


def write(parts, folder, *, wcs=None):
    cards = {"STRIDE": 3, "MODEL": "morpheus"}
    write_maps(parts, folder, shape=SHAPE, labels=LABELS, wcs=wcs, cards=cards)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_label_has_its_maps_and_all_share_the_count(sums, tmp_path):
    write([sums], tmp_path)
    assert sorted(contents(tmp_path)) == [
        "count.fits", "disk.fits", "sky.fits", "star.fits",
    ]  # fmt: skip
    planes = {
        "MEAN": sums.mean(), "VARIANCE": sums.variance(), "RANK_VOTE": sums.rank_vote(),
    }  # fmt: skip
    for number, label in enumerate(LABELS):
        with fits.open(tmp_path / f"{label}.fits") as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus[1:]] == list(planes)
            for name, expected in planes.items():
                np.testing.assert_array_equal(hdus[name].data, expected[number])
    count = fits.getdata(tmp_path / "count.fits", "COUNT")
    assert count.dtype == np.dtype(">i2")
    np.testing.assert_array_equal(count, sums.count)
    assert set(np.unique(count)) == {0, 1, 2, 3}


def test_strips_do_not_show(sums, tmp_path):
    for name in ("whole", "strips", "backwards"):
        (tmp_path / name).mkdir()
    write([sums], tmp_path / "whole")
    above, rest = sums.cut(11)
    middle, below = rest.cut(30)
    write(iter([above, middle, below]), tmp_path / "strips")
    write([below, middle, above], tmp_path / "backwards")
    assert contents(tmp_path / "strips") == contents(tmp_path / "whole")
    assert contents(tmp_path / "backwards") == contents(tmp_path / "whole")


def test_rows_that_no_strip_covers_are_of_no_class(sums, tmp_path):
    write([sums.cut(30)[0]], tmp_path)
    with fits.open(tmp_path / "disk.fits") as hdus:
        assert hdus["MEAN"].data[:30].any()
        assert not hdus["MEAN"].data[30:].any()
    assert not fits.getdata(tmp_path / "count.fits", "COUNT")[30:].any()


def test_headers_have_label_provenance_and_coordinates(sums, tmp_path, wcs):
    write([sums], tmp_path, wcs=wcs)
    with fits.open(tmp_path / "star.fits") as hdus:
        header = hdus[0].header
        assert (header["LABEL"], header["STRIDE"]) == ("star", 3)
        got = WCS(hdus["MEAN"].header).pixel_to_world_values(3, 40)
    np.testing.assert_allclose(got, wcs.pixel_to_world_values(3, 40), rtol=1e-12)
    header = fits.getheader(tmp_path / "count.fits")
    assert header["MODEL"] == "morpheus"
    assert "LABEL" not in header


def test_a_folder_that_is_gone_is_named(sums, tmp_path):
    with pytest.raises(OutputError, match=r"no-such.disk\.fits"):
        write([sums], tmp_path / "no-such")
