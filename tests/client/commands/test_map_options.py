"""What is stated of maps on the command line."""

import pytest

from amphitrite.commands.map_options import stated
from amphitrite.errors import BadInput


def test_names_and_places_are_taken_apart():
    found = stated(centre="10,20.5", channels=" total, stars", unit="kappa")
    assert found == {
        "centre": (10.0, 20.5),
        "channels": ("total", "stars"),
        "unit": "kappa",
    }
    assert stated(centre="bcg", channels="") == {"centre": "bcg", "channels": ()}


@pytest.mark.parametrize("centre", ["1,2,3", "1,", "a,b"])
def test_a_place_is_two_numbers(centre):
    with pytest.raises(BadInput, match=f"or x,y in pixels; received {centre}"):
        stated(centre=centre, channels="")
