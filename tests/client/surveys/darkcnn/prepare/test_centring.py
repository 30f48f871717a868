"""A cluster is centred on its map, its peak, its galaxy or where it is said."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.prepare.centring import centre_of, peak, peak_distance

RNG = np.random.default_rng(4)


def test_the_middle_of_the_map(cluster):
    choices = Choices()
    assert centre_of(cluster(), "middle", choices) == (49.5, 49.5)
    assert choices.made == []


def test_a_peak_far_from_the_middle(cluster, density):
    shifted = cluster({"total": density(centre=(59.0, 49.0))})
    middle = centre_of(shifted, "middle", Choices())
    assert middle == (49.5, 49.5)
    assert peak_distance(shifted, middle) == pytest.approx(20 * np.hypot(9.5, 0.5))
    assert centre_of(shifted, "peak", Choices()) == (59, 49)
    assert peak_distance(shifted, (59.0, 49.0)) == 0


def test_noise_does_not_carry_the_peak_away(density):
    """Noise of 0.4 in convergence, that of 50 galaxies per square arcminute."""
    values = density(centre=(45.0, 52.0)) + 9e8 * RNG.normal(size=(100, 100))
    x, y = peak(values, (20.0, 20.0))
    assert np.hypot(x - 45, y - 52) <= 5  # 100 kpc


def test_missing_pixels_and_far_clusters_are_no_peak(density):
    values = density(300, 300, centre=(150.0, 140.0))
    values[138:143, 148:150] = np.nan
    values[5, 5] = 1e14
    x, y = peak(values, (20.0, 20.0))
    assert np.hypot(x - 150, y - 140) <= 2


def test_a_map_of_nothing_has_its_peak_in_the_middle():
    assert peak(np.full((20, 30), np.nan), (20.0, 20.0)) == (14.5, 9.5)


def test_the_brightest_galaxy(cluster, density):
    choices = Choices()
    assert centre_of(cluster(bcg=(40.0, 51.5)), "bcg", choices) == (40, 51.5)
    assert choices.made == []
    stars = {"total": density(), "stars": density(centre=(47.0, 53.0), core=30)}
    assert centre_of(cluster(stars), "bcg", choices) == (47, 53)
    assert choices.made == [
        "where no brightest galaxy is stated, maps are centred on the peak of the stars"
    ]
    with pytest.raises(BadInput, match="nothing says where the brightest galaxy of A1"):
        centre_of(cluster(), "bcg", choices)


@pytest.mark.parametrize("place", [(-1.0, 5.0), (5.0, 99.6), (1e9, 0.0)])
def test_a_centre_outside_is_refused(cluster, place):
    with pytest.raises(BadInput, match="lies outside the 100 x 100 pixels of A1"):
        centre_of(cluster(), place, Choices())
    with pytest.raises(BadInput, match="lies outside"):
        centre_of(cluster(bcg=place), "bcg", Choices())
    assert centre_of(cluster(), (0.0, 99.0), Choices()) == (0, 99)
