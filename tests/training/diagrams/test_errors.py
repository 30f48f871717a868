"""Pictures of errors and of what was stated of them."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams import errors
from amphitrite_training.diagrams.errors import Measured

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def measured(n=4_000, *, bias=0.0, claimed=1.0):
    rng = np.random.default_rng(1)
    true = rng.uniform(-10, -8, n)
    error = bias + 0.1 * rng.normal(size=n)
    return Measured(true, true + error, np.full(n, 0.1 * claimed))


def histograms(axes):
    from matplotlib.patches import StepPatch

    return [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]


def test_a_right_statement_gives_the_unit_gaussian():
    left, _ = errors.pulls({"a": measured()}, title="some", quantity="x").axes
    ((density, edges, _),) = histograms(left)
    middle = (edges[1:] + edges[:-1]) / 2
    gaussian = np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi)
    assert (density * np.diff(edges)).sum() == pytest.approx(1)
    # some 400 of 4,000 in the fullest bin, so 5 %, of 0.4: 0.02 for one
    np.testing.assert_allclose(density, gaussian, atol=0.06)
    assert left.get_legend_handles_labels()[1][1].startswith("a\n4,000, median ")


def test_bias_and_a_wrong_width_are_told():
    group = measured(bias=0.05, claimed=0.5)
    axes = errors.pulls({"a": group}, title="some", quantity="x").axes[0]
    told = axes.get_legend_handles_labels()[1][1]
    # 0.05 of a stated 0.05; 0.1 of 0.05, but for 0.994, the Gaussian's 84 % quantile
    assert f"median {np.median(group.pull):+.2f}" in told
    assert np.median(group.pull) == pytest.approx(1, abs=0.1)
    assert float(told.split("width ")[1]) == pytest.approx(2, abs=0.1)


def test_what_is_far_off_stands_in_the_outermost_bins():
    far = Measured(np.zeros(4), np.array([-9.0, 9.0, 99.0, 0.01]), np.ones(4))
    left, _ = errors.pulls({"a": far}, title="some", quantity="x").axes
    ((density, edges, _),) = histograms(left)
    shares = density * np.diff(edges)
    assert (shares[0], shares[-1]) == pytest.approx((0.25, 0.5))


def test_medians_are_shown_where_there_are_enough():
    few = Measured(np.r_[np.zeros(9), np.ones(20)], np.r_[np.ones(9), np.full(20, 2.0)],
                   np.ones(29))  # fmt: skip
    _, right = errors.pulls({"a": few}, title="some", quantity="x").axes
    (container,) = right.containers
    np.testing.assert_allclose(container.lines[0].get_xydata(), [[10, 100]])
    assert len(right.lines[0].get_xdata()) == 29


def test_gaussian_errors_keep_to_rayleigh():
    rng = np.random.default_rng(2)
    # a radius of 1.5096 standard deviations holds 68 %
    values = np.hypot(*rng.normal(size=(2, 10_000))) / 1.5096
    figure = errors.radii({"a": values}, outer=(1.6214, 0.95), title="some")
    left, right = figure.axes
    ((density, edges, _),) = histograms(left)
    stated, found, *marks = right.lines
    radius, share = found.get_xydata().T
    expected = np.interp(radius, *stated.get_xydata().T)
    within = radius < 4
    # Kolmogorov: 1.6 / sqrt(10,000) in one of a hundred; and the line is of 40 pieces
    np.testing.assert_allclose(share[within], expected[within], atol=0.02)
    assert (density * np.diff(edges)).sum() == pytest.approx(1)
    for mark, (at, held) in zip(marks, ((1, 0.68), (1.6214, 0.95)), strict=True):
        np.testing.assert_allclose(mark.get_xydata()[1], [at, held])
        # the two radii are those of the drawn distribution
        assert np.interp(at, *stated.get_xydata().T) == pytest.approx(held, abs=0.002)


def test_the_density_is_the_slope_of_the_share():
    step = 1e-6
    radius = np.array([0.2, 0.7, 1.5, 3.0])
    slope = (errors._rayleigh(radius + step) - errors._rayleigh(radius - step)) / (
        2 * step
    )
    np.testing.assert_allclose(
        errors._rayleigh_density(radius), slope, rtol=1e-5, atol=1e-9
    )


def test_nothing_can_be_drawn():
    none = Measured(*(np.zeros(0) for _ in range(3)))
    left, right = errors.pulls({"a": none}, title="some", quantity="x").axes
    assert left.get_legend_handles_labels()[1][1] == "a\nnone"
    assert not right.containers[0].lines[0].get_xydata().size
    figure = errors.radii({"a": np.zeros(0)}, outer=(1.6, 0.95), title="some")
    assert figure.axes[1].get_legend_handles_labels()[1][1] == "a: 0"
