"""Prepared clusters are written as they are, and can be read again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite.surveys.darkcnn.prepare import archive
from amphitrite.surveys.darkcnn.prepare.inputs import clusters
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import prepared


def several(cluster, density):
    given = [
        cluster(attributes={"log_m200": 14.6}),
        cluster({"total": density(core=30.0), "stars": density()}, name="B"),
        cluster({"total": density() / density().max()}, name="C", unit="maximum"),
    ]
    return [prepared(each, Reading(), Choices()) for each in given]


def test_the_archive_holds_the_tensors_and_where_they_come_from(
    cluster, density, tmp_path
):
    given = several(cluster, density)
    path = tmp_path / "p.npz"
    assert archive.write(path, iter(given), lambda: {"creator": "me"}) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.npz"]
    with np.load(path, allow_pickle=False) as found:
        for tensor in MODEL.inputs:
            assert found[tensor.name].shape == (3, *tensor.shape)
            assert found[tensor.name].dtype == tensor.dtype
        for row, one in enumerate(given):
            np.testing.assert_array_equal(found["maps"][row], one.maps)
            np.testing.assert_array_equal(found["present"][row], one.present)
        assert found["relative"].tolist() == [[0], [0], [1]]
        assert found["cluster_id"].tolist() == ["A1", "B", "C"]
        assert found["flags"][2] == "relative"
        np.testing.assert_array_equal(found["log_m200"][1:], [np.nan] * 2)
        assert json.loads(str(found["provenance"])) == {"creator": "me"}


def test_the_readers_take_it_in_place_of_the_maps(cluster, density, tmp_path):
    given = several(cluster, density)
    path = tmp_path / "p.npz"
    archive.write(path, given, dict)
    again = list(clusters([path]))
    for one, other in zip(given, again, strict=True):
        assert (one.name, one.flags) == (other.name, other.flags)
        # what passes through the unit's number and back is rounded
        np.testing.assert_allclose(other.maps, one.maps, rtol=1e-6)
        np.testing.assert_array_equal(other.present, one.present)
        np.testing.assert_array_equal(other.attributes, one.attributes)


def test_no_cluster_is_no_archive(tmp_path):
    with pytest.raises(BadInput, match="no cluster to write"):
        archive.write(tmp_path / "p.npz", [], dict)
    assert not list(tmp_path.iterdir())
