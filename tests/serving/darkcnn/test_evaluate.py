"""A served model, measured on a few simulated clusters."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite.triton.connection import Connection
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.cases import CASES
from amphitrite_training.surveys.darkcnn.evaluate import Sizes, evaluate
from amphitrite_training.surveys.darkcnn.observing import seen
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
FEW = Sizes(n_ids=2, n_truths=2, n_each=2, n_blind=(2, 3), n_bias=2, n_strangers=2)


@pytest.fixture(scope="module")
def measured(darkcnn_server, tmp_path_factory):
    """A few clusters, evaluated; and how the bars advanced."""
    bars = {}

    @contextmanager
    def progress(what, total):
        done = []
        yield done.append
        bars[what] = (total, sum(done))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMPHITRITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Connection(darkcnn_server.grpc_url) as connection:
            found = evaluate(
                connection, progress=progress, sizes=FEW, covered=cases.COVERED[:1]
            )
        made = clusters(found.first_id, FEW.n_ids)
        maps = [seen(made[place], cases.CLEAR.view, None) for place in range(len(made))]
    return found, bars, maps


def test_every_cluster_is_judged(measured):
    found, bars, _ = measured
    assert all(total == done for total, done in bars.values())
    assert bars["classes"][0] == 6 * len(CASES)
    assert [each.case for each in found.accuracies] == list(CASES)


def test_what_is_told_of_the_model_is_the_served_ones(measured):
    found, _, _ = measured
    assert (found.spec.name, found.version) == (MODEL.name, 1)
    assert found.spec.digest.startswith("sha256:")


def test_scores_are_those_of_the_rule(measured):
    found, _, maps = measured
    expected = [2 - each[..., 0].max() for each in maps]
    score = found.accuracy(cases.CLEAR).judged.clusters.score
    np.testing.assert_allclose(score, expected, atol=1e-3)
