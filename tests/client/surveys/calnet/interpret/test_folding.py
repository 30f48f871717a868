"""Folded light curves, from small ones that can be folded by hand."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.folding import (
    Profile,
    average,
    depth,
    dispersion,
    join,
    level,
    minimum,
    n_bins,
    phases,
    profile,
)
from amphitrite.surveys.calnet.prepare.segments import segments


def test_a_profile_holds_mean_variance_and_count_of_each_bin():
    rng = np.random.default_rng(1)
    time, flux = rng.uniform(0, 30, 500), 1 + rng.normal(0, 0.1, 500)
    folded = profile(time, flux, period=2.5, bins=7, epoch=0.4)
    at = np.floor((((time - 0.4) / 2.5) % 1) * 7)
    for number in range(7):
        inside = flux[at == number]
        assert folded.count[number] == len(inside)
        assert folded.mean[number] == pytest.approx(inside.mean(), rel=1e-12)
        assert folded.variance[number] == pytest.approx(inside.var(ddof=1), rel=1e-9)
        assert folded.error[number] == pytest.approx(
            inside.std(ddof=1) / len(inside) ** 0.5, rel=1e-9
        )


def test_empty_bins_are_nan_and_filled_from_their_neighbours():
    folded = profile(
        np.array([0.05, 0.06, 0.85]), np.array([1.0, 3, 6]), period=1, bins=4
    )
    np.testing.assert_allclose(folded.mean, [2, np.nan, np.nan, 6])
    np.testing.assert_allclose(folded.variance, [2, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(folded.filled, [2, 10 / 3, 14 / 3, 6])


def test_phases_are_from_0_up_to_1():
    time = np.array([-2.5, -1.0, 0.0, 0.25, 7.75])
    np.testing.assert_allclose(phases(time, 1.0, 0.25), [0.25, 0.75, 0.75, 0, 0.5])


def test_means_in_steps_of_time():
    time = np.array([0.0, 0.4, 0.9, 5.0, 5.5, 5.9, 6.1])
    times, means = average(time, np.arange(7.0), width=1.0)
    np.testing.assert_allclose(times, [1.3 / 3, 16.4 / 3, 6.1])
    np.testing.assert_allclose(means, [1, 4, 6])


def test_the_dispersion_is_the_variance_within_bins():
    rng = np.random.default_rng(2)
    time = np.sort(rng.uniform(0, 20, 400))
    flux = np.sin(2 * np.pi * time / 1.7) + rng.normal(0, 0.2, 400)
    bins = 12
    at = np.floor(time / 1.7 % 1 * bins)
    groups = [flux[at == number] for number in range(bins)]
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (400 - bins)
    expected = within / flux.var(ddof=1)
    assert dispersion(time, flux, period=1.7, bins=bins) == pytest.approx(expected)
    # of a wrong period it is 1, up to the chance of 400 points: 0.07
    assert dispersion(time, flux, period=1.234, bins=bins) == pytest.approx(1, abs=0.2)


def test_the_dispersion_of_nothing_is_that_of_a_wrong_period():
    time = np.arange(10.0)
    assert dispersion(time, np.ones(10), period=3.0, bins=24) == 1
    assert dispersion(time, np.arange(10.0), period=100.0, bins=100) == 1


def test_epoch_and_depth_are_those_of_the_deeper_eclipse(sector, binary):
    time = sector()
    flux = binary(time, period=3.3, epoch=2001.234, depths=(0.2, 0.35))
    epoch = minimum(time, flux, period=3.3)
    expected = 2001.234 + 1.65
    assert abs(epoch - 0.5 * (time[0] + time[-1])) <= 1.65
    # a tenth of a bin of 3.3 d / 200
    assert (epoch - expected + 1.65) % 3.3 - 1.65 == pytest.approx(0, abs=0.0017)
    folded = profile(time, flux, period=3.3, bins=n_bins(3.3), epoch=epoch)
    # The lowest bin averages over a sixth of the width of the eclipse.
    assert depth(folded) == pytest.approx(0.35, abs=0.003)
    assert folded.mean.argmin() in (0, 199)


def test_a_depth_is_a_part_of_the_flux_outside_eclipses():
    # of eleven bins one in ten is above the last but one: a flare does not count
    means = np.array([0.7, 0.6, 0.8, 0.9, 1, 1, 1, 1, 1, 1.2, 1.3])
    folded = Profile(means, np.zeros(11), np.ones(11, int))
    assert level(folded) == pytest.approx(1.2)
    assert depth(folded) == pytest.approx((1.2 - 0.6) / 1.2)


def test_segments_are_joined_at_one_level(sector, binary):
    time = sector()
    flux = binary(time, period=1.1) * np.where(time < 2013, 500.0, 800.0)
    joined, relative = join(segments(time, flux))
    assert (np.diff(joined) > 0).all()
    for side in (joined < 2013, joined > 2013):
        assert np.median(relative[side]) == pytest.approx(1, abs=1e-12)


def test_bins_are_between_24_and_200():
    assert [n_bins(p) for p in (0.1, 1.0, 20.0)] == [24, 72, 200]
