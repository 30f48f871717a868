"""The card's pictures of light curves."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.diagrams import style
from amphitrite_training.surveys.calnet.judged import JudgedStars
from amphitrite_training.surveys.calnet.measures import Evaluation
from amphitrite_training.surveys.calnet.pictures import pictures
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

pytest.importorskip("matplotlib", reason="pictures need the plots extra")

SEEDS = np.array([0, 2, 4, 1, 3, 5])


@pytest.fixture(scope="module")
def found():
    """Six simulated stars with scores of which each is wrong."""
    stars = [draw_star(int(seed)) for seed in SEEDS]
    score = np.linspace(0.01, 0.99, len(stars))
    return Evaluation(
        *(MODEL, 1, 0, 0.9),
        JudgedStars(
            seed=SEEDS,
            kind=np.array([star.kind for star in stars]),
            tmag=np.full(len(stars), 10.0),
            period=np.array([star.period for star in stars]),
            depth=np.full(len(stars), 0.5),
            p_eb=score,
            found_period=np.full(len(stars), np.nan),
        ),
    )


@pytest.fixture(scope="module")
def drawn(found):
    return pictures(found)


def test_misjudged_stars_are_drawn_again_from_their_seeds(found, drawn):
    grid = [axes for axes in drawn["misjudged"].axes if axes.lines]
    # three others, the highest score first, and three binaries, the lowest first
    order = [5, 4, 3, 0, 1, 2]
    assert len(grid) == len(order)
    for axes, row in zip(grid, order, strict=True):
        star = draw_star(int(SEEDS[row]))
        title = axes.get_title()
        assert title.startswith(f"{star.kind}, Tmag 10.0: scores")
        assert f"{found.stars.p_eb[row]:.3f}" in title
        time = axes.lines[0].get_xdata()
        assert star.cadences.time[0] <= time.min() < time.max()
        assert time.max() <= star.cadences.time[-1]


def test_the_roc_has_both_sets_and_the_threshold(found, drawn):
    (axes,) = drawn["roc"].axes
    labels = [line.get_label() for line in axes.lines]
    assert labels[0] == "all stars (6)"
    assert "all stars (6), at the threshold 0.9" in labels
    # every other star scores more than every binary
    np.testing.assert_array_equal(axes.lines[0].get_ydata()[:4], np.zeros(4))


def test_files_are_small_and_the_same_each_time(found, tmp_path):
    paths = style.write(pictures(found), tmp_path / "pictures")
    assert {path.name for path in paths} == {
        *("roc.png", "reliability.png", "scores.png", "misjudged.png")
    }
    before = [path.read_bytes() for path in paths]
    assert all(content.startswith(b"\x89PNG") for content in before)
    assert max(map(len, before)) < 100_000
    again = style.write(pictures(found), tmp_path / "pictures", replace=True)
    assert [path.read_bytes() for path in again] == before
