"""One array holds the maps of many clusters, and others what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.npz_maps import read
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.scales import kpc_per_arcsec

N = 3
MAPS = np.random.default_rng(2).random((N, 12, 14)).astype(np.float32)
SAID = {"redshift": [0.1, 0.2, 0.3], "unit": "Msun/kpc2", "pixel_kpc": 20.0}


@pytest.fixture
def write(tmp_path):
    def write(**arrays):
        path = tmp_path / "sample.npz"
        arrays = {**SAID, **arrays}
        np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
        return path

    return write


def test_maps_of_all_mass(write):
    source = read(write(maps=MAPS, id=["a", "b", "c"], sigma=[0, 0.1, 1]), Reading())
    assert source.n == N
    cluster = source.cluster(2)
    assert (cluster.name, cluster.redshift, cluster.unit) == ("c", 0.3, "Msun/kpc2")
    np.testing.assert_array_equal(cluster.maps["total"], MAPS[2])
    assert cluster.others["sigma"] == 1
    assert cluster.source_redshift is None


@pytest.mark.parametrize("axis", [1, -1])
def test_channels_in_one_array(write, axis):
    maps = np.stack([MAPS, MAPS + 1, MAPS + 2], axis=axis)
    cluster = read(write(maps=maps), Reading()).cluster(1)
    assert cluster.name == "sample-2"
    for number, channel in enumerate(("total", "xray", "stars")):
        np.testing.assert_array_equal(cluster.maps[channel], MAPS[1] + number)


def test_channels_with_names(write):
    maps = np.stack([MAPS, MAPS + 1], axis=-1)
    path = write(maps=maps, channels=["stars", "total"])
    cluster = read(path, Reading()).cluster(0)
    np.testing.assert_array_equal(cluster.maps["total"], MAPS[0] + 1)
    cluster = read(path, Reading(channels=("total", "xray"))).cluster(0)
    assert list(cluster.maps) == ["total", "xray"]


def test_an_array_for_each_channel(write):
    path = write(kappa=MAPS, stars=MAPS + 2, unit=None, z_source=[1.0, 1.5, np.nan])
    source = read(path, Reading())
    cluster = source.cluster(1)
    assert (cluster.unit, cluster.source_redshift) == ("kappa", 1.5)
    assert list(cluster.maps) == ["total", "stars"]
    assert source.cluster(2).source_redshift is None
    assert read(path, Reading(source_redshift=3.0)).cluster(1).source_redshift == 3


def test_masks_galaxies_and_attributes(write):
    mask = np.zeros(MAPS.shape, bool)
    mask[1, 2, 3] = True
    places = [[1, 2], [3.5, 4], [np.nan, 1]]
    path = write(maps=MAPS, mask=mask, bcg=places, log_m200=[14.0, np.nan, 15])
    source = read(path, Reading())
    assert np.isnan(source.cluster(1).maps["total"][2, 3])
    assert np.isfinite(source.cluster(0).maps["total"]).all()
    assert [source.cluster(n).bcg for n in range(N)] == [(1, 2), (3.5, 4), None]
    assert source.cluster(0).attributes == {"log_m200": 14}
    assert source.cluster(1).attributes == {}
    one = read(write(maps=MAPS, mask=mask[1]), Reading())
    assert np.isnan(one.cluster(0).maps["total"][2, 3])


def test_angles_are_lengths_at_the_redshift(write):
    path = write(maps=MAPS, pixel_kpc=None, pixel_arcsec=[3.0, 4.0, 5.0])
    found = read(path, Reading()).cluster(1).pixel_kpc
    assert found == pytest.approx((4 * kpc_per_arcsec(0.2),) * 2)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"masses": MAPS}, "holds no maps of all mass: .* its arrays are: redshift, "),
        ({"maps": MAPS[0]}, r"float32 of shape \(12, 14\); needed are numbers"),
        ({"maps": MAPS > 0}, "the maps of total are bool"),
        ({"maps": MAPS[:0]}, r"of shape \(0, 12, 14\)"),
        ({"maps": np.zeros((N, 4, 12, 14))}, r"have shape \(4, 12, 14\)"),
        ({"maps": np.zeros((N, 2, 12, 14))}, "has 2 channels, and does not say which"),
        (
            {"maps": np.zeros((N, 2, 12, 14)), "channels": ["total", "gas"]},
            "names the channels gas, which are none of total, xray, stars",
        ),
        ({"maps": np.zeros((N, 5, 14))}, r"has shape \(5, 14\); needed are two axes"),
        ({"total": MAPS, "xray": MAPS[:2]}, "has 3 maps of total and 2 of xray"),
        ({"maps": MAPS, "mask": np.zeros((2, 12, 14))}, r"mask of .* \(2, 12, 14\)"),
    ],
)
def test_files_that_cannot_be_used(write, arrays, said):
    with pytest.raises(BadInput, match=said):
        read(write(**arrays), Reading())


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"redshift": None}, "sample-1 has no redshift"),
        ({"redshift": [0.1, 0.2]}, "has 3 clusters, and 2 entries of 'redshift'"),
        ({"pixel_kpc": None}, "sample-1 does not say how large its pixels are"),
        ({"bcg": [1.0, 2.0]}, r"'bcg' has shape \(2,\); needed are x and y of each"),
    ],
)
def test_clusters_that_cannot_be_used(write, arrays, said):
    source = read(write(maps=MAPS, **arrays), Reading())
    with pytest.raises(BadInput, match=said):
        source.cluster(0)
