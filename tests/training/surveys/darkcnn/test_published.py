"""Published maps are read as a user's own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite_training.surveys.darkcnn.published import (
    FILE,
    VARIABLE,
    at_hand,
    judged_maps,
)

from .drawn import LEARNED, published
from .rule import scores, served


@pytest.fixture
def file(tmp_path):
    """An archive of maps as the published one is, with its frame of NaN."""
    offsets = np.hypot(*(np.mgrid[:100, :100] - 49.5))
    maps = np.stack([1 / (1 + offsets / core) for core in (3, 3, 4, 4, 6, 6)])
    maps *= 0.9 / maps.max((1, 2), keepdims=True)
    maps[:, :2] = maps[:, -2:] = maps[:, :, :2] = maps[:, :, -2:] = np.nan
    path = tmp_path / "maps.npz"
    label = np.array([0, 0, 0.1, 0.1, 1, 1])
    np.savez(path, total=maps.astype(np.float16), label=label, panel=np.arange(6))
    return path


def test_maps_are_judged_over_their_maximum(file):
    found = judged_maps(served(max_batch=4), file, LEARNED)
    assert found.true.tolist() == [0, 0, 0.1, 0.1, 1, 1]
    assert found.classes.tolist() == [0, 0, 1, 1, 2, 2]
    assert set(found.clusters.kinds) == {"relative total"}
    np.testing.assert_allclose(
        found.clusters.score,
        scores(np.stack([np.stack([m, m, m], -1) for m in found.maps])),
        rtol=1e-4,
    )
    # the rule does not look at the redshift
    assert found.n_steady == 6
    inner = [found.mean_profile(number)[2] for number in range(3)]
    assert inner == sorted(inner)
    # over their own maxima, whatever that of the file
    highest = found.maps.max((1, 2))
    np.testing.assert_allclose(
        found.profiles, found.clusters.profile / highest[:, None], rtol=1e-5
    )
    # the first ring has the four pixels of the peak alone
    np.testing.assert_allclose(found.profiles[:, 0], 1, rtol=1e-3)
    json.dumps(found.as_dict(), allow_nan=False)


def test_they_are_found_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert at_hand() is None
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert at_hand() is None
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).touch()
    assert at_hand() == tmp_path / FILE


def test_the_real_file_can_be_read(real_data):
    found = judged_maps(served(), real_data / FILE, LEARNED)
    assert found.true.tolist() == pytest.approx([0, 0, 0.1, 0.1, 1, 1], abs=1e-3)
    # the core of 1 cm2/g is flatter than that of none: 60 to 80 kpc over the maximum
    assert found.mean_profile(2)[3] > 1.2 * found.mean_profile(0)[3]


def test_those_beyond_the_limit_are_far():
    found = published(np.random.default_rng(1))
    np.testing.assert_array_equal(found.is_far, found.clusters.distance > 2)
