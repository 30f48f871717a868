"""Score curves are made for every kind of cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import DISTANCE, SCORE
from amphitrite_training.surveys.darkcnn import curves
from amphitrite_training.surveys.darkcnn.curves import Kind, kinds, score_curves
from amphitrite_training.surveys.darkcnn.simulate.noise import convergence_error


def test_the_kinds():
    found = list(kinds())
    assert len(found) == 4 * 5 + 3
    names = list(dict.fromkeys(each.name for each in found))
    assert names == [
        *("total", "total+xray", "total+stars", "total+xray+stars"),
        *("relative total", "relative total+stars", "relative total+xray+stars"),
    ]
    for name in names:
        noises = [each.noise for each in found if each.name == name]
        assert noises[0] == 0
        assert noises == sorted(noises)
    assert Kind(np.ones(3, bool), False, 50.0).noise == convergence_error(50)


def test_curves_and_distances_are_those_of_the_answers(some, small, monkeypatch):
    """A network whose score is half of the truth, the more so the more noise."""
    places = np.tile(np.arange(len(some)), 20)
    truth = np.log10(some.truth["cross_section"][places] + 0.03)
    asked = []

    def answers(model, seen):
        asked.append(seen)
        noisy = sum(view.galaxies > 0 for view in seen.views) / len(seen.views)
        distance = np.linspace(0, 1, len(places))[:, None]
        return {SCORE: (0.5 - 0.2 * noisy) * truth[:, None], DISTANCE: distance}

    monkeypatch.setattr(curves, "answers", answers)
    recipe = replace(small, attribute_drop=0.3)
    found = score_curves(None, recipe, some, places)
    assert [len(each) for each in found.values()] == [5, 5, 5, 5, 1, 1, 1]
    values = np.array([0.0, 0.1, 1.0])
    for each in found["total"]:
        slope = 0.5 if each.noise == 0 else 0.3
        np.testing.assert_allclose(
            each.mean_at(values), slope * np.log10(values + 0.03), atol=1e-6
        )
    for each in found["total"]:
        assert each.farthest == pytest.approx(0.95, abs=0.01)
    assert all(seen.attribute_drop == 0.3 for seen in asked)
    assert len({seen.seed for seen in asked}) == len(asked)
    exposures = [view.kiloseconds for view in asked[1].views]
    assert 10 <= min(exposures) < max(exposures) <= 100
    assert {view.kiloseconds for view in asked[0].views} == {0.0}
