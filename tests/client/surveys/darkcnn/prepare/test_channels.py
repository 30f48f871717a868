"""Channels of a cube are known by their number or their names, or asked for."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.channels import channel_axis, channels_of


@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 100, 100), 0), ((100, 100, 3), 2), ((1, 50, 50), 0)]
)
def test_the_axis_of_the_channels(shape, axis):
    assert channel_axis(shape, "a") == axis


@pytest.mark.parametrize("shape", [(4, 100, 100), (100, 3, 100), (100,), (0, 9, 9)])
def test_no_axis_of_channels(shape):
    with pytest.raises(BadInput, match=r"the maps of a have shape .* needed are"):
        channel_axis(shape, "a")


def test_the_usual_order():
    assert channels_of(1, (), "a") == ("total",)
    assert channels_of(3, (), "a") == ("total", "xray", "stars")
    assert channels_of(2, ("stars", "total"), "a") == ("stars", "total")


def test_two_channels_must_be_named():
    with pytest.raises(BadInput, match="a has 2 channels, and does not say which"):
        channels_of(2, (), "a")
    with pytest.raises(
        BadInput, match="a has 3 channels, and 2 are named: total, xray"
    ):
        channels_of(3, ("total", "xray"), "a")
