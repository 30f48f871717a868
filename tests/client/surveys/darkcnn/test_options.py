"""Options of a measurement that make no sense are refused."""

from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.prepare.reading import Reading


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"channels": ("stars",)}, "--channels must name total"),
        ({"pixel_kpc": 20, "pixel_arcsec": 2}, "not both"),
        ({"pixel_kpc": 0}, "--pixel-kpc must be above 0"),
        ({"redshift": -1}, "--z must be a redshift"),
        ({"centre": "bgc"}, "--centre must be middle, peak, bcg or x,y"),
        ({"likelihoods": "l.ecsv"}, "--likelihoods must be a file name .* in .fits"),
    ],
)
def test_what_makes_no_sense_is_refused(chosen, said):
    with pytest.raises(BadInput, match=said):
        Options(**chosen)


def test_what_is_stated_of_maps_is_how_they_are_read():
    options = Options(
        channels=["total", "stars"],
        unit="kappa",
        pixel_arcsec=1.5,
        redshift=0.3,
        source_redshift=1.0,
        centre=[1, 2],
        plots="here",
    )
    assert options.reading == Reading(
        ("total", "stars"), "kappa", None, 1.5, 0.3, 1.0, (1, 2)
    )
    assert options.plots == Path("here")
    assert hash(options.reading)  # a key of what was read
    assert Options().reading == Reading()
