"""The map of a sky."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams.skies import Places, sky

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

NONE = Places(*(np.zeros(0) for _ in range(3)))


def test_longitude_grows_to_the_left():
    found = Places(
        np.array([0.0, 90, 270, 359]), np.array([0.0, 30, -30, 1]), np.ones(4)
    )
    (axes,) = sky(found, NONE, NONE, title="some", missed_label="missed").axes
    places = np.degrees(axes.collections[0].get_offsets())
    np.testing.assert_allclose(
        places, [[0, 0], [-90, 30], [90, -30], [1, 1]], atol=1e-9
    )


def test_the_brighter_the_larger():
    flux = np.array([-1e-10, 1e-12, 1e-10, 1e-8, 1e-6])
    found = Places(np.arange(5.0), np.zeros(5), flux)
    (axes,) = sky(found, NONE, NONE, title="some", missed_label="missed").axes
    area = axes.collections[0].get_sizes()
    assert area[0] == area[1] > 0  # fainter than the faintest
    assert (np.diff(area[1:]) > 0).all()


def test_each_kind_is_counted_and_looks_different():
    groups = [Places(np.zeros(n), np.zeros(n), np.full(n, 1e-9)) for n in (3, 2, 1)]
    (axes,) = sky(*groups, title="some", missed_label="missed, above 1").axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels[:3] == ["found: 3", "missed, above 1: 2", "false: 1"]
    found, missed, false = axes.collections[:3]
    assert not len(missed.get_facecolor())
    assert found.get_facecolor().tolist() != false.get_facecolor().tolist()
    assert len(labels) == 6  # and three fluxes
