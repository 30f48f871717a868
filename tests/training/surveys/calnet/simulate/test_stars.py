"""Whole stars: their kinds, their eclipses, and when these show."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.calnet.simulate import stars
from amphitrite_training.surveys.calnet.simulate.stars import (
    BINARIES,
    KINDS,
    OTHERS,
    draw_star,
)


@pytest.fixture(scope="module")
def many():
    return [draw_star(seed) for seed in range(240)]


def test_even_seeds_are_binaries_and_odd_ones_are_not(many):
    for star in many:
        assert star.is_binary == (star.seed % 2 == 0)
        assert star.kind in (BINARIES if star.is_binary else OTHERS)
    assert set(Counter(star.kind for star in many)) >= {*BINARIES, "transit", "quiet"}


def test_shares_add_up():
    assert sum(stars._BINARY_SHARES) == pytest.approx(1)
    assert sum(stars._OTHER_SHARES) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for(kind):
    star = draw_star(11, kind=kind, tmag=9.5)
    assert star.kind == kind
    assert star.tmag == 9.5
    assert star.flux.shape == star.cadences.time.shape
    lost = star.cadences.lost
    assert np.isnan(star.flux[lost]).all()
    assert np.isfinite(star.flux[~lost]).all()
    # 10^(0.4 (20.44 - 9.5)) electrons/s
    assert np.nanmedian(star.flux) == pytest.approx(23_770, rel=0.2)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(
        BadInput, match="no kind of star 'comet'; the kinds are: EA, EB"
    ):
        draw_star(1, kind="comet")
    with pytest.raises(BadInput, match="tmag must be from 2 to 16; received 19"):
        draw_star(1, tmag=19.0)


def test_the_same_seed_gives_the_same_star():
    one, same, other = draw_star(6), draw_star(6), draw_star(8)
    np.testing.assert_array_equal(one.flux, same.flux)
    assert one.period == same.period != other.period


def test_a_binary_s_eclipses_are_in_what_was_measured(many):
    """Folding what was measured must give the noise-free light back."""
    bright = [s for s in many if s.is_binary and s.depth > 0.1 and s.tmag < 11]
    assert len(bright) > 10
    for star in bright:
        good = star.cadences.quality == 0
        relative = star.flux[good] / np.nanmedian(star.flux[good])
        correlation = np.corrcoef(relative, star.eclipses[good])[0, 1]
        # spots and pulsations come on top of some of them
        assert correlation > 0.5, star.seed


def test_a_primary_minimum_is_at_the_epoch(many):
    for star in many:
        if star.kind != "EW":
            continue
        phase = (star.cadences.time - star.epoch) / star.period % 1
        near = np.minimum(phase, 1 - phase) < 0.03
        # either of the two minima of twins may be the deeper
        assert star.eclipses[near].min() < 1 - 0.4 * star.depth


def test_binaries_show_an_eclipse_and_others_never_do(many):
    for star in many:
        time = star.cadences.time
        assert star.shows_eclipse(time[0], time[-1]) == star.is_binary


def test_an_eclipse_shows_only_where_it_happens():
    star = draw_star(2, kind="EA", tmag=8.0)
    time = star.cadences.time
    light = np.ones_like(time)
    light[1_000:1_100] = 0.9
    star = replace(star, eclipses=light, sigma=1e-3)
    quality = np.zeros_like(star.cadences.quality)
    star = replace(star, cadences=replace(star.cadences, quality=quality))
    assert star.shows_eclipse(time[0], time[2_000])
    assert not star.shows_eclipse(time[1_100], time[-1])
    assert not star.shows_eclipse(time[0] - 2, time[0] - 1)
    # 0.1 is less than half of the noise
    assert not replace(star, sigma=0.21).shows_eclipse(time[0], time[-1])
    shallow = replace(star, eclipses=1 - (1 - light) * 0.029)
    assert not shallow.shows_eclipse(time[0], time[-1])
    quality[1_000:1_095] = 128  # five good cadences are left
    blind = replace(star, cadences=replace(star.cadences, quality=quality))
    assert not blind.shows_eclipse(time[0], time[-1])


def test_periods_and_magnitudes_are_those_of_the_catalogue():
    rng = np.random.default_rng(3)
    drawn = [stars._quantile(rng.random(), stars._PERIODS["EA"]) for _ in range(4_000)]
    # the catalogue's median; 3 % is two sigma of 4,000
    assert np.median(drawn) == pytest.approx(4.47, rel=0.06)
    assert np.quantile(drawn, 0.9) == pytest.approx(15.7, rel=0.08)


def test_binaries_have_the_depths_of_real_ones(many):
    depths = [star.depth for star in many if star.is_binary]
    # the catalogue's median is 0.076 with faint shallow ones that do not show here
    assert 0.05 < np.median(depths) < 0.25
    assert max(depths) <= 1


def test_other_light_only_dilutes():
    light = 1 - 0.5 * (np.arange(100) < 10)
    for seed in range(50):
        found = stars.diluted(np.random.default_rng(seed), light)
        assert 0.5 <= found.min() <= 1
        assert found.max() == pytest.approx(1)
