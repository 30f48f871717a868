"""Clusters on their way through the server, without one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.page import DISTANCE, MODEL, PROBABILITIES, SCORE
from amphitrite.surveys.darkcnn.prepare.pieces import Piece
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.work import maps_of, prepare


@pytest.fixture
def many(tmp_path, density):
    """Return an archive of 10 clusters of which the fourth has no redshift."""
    path = tmp_path / "many.npz"
    maps = density() * np.linspace(0.5, 1, 10)[:, None, None]
    redshift = np.full(10, 0.2)
    redshift[3] = np.nan
    np.savez(path, kappa=maps / 2e9, redshift=redshift, pixel_kpc=20.0)
    return path


def test_every_cluster_is_asked_once_and_answers_find_their_places(many, tmp_path):
    gone = tmp_path / "gone.npz"
    block = [Piece(many, 5, 0, 6), Piece(gone, 6, 0, 1), Piece(many, 7, 9, 10)]
    work = prepare(block, reading=Reading(), batch=4)
    requests = list(work.requests())
    assert [len(tensors["maps"]) for _, tensors in requests] == [4, 2]
    for where, tensors in reversed(requests):  # answers come in any order
        for tensor in MODEL.inputs:
            assert tensors[tensor.name].shape[1:] == tensor.shape
            assert tensors[tensor.name].dtype == tensor.dtype
        peak = tensors["maps"].max(axis=(1, 2, 3))
        work.add(
            where,
            {
                PROBABILITIES: np.tile(np.float32([0.2, 0.3, 0.5]), (len(peak), 1)),
                SCORE: peak[:, None],
                DISTANCE: 2 * peak[:, None],
            },
        )
    record = work.record()
    assert record["place"].tolist() == [[5, 0], [5, 1], [5, 2], [5, 4], [5, 5], [7, 9]]
    assert (np.diff(record["score"]) > 0).all()
    np.testing.assert_allclose(record["distance"], 2 * record["score"])
    assert record["skipped"].tolist() == [f"{many}, cluster 4", str(gone)]
    assert "has no redshift" in record["reason"][0]
    assert "sources at redshift 2" in record["choices"][0]
    kept = sum(values.nbytes for values in record.values())
    assert kept < 20_000  # the maps are not in the journal


def test_a_unit_without_a_usable_cluster_asks_nothing(many):
    work = prepare([Piece(many, 0, 3, 4)], reading=Reading(), batch=4)
    assert list(work.requests()) == []
    record = work.record()
    assert len(Clusters.joined([record])) == 0
    assert len(record["skipped"]) == 1


def test_work_can_be_done_by_another_process(many):
    work = prepare([Piece(many, 0, 0, 2)], reading=Reading(), batch=4)
    again = pickle.loads(pickle.dumps(work))
    np.testing.assert_array_equal(again.tensors["maps"], work.tensors["maps"])


def test_maps_of_a_few_are_read_again(many):
    work = prepare([Piece(many, 0, 0, 10)], reading=Reading(), batch=16)
    few = work.clusters.take([8, 0])
    found = maps_of(few, [many], Reading())
    np.testing.assert_array_equal(found, work.tensors["maps"][[8, 0]])
