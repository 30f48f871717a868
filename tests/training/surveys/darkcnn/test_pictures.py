"""The card's pictures show the numbers of the evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.diagrams import style
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.blind import TRUE
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.pictures import pictures

from .drawn import covered

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def curve(axes, label):
    (container,) = (each for each in axes.containers if each.get_label() == label)
    return container.lines[0].get_xydata()


def test_accuracy_is_drawn_against_noise(evaluated, figures):
    for axes, channels in zip(
        figures["accuracy"].axes, (cases.ALL, cases.ALONE), strict=True
    ):
        assert axes.get_title() == channels
        some = [
            evaluated.accuracy(Case(channels, each)) for each in (0, 800.0, 100.0, 50.0)
        ]
        points = curve(axes, "network")
        np.testing.assert_allclose(points[:, 0], [e.case.pixel_noise for e in some])
        np.testing.assert_allclose(points[:, 1], [e.network["value"] for e in some])
        other = curve(axes, "regression, fitted to such maps")
        np.testing.assert_allclose(
            other[:, 1], [e.regression_refitted["value"] for e in some]
        )


def test_probabilities_are_drawn_against_shares(evaluated, figures):
    axes = figures["calibration"].axes[0]
    points = curve(axes, "simulated, 95 % intervals")
    bins = evaluated.accuracy(cases.CLEAR).bins
    np.testing.assert_allclose(points, [(each.mean, each.value) for each in bins])


def test_coverage_rises_with_the_level(evaluated, figures):
    axes = figures["coverage"].axes
    assert len(axes) == 2 * len(cases.COVERED)
    points = curve(axes[0], "simulated samples")
    assert (np.diff(points, axis=0) >= 0).all()
    at = np.interp(0.68, *points.T)
    assert at == pytest.approx(evaluated.coverages[0].within(0.68).value, abs=0.03)
    estimates = curve(axes[3], "estimate with half of its 68 % interval")
    np.testing.assert_allclose(
        estimates[:, 1] - estimates[:, 0], evaluated.coverages[0].errors
    )


def test_a_case_without_estimates_is_left_out(evaluated):
    first, *_ = evaluated.coverages
    none = covered(np.random.default_rng(1), cases.NOISY_ALONE, n=3, n_each=2, far=1.0)
    found = pictures(replace(evaluated, coverages=[first, none]))
    assert len(found["coverage"].axes) == 2
    found = pictures(replace(evaluated, coverages=[none]))
    assert len(found["coverage"].axes) == 2


def test_posteriors_are_drawn_with_the_truth(evaluated, figures):
    axes = figures["blind"].axes
    assert [each.get_title() for each in axes] == [case.name for case in cases.BLIND]
    small, large = (
        curve(axes[0], f"calibrated, {n} clusters") for n in ("100", "1,000")
    )
    np.testing.assert_allclose(large[:, 1], evaluated.blind[1].sample.posterior.density)
    assert large[:, 1].max() > small[:, 1].max()
    marks = {line.get_label(): line.get_xdata()[0] for line in axes[0].lines}
    assert marks["truth"] == TRUE


def test_profiles_of_both_are_drawn(evaluated, figures):
    left, right = figures["profiles"].axes
    simulated = evaluated.accuracy(cases.RELATIVE_ALONE)
    np.testing.assert_allclose(
        curve(left, "SIDM1, simulated")[:, 1], simulated.mean_profile(2)
    )
    np.testing.assert_allclose(
        curve(left, "SIDM1, published (2 maps)")[:, 1],
        evaluated.published.mean_profile(2),
    )
    assert len(right.containers) == 4


def test_maps_of_both_are_shown(figures):
    titles = [axes.get_title() for axes in figures["maps"].axes]
    assert sum(title.startswith("simulated") for title in titles) == 6
    assert sum(title.startswith("published") for title in titles) == 6


def test_without_published_maps_there_are_fewer(evaluated):
    found = pictures(replace(evaluated, published=None))
    titles = [axes.get_title() for axes in found["maps"].axes]
    assert len(titles) == 6
    assert len(found["profiles"].axes[1].containers) == 2


def test_files_are_small(figures, tmp_path):
    paths = style.write(figures, tmp_path)
    assert max(path.stat().st_size for path in paths) < 150_000
