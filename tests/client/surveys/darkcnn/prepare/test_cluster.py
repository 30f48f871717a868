"""Maps of a cluster lie on one grid, and attributes are possible ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.cluster import (
    attributes_of,
    check_shape,
    map_of,
)


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        ({"xray": (9, 9)}, "A1 must have a map of all mass .* received xray"),
        ({"total": (9, 9), "gas": (9, 9)}, "received total, gas"),
        ({"total": (9, 9), "xray": (9, 10)}, r"differ in shape: \(9, 9\), \(9, 10\)"),
        ({"total": (7, 9)}, r"has shape \(7, 9\); needed are two axes of 8 pixels"),
    ],
)
def test_what_is_no_cluster_is_refused(cluster, maps, said):
    with pytest.raises(BadInput, match=said):
        cluster({name: np.zeros(shape) for name, shape in maps.items()})


@pytest.mark.parametrize("shape", [(9,), (9, 9, 9), (20_000, 20_000), (0, 9)])
def test_shapes_of_no_map(shape):
    with pytest.raises(BadInput, match="the map of a has shape"):
        check_shape(shape, "a")


def test_masked_and_infinite_pixels_become_nan():
    given = np.array([[1, np.inf], [-np.inf, 4]], dtype=">f4")
    found = map_of(given, masked=[[0, 0], [0, 2]])
    np.testing.assert_array_equal(found, [[1, np.nan], [np.nan, np.nan]])
    assert found.dtype == np.float64
    assert given[0, 1] == np.inf  # the file's own pixels stay as they are


def test_whole_numbers_are_a_map_too():
    np.testing.assert_array_equal(
        map_of(np.arange(4).reshape(2, 2), 0), [[0, 1], [2, 3]]
    )


def test_attributes_that_cannot_be_are_absent():
    stated = {
        "redshift": 0.2,
        "log_m200": 14.5,
        "xray_concentration": 1.5,
        "bcg_ellipticity": math.nan,
    }
    assert attributes_of(stated) == {"log_m200": 14.5}
    assert attributes_of({"log_m200": 4e14}) == {}
