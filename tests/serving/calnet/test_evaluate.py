"""A served model, measured on simulated stars."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from amphitrite.surveys.calnet.page import MODEL
from amphitrite.surveys.calnet.prepare.light_curves import read
from amphitrite.surveys.calnet.prepare.segments import segments
from amphitrite.triton.connection import Connection
from amphitrite_training.surveys.calnet import evaluate as evaluation
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

STARS = 10


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Where temporary files go."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def measured(calnet_server, scratch):
    """Two small fields, evaluated; and how the bar advanced."""
    steps = []

    @contextmanager
    def progress(what, total):
        assert (what, total) == ("evaluating", 2 * STARS)
        yield steps.append

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "STARS_PER_FIELD", STARS)
        patch.setattr("tempfile.tempdir", str(scratch))
        with Connection(calnet_server.grpc_url) as connection:
            found = evaluation.evaluate(connection, progress=progress, n_fields=2)
        seeds = [seed for field in (0, 1) for seed in evaluation.seeds(field)]
    return found, seeds, steps


def test_every_star_is_measured_once(measured):
    found, seeds, steps = measured
    assert found.stars.seed.tolist() == seeds
    assert steps == [STARS, STARS]
    assert found.stars.is_binary.sum() == 2 * STARS // 5
    np.testing.assert_array_equal(found.stars.is_binary, np.array(seeds) % 2 == 0)


def test_what_is_told_of_the_model_is_the_served_ones(measured):
    found, _, _ = measured
    assert (found.spec.name, found.version) == (MODEL.name, 1)
    assert found.threshold == 0.9
    assert found.spec.digest.startswith("sha256:")


def test_scores_are_those_of_the_stars(measured, probability, tmp_path):
    found, seeds, _ = measured
    for row in (0, 7, 13):
        light_curve = read(write_star(draw_star(seeds[row]), tmp_path))
        parts = segments(light_curve.time, light_curve.flux)
        curves = np.stack([part.light_curve for part in parts]).astype(float)
        # float32 in the graph, 4000 terms
        expected = probability(curves).max()
        assert found.stars.p_eb[row] == pytest.approx(expected, abs=2e-5)


def test_candidates_alone_have_periods(measured):
    found, _, _ = measured
    stars = found.stars
    np.testing.assert_array_equal(
        np.isfinite(stars.found_period), stars.p_eb >= found.threshold
    )
    assert 0 < np.isfinite(stars.found_period).sum() < len(stars)


def test_nothing_is_left_behind(measured, scratch):
    assert list(scratch.iterdir()) == []
