"""Clusters are judged in their order, and known as a run of the client knows them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import MAPS
from amphitrite_training.surveys.darkcnn import cases, judging
from amphitrite_training.surveys.darkcnn.observing import seen
from amphitrite_training.surveys.darkcnn.serving import judged

from .rule import distances, scores, served


@pytest.fixture
def steps():
    return []


def test_answers_are_those_of_the_clusters(some, steps, monkeypatch):
    monkeypatch.setattr(judging, "_BATCH", 7)
    found = judged(served(max_batch=3), some, cases.CLEAR, steps.append)
    assert steps == [7, 7, 2]
    assert len(found) == len(some) == 16
    view = cases.CLEAR.view
    maps = np.stack([seen(some[i], view, None) for i in range(len(some))])
    np.testing.assert_allclose(found.clusters.score, scores(maps), rtol=1e-5)
    np.testing.assert_allclose(found.clusters.distance, distances(maps), rtol=1e-5)
    np.testing.assert_array_equal(found.number, np.repeat(7_000_000 + np.arange(4), 4))
    assert found.cross_section[:3].tolist() == [0, 0.1, 1]
    np.testing.assert_allclose(found.clusters.probabilities.sum(1), 1, rtol=1e-6)


def test_what_is_known_of_a_cluster_is_what_the_client_knows(some, steps):
    clear = judged(served(), some, cases.CLEAR, steps.append)
    assert set(clear.clusters.kinds) == {"total+xray+stars"}
    # what little there is beyond 600 kpc is structure
    assert (clear.clusters.noise < 0.02).all()
    assert (clear.clusters.attributes_present == 1).all()
    noisy = judged(served(), some, cases.NOISY_ALONE, steps.append)
    assert set(noisy.clusters.kinds) == {"total"}
    # the median of thousands of pixels: 2 % each
    np.testing.assert_allclose(noisy.clusters.noise.mean(), 0.41, rtol=0.03)
    relative = judged(served(), some, cases.PAPER, steps.append)
    assert relative.clusters.relative.all()
    assert (relative.clusters.noise == 0).all()
    alone = judged(served(), some, cases.REDSHIFT_ALONE, steps.append)
    assert alone.clusters.attributes_present.tolist() == [[1, 0, 0, 0]] * 16


def test_noise_is_the_same_each_time_and_another_in_each_part(some, steps):
    def score(part):
        found = judged(served(), some, cases.NOISY_ALONE, steps.append, part=part)
        return found.clusters.score

    np.testing.assert_array_equal(score(0), score(0))
    assert not np.array_equal(score(0), score(1))


def test_some_clusters_can_be_taken(some, steps):
    found = judged(served(), some, cases.CLEAR, steps.append)
    few = found.take(slice(4, 6))
    assert len(few) == 2
    np.testing.assert_array_equal(few.clusters.score, found.clusters.score[4:6])


def test_a_failing_server_ends_it(some, steps):
    model = served()

    def submit(tensors, outputs):
        raise RuntimeError(str(tensors[MAPS].shape))

    model.submit = submit
    with pytest.raises(RuntimeError, match="100, 100, 3"):
        judged(model, some, cases.CLEAR, steps.append)
