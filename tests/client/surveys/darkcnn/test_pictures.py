"""The picture of a sample says what it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.interpret.judgement import judged
from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite.surveys.darkcnn.pictures import TITLE, Shown, extremes, sample

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def shown(density, name):
    maps = np.zeros((100, 100, 3), np.float32)
    maps[..., 0] = density() / 1e9
    return Shown(name, np.array([0.1, 0.2, 0.7]), maps)


def test_the_picture_warns_and_shows_all_parts(judged_clusters, learned, density):
    scores = np.random.default_rng(1).normal(logarithm(0.2), 0.25, 100)
    rng = np.random.default_rng(2)
    clusters = judged_clusters(scores, probabilities=rng.dirichlet([1, 1, 1], 100))
    judgement = judged(clusters, learned)
    few = [shown(density, f"A{n}") for n in range(3)]
    figure = sample(clusters, judgement, few, few[:2])
    assert figure.get_suptitle() == TITLE
    posterior, profiles, *maps = figure.axes
    assert posterior.get_title().startswith("100 clusters: 0.")
    low, high = posterior.get_xlim()
    assert low < judgement.posterior.median < high
    said = [text.get_text() for text in profiles.get_legend().get_texts()]
    assert len(said) == 3
    assert sum(int(text.split()[-2]) for text in said) == 100
    assert len(maps) == 5
    assert maps[0].get_title() == "most certain 1\nA0\nSIDM1 0.70"
    assert maps[3].get_title().startswith("least certain 1\nA0")


def test_a_sample_without_an_estimate_is_drawn(judged_clusters, learned):
    clusters = judged_clusters([0.0], distance=np.array([9.0]))
    figure = sample(clusters, judged(clusters, learned), [], [])
    assert figure.axes[0].get_title() == "no cluster counts: no estimate"


def test_extremes_are_the_surest_and_the_least_sure():
    rows = np.array([[0.9, 0.1, 0], [0.4, 0.3, 0.3], [0, 0.2, 0.8], [0.5, 0.5, 0]])
    assert extremes(rows) == ([0, 2, 3], [1, 3, 2])
    assert extremes(rows[:1]) == ([0], [0])
