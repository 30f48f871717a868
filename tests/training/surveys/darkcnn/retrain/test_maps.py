"""A user's files become maps with labels, whatever their format."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite_training.fitting.task import OwnData
from amphitrite_training.surveys.darkcnn.observing import View, seen
from amphitrite_training.surveys.darkcnn.retrain.maps import read


def load(*paths, labels="sigma", group="id", unit="", **stated):
    return read(OwnData(paths, labels, group, unit), Reading(**stated))


def test_maps_are_those_of_the_file(archive, some):
    maps, account = load(archive())
    assert len(maps) == len(some)
    np.testing.assert_array_equal(
        maps.truth["cross_section"], some.truth["cross_section"]
    )
    np.testing.assert_array_equal(maps.groups, some.truth["number"].astype(str))
    assert maps.channels.all()
    assert not maps.relative.any()
    view = View(np.ones(3, bool))
    for place in (0, 5):
        one = seen(maps[place], view, np.random.default_rng(1))
        other = seen(some[place], view, np.random.default_rng(1))
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-5)
    assert account.files[0][0] == "maps.npz"
    assert sum(n for _, n in account.labels) == len(some)
    assert not account.skipped
    assert maps.noise() == 0


def test_what_is_missing_cannot_be_seen(archive, some):
    total = np.stack([some[place][0] for place in range(len(some))])
    maps, _ = load(archive(maps=total, channels=None, log_m200=None))
    view = maps.possible(0, View(np.ones(3, bool), False, 30.0, 30.0))
    np.testing.assert_array_equal(view.channels, [True, False, False])
    assert (view.galaxies, view.kiloseconds) == (30, 0)
    assert np.isnan(maps.truth["log_m200"]).all()
    assert np.isfinite(maps.truth["redshift"]).all()


def test_a_map_over_its_maximum_stays_so(archive, some):
    total = np.stack([some[place][0] for place in range(len(some))])
    total /= total.max((1, 2), keepdims=True)
    maps, _ = load(archive(maps=total, channels=None, unit="maximum"))
    assert maps.relative.all()
    view = maps.possible(0, View(np.ones(3, bool), False, 30.0, 0.0))
    assert view.relative
    assert view.galaxies == 0
    found = seen(maps[0], view, np.random.default_rng(1))
    assert found[..., 0].max() == pytest.approx(1)


def test_noise_that_maps_have_is_known(archive, some):
    rng = np.random.default_rng(1)
    total = np.stack([some[place][0] for place in range(len(some))])
    noisy = total + rng.normal(0, 0.4 * DENSITY, total.shape)
    maps, _ = load(archive(maps=noisy, channels=None))
    # the median of sixteen maps, each good to 3 %
    assert maps.noise() == pytest.approx(0.4, rel=0.05)


def test_fits_files_with_keywords(some, tmp_path):
    for place in range(4):
        image = fits.PrimaryHDU(some[place][0])
        image.header.update(
            {
                **{"BUNIT": "Msun/kpc2", "REDSHIFT": 0.2, "PIXELKPC": 20.0},
                **{"MODEL": ["CDM", "SIDM0.1", "SIDM1", "SIDM0.3"][place], "HALO": 7},
            }
        )
        image.writeto(tmp_path / f"{place}.fits")
    maps, account = load(tmp_path, labels="MODEL", group="halo")
    np.testing.assert_array_equal(maps.truth["cross_section"], [0, 0.1, 1, 0.3])
    assert set(maps.groups) == {"7"}
    assert len(account.files) == 4
    assert "1 of 1 groups have maps in several files" in account.choices[-1]


def test_the_database_of_the_original(some, tmp_path):
    import pickle

    images = [np.moveaxis(some[place], 0, -1) for place in range(3)]
    images = [each / each.max((0, 1)) for each in images]
    params = {
        "sim": ["CDM", "SIDM0.1", "SIDM1"],
        "clusterid": ["12"] * 3,
        "redshift": [0.25] * 3,
        "lensing_norm": [1e15] * 3,
    }
    with (tmp_path / "example.pkl").open("wb") as file:
        pickle.dump((params, images), file)
    maps, _ = load(tmp_path / "example.pkl", labels="sim", group="clusterid")
    np.testing.assert_array_equal(maps.truth["cross_section"], [0, 0.1, 1])
    assert set(maps.groups) == {"12"}


def test_labels_in_another_unit(archive, some):
    sigma = some.truth["cross_section"] / 10
    maps, _ = load(archive(sigma=sigma, sigma_unit="m2/kg"))
    np.testing.assert_allclose(
        maps.truth["cross_section"], some.truth["cross_section"], rtol=1e-6
    )
    with pytest.raises(BadInput, match="not that of a cross-section per mass"):
        load(archive(sigma_unit="kpc"))
    with pytest.raises(BadInput, match=r"cluster 1 is -1\.5.* a logarithm"):
        load(archive(sigma=np.log10(some.truth["cross_section"] + 0.03)))


def test_bad_maps_are_named_and_left_out(archive, some, caplog):
    redshift = some.truth["redshift"].copy()
    redshift[2] = np.nan
    sigma = some.truth["cross_section"].copy()
    sigma[4] = np.nan
    with caplog.at_level(logging.WARNING):
        maps, account = load(archive(redshift=redshift, sigma=sigma))
    assert len(maps) == len(some) - 2
    assert [label.rpartition(" ")[2] for label in account.skipped] == ["3", "5"]
    assert "cluster 3" in caplog.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"unit": None}, "does not say in which unit"),
        ({"maps": np.ones((16, 100, 100, 5))}, "shape"),
        ({"maps": np.ones((16, 4, 4)), "channels": None}, "shape"),
        ({"maps": np.ones((16, 100, 100, 2)), "channels": None}, "2 channels"),
        ({"sigma": np.zeros(3)}, "'sigma'"),
        ({"sigma": np.full(16, 0.1)}, "all 16 maps have the cross-section 0.1"),
        ({"sigma": np.full(16, np.nan)}, "not a number"),
    ],
)
def test_files_that_cannot_be_used(archive, changes, why):
    with pytest.raises(BadInput, match=why):
        load(archive(**changes))
