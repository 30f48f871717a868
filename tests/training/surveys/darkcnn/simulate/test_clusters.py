"""Clusters are made in chunks, and kept."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.darkcnn.simulate.clusters import Chunk, clusters
from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import (
    Population,
    draw,
    random_cross_sections,
)


@pytest.fixture(scope="module")
def some(cache):
    """Return four ids with two cross-sections and a random one."""
    return clusters(500, 4, (0.0, 1.0), 1)


def test_every_id_has_all_its_cross_sections(some):
    assert len(some) == 12
    np.testing.assert_array_equal(some.truth["number"], np.repeat(range(500, 504), 3))
    given = some.truth["cross_section"].reshape(4, 3)
    np.testing.assert_array_equal(given[:, :2], [[0.0, 1.0]] * 4)
    np.testing.assert_array_equal(
        given[:, 2], [random_cross_sections(number, 1)[0] for number in range(500, 504)]
    )


def test_half_precision_of_logarithms_keeps_the_maps(some):
    expected = maps(draw(502), some.truth["cross_section"][6:9])
    for place, (truth, three) in enumerate(expected, 6):
        found = some[place]
        assert found.dtype == np.float32
        # half of the last bit of a logarithm between 2 and 4 is 0.22 %
        np.testing.assert_allclose(found, three, rtol=2.5e-3)
        assert some.truth["core_kpc"][place] == truth.core_kpc


def test_a_set_is_kept_and_found_again(cache, some):
    folders = set((cache / "clusters").iterdir())
    again = clusters(500, 4, (0.0, 1.0), 1)
    assert set((cache / "clusters").iterdir()) == folders
    np.testing.assert_array_equal(again[5], some[5])


def test_chunks_follow_each_other(some, monkeypatch):
    """Four ids in chunks of three, made by two processes."""
    monkeypatch.setattr("amphitrite_training.fitting.chunks._TOGETHER", 3)
    parts = clusters(500, 4, (0.0, 1.0), 1)
    assert [len(chunk) for chunk in parts.chunks] == [9, 3]
    for place in (0, 8, 9, 11):
        np.testing.assert_array_equal(parts[place], some[place])
    for key, values in some.truth.items():
        np.testing.assert_array_equal(parts.truth[key], values)


@pytest.mark.parametrize("place", [-1, 12])
def test_there_are_no_others(some, place):
    with pytest.raises(IndexError, match=f"cluster {place} of 12"):
        some[place]


def test_a_damaged_file_is_named(cache):
    clusters(900, 1, (0.0,))
    (folder,) = (
        path
        for path in (cache / "clusters").iterdir()
        if len(np.load(path / "maps.npy", mmap_mode="r")) == 1
    )
    (folder / "truth.npz").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"damaged.*remove that folder"):
        clusters(900, 1, (0.0,))


def test_a_description_says_all_that_a_chunk_depends_on():
    others = (
        Chunk(2, 2),
        Chunk(1, 3),
        Chunk(1, 2, (0.0,)),
        Chunk(1, 2, n_random=1),
        Chunk(1, 2, population=Population(feedback=1.0)),
    )
    assert all(Chunk(1, 2) != other for other in others)
