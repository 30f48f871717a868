"""The original's database gives its clusters, with what it says of them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.database import read
from amphitrite.surveys.darkcnn.prepare.reading import Reading


@pytest.fixture
def database(tmp_path, density):
    """Write a database of ten clusters, as the original's code makes it."""

    def write(n=10, images=None, **changed):
        total = density() * 1e6  # Msun/Mpc2
        norm = total.max()
        galaxies = np.rec.array([(1.0, 2.0), (3.0, 4.0)], dtype="f8,f8")
        params = {
            "sim": ["CDM", "SIDM0.1", "SIDM1", "CDM_hi", "CDM_low"] * (n // 5),
            "label": [0.0, 0.1, 1.0, 0.0, 0.0] * (n // 5),
            "redshift": [0.0] * 5 + [0.25] * (n - 5),
            "clusterID": ["7"] * n,
            "mass": np.full(n, 14.5),
            "lensing_norm": [norm] * n,
            "xray_norm": [1e-13] * n,
            "galaxy_catalogues": [galaxies] * n,
            "BCG_e1": np.full(n, 0.3),
            "BCG_e2": np.full(n, 0.4),
            "xrayConc": [0.3] * n,
        }
        if images is None:
            image = np.stack([total / norm, density(core=99), density(core=9)], axis=-1)
            images = [image] * n
        path = tmp_path / "exampleCNN.pkl"
        path.write_bytes(pickle.dumps(({**params, **changed}, images), 3))
        return path

    return write


@pytest.mark.parametrize("whole", [False, True])
def test_a_database_of_ten_clusters(database, density, whole):
    path = database()
    if whole:  # all images in one array
        params, images = pickle.loads(path.read_bytes())
        path.write_bytes(pickle.dumps((params, np.array(images)), 3))
    source = read(path, Reading())
    assert source.n == 10
    cluster = source.cluster(6)
    assert cluster.name == "SIDM0.1-7-0.25"
    assert list(cluster.maps) == ["total", "xray", "stars"]
    assert (cluster.unit, cluster.redshift) == ("Msun/Mpc2", 0.25)
    # Divided by its maximum and multiplied again: the last digit.
    np.testing.assert_allclose(cluster.maps["total"], density() * 1e6, rtol=1e-14)
    np.testing.assert_array_equal(cluster.maps["stars"], density(core=9))
    assert cluster.pixel_kpc == (20, 20)
    assert cluster.attributes == {
        "log_m200": 14.5,
        "xray_concentration": 0.3,
        "bcg_ellipticity": 0.5,
    }
    assert cluster.others["label"] == 0.1
    assert "galaxy_catalogues" not in cluster.others
    assert len({source.cluster(number).name for number in range(10)}) == 10


def test_maps_of_another_binning_are_2_mpc_wide(database):
    path = database(images=[np.ones((50, 50, 3))] * 10)
    assert read(path, Reading()).cluster(0).pixel_kpc == (40, 40)
    assert read(path, Reading(pixel_kpc=10.0)).cluster(0).pixel_kpc == (10, 10)


def test_maps_that_were_never_divided(database, density):
    path = database(images=[density()[..., None] * 1e6] * 10)
    cluster = read(path, Reading()).cluster(0)
    np.testing.assert_array_equal(cluster.maps["total"], density() * 1e6)
    assert cluster.unit == "Msun/Mpc2"


def test_maps_that_were_binned_after_their_division(database, density):
    path = database(images=[density()[..., None] / density().max() * 0.9] * 10)
    cluster = read(path, Reading()).cluster(0)
    # Divided by its maximum and multiplied again: the last digits.
    want = density() * 0.9e6
    np.testing.assert_allclose(cluster.maps["total"], want, rtol=1e-14)


def test_without_maxima_the_unit_is_unknown_or_stated(database, density):
    path = database(lensing_norm=None)
    assert read(path, Reading()).cluster(0).unit == ""
    cluster = read(path, Reading(unit="maximum")).cluster(0)
    assert cluster.unit == "maximum"
    assert cluster.maps["total"].max() == 1
    path = database(images=[density()[..., None] * 7] * 10)
    assert read(path, Reading()).cluster(0).unit == ""


def test_two_channels_must_be_named(database):
    path = database(images=[np.ones((50, 50, 2))] * 10)
    with pytest.raises(BadInput, match="has 2 channels, and does not say which"):
        read(path, Reading()).cluster(0)
    found = read(path, Reading(channels=("total", "stars"))).cluster(0)
    assert list(found.maps) == ["total", "stars"]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.ones((100, 100, 4)), r"have shape \(100, 100, 4\); needed are"),
        (np.ones(5), r"have shape \(5,\)"),
        (np.ones((7, 7, 3)), "needed are two axes of 8 pixels"),
        (np.full((50, 50), "a"), "has no array of numbers for its maps"),
        ([[1.0]], "has no array of numbers"),
        (None, "has no array of numbers"),
        (np.array([[{}]], dtype=object), "has no array of numbers"),
    ],
)
def test_one_wrong_image_spoils_only_its_cluster(database, image, said):
    path = database(images=[np.ones((50, 50, 3))] * 9 + [image])
    source = read(path, Reading())
    assert source.cluster(0).name == "CDM-7-0"
    with pytest.raises(BadInput, match=said):
        source.cluster(9)


def test_an_unknown_redshift_and_missing_entries(database):
    path = database(redshift=[0.1] * 9 + [float("nan")])
    source = read(path, Reading())
    with pytest.raises(BadInput, match="CDM_low-7-nan has no redshift"):
        source.cluster(9)
    path = database(redshift=[0.1] * 9)
    with pytest.raises(BadInput, match="has 10 clusters, and 9 entries of 'redshift'"):
        read(path, Reading()).cluster(0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "but not of parameters and images"),
        (({}, "maps"), "but not of parameters and images"),
        (({}, np.array(1.0)), "but not of parameters and images"),
        (({}, []), "holds no maps"),
    ],
)
def test_other_pickles(tmp_path, content, said):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(BadInput, match=said):
        read(path, Reading())
