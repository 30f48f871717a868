"""Of several periods the right one is chosen, in noise and beside spots."""

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.aliases import choose, repeated, seeds

PERIOD = 2.2
TRIED = [PERIOD * m for m in (1 / 6, 1 / 4, 1 / 3, 0.5, 2 / 3, 1, 1.5, 2, 3, 5)]


@pytest.fixture
def narrow(sector, binary):
    """One narrow eclipse an orbit, without noise, with a mean every ten minutes."""
    time = sector(step=600.0)
    return time, binary(time, period=PERIOD, depths=(0.02, 0.0), width=0.008)


def noise(time, sigma):
    return np.random.default_rng(8).normal(0, sigma, len(time))


@pytest.mark.parametrize("sigma", [1e-4, 1e-3, 1e-2])
def test_the_period_is_chosen_whatever_the_noise(narrow, sigma):
    time, flux = narrow
    found = choose(time, [flux + noise(time, sigma)], TRIED)
    # to a tenth of an eclipse over the span
    assert found == pytest.approx(PERIOD, abs=PERIOD**2 * 0.0016 / 27 * 3)


def test_what_other_cycles_repeat_is_all_or_nothing(narrow):
    time, flux = narrow
    assert repeated(time, flux, period=PERIOD) == pytest.approx(1, abs=0.05)
    # of 4.4 d a bin is as wide as the eclipse, and blurs it
    assert repeated(time, flux, period=2 * PERIOD) == pytest.approx(1, abs=0.1)
    # at a third of the period two of three cycles have no eclipse
    assert 0.2 < repeated(time, flux, period=PERIOD / 3) < 0.4
    assert repeated(time, flux, period=1.7) < 0.1


def test_the_share_is_that_of_the_signal_in_noise(narrow):
    time, flux = narrow
    y = flux + noise(time, 3e-3)
    signal = ((flux - 1) ** 2).mean()
    # noise of 3e-3 in 3700 points, and the median of it
    assert repeated(time, y, period=PERIOD) == pytest.approx(
        signal / (signal + 9e-6), abs=0.03
    )
    assert repeated(time, 1 + noise(time, 3e-3), period=PERIOD) == pytest.approx(
        0, abs=0.03
    )


def test_two_cycles_are_enough_and_one_is_not(narrow):
    time, _ = narrow
    eclipse = np.exp(-0.5 * ((time - 2005) / 0.1) ** 2)
    again = np.exp(-0.5 * ((time - 2022) / 0.1) ** 2)
    assert repeated(time, 1 - eclipse - again, period=17.0) > 0.95
    assert abs(repeated(time, 1 - eclipse, period=17.0)) < 0.01


def test_constant_flux_repeats_nothing(narrow):
    time, _ = narrow
    assert repeated(time, np.ones(len(time)), period=PERIOD) == 0


def test_the_curve_of_which_more_repeats_itself_counts(narrow):
    time, flux = narrow
    spots = 0.03 * np.sin(2 * np.pi * time / 6.1) * np.sin(time / 9)
    found = choose(time, [flux + spots, flux + noise(time, 1e-3)], TRIED)
    assert found == pytest.approx(PERIOD, abs=1e-3)
    alone = choose(time, [flux + spots], TRIED)
    assert alone != pytest.approx(PERIOD, abs=1e-3)


def test_seeds_are_multiples_in_range_and_apart():
    assert sorted(seeds(1.0, np.nan, span=4.5)) == [0.5, 1, 2, 3, 4]
    assert 0.75 in seeds(np.nan, 2.25, span=4.5)
    assert seeds(np.nan, np.nan, span=4.5) == []
    both = seeds(1.0, 1.001, span=4.5)
    assert sorted(both) == pytest.approx(
        [0.3337, 0.5, 0.6673, 1, 1.5015, 2, 3, 4], abs=1e-4
    )
