"""Channels go to the bands that hold most of their photons."""

import pytest

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare.coverage import Channel, band_of, coverage


def names(channels):
    return {band.name: share for band, share in coverage(channels).items()}


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [
        (2000, 20_000, "2000_7000"),
        (7000, 20_000, "7000_20000"),
        (10_000, 500_000, "7000_20000"),
        (600, 700, "500_1000"),
        (300, 20_000, "300_500"),
        (250, 600, "300_500"),
        (0, 20_000, None),
        (30, 400, None),
        (50, 300, None),
        (20_000, 50_000, None),
        (19_000, 500_000, None),
    ],
)
def test_a_channel_goes_to_the_band_with_most_of_its_photons(low, high, name):
    index = band_of(Channel(low, high))

    assert (None if index is None else BANDS[index].name) == name


def test_a_band_is_usable_from_a_quarter_of_its_photons():
    # Up to where E^-1.4 has fallen by a quarter of its fall over the band.
    power = 1 / (1 - 2.4)
    whole = 1000.0**-1.4 - 2000.0**-1.4
    edge = (1000.0**-1.4 - 0.25 * whole) ** power

    assert names([Channel(1000, edge * 1.001)]) == {
        "1000_2000": pytest.approx(0.25, abs=3e-3)
    }
    assert names([Channel(1000, edge * 0.999)]) == {}


def test_the_channels_of_a_band_add_up():
    shares = names([Channel(1000, 1300), Channel(1300, 2000), Channel(2000, 20_000)])

    assert shares == {"1000_2000": pytest.approx(1), "2000_7000": pytest.approx(1)}


def test_no_channel_fills_nothing():
    assert names([]) == {}
