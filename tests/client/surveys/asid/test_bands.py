from itertools import pairwise

import pytest

from amphitrite.surveys.asid.bands import BANDS, expected_photons


def test_the_bands_follow_each_other_from_300_mev_to_20_gev():
    rising = sorted(BANDS, key=lambda band: band.low)

    assert rising[0].low == 300
    assert rising[-1].high == 20_000
    assert all(a.high == b.low for a, b in pairwise(rising))


def test_the_expected_photons_add_up_and_fall_with_energy():
    parts = [expected_photons(band.low, band.high) for band in BANDS]

    assert sum(parts) == pytest.approx(expected_photons(300, 20_000))
    assert parts == sorted(parts)
    assert expected_photons(2, 1) == 0
    assert expected_photons(0, 1) == float("inf")


def test_photons_of_an_octave_fall_by_its_power_of_1_4():
    """A spectrum dN/dE ~ E^-2.4 has photons in E to 2 E in proportion to E^-1.4."""
    ratio = expected_photons(300, 600) / expected_photons(600, 1200)

    assert ratio == pytest.approx(2**1.4)
