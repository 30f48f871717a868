"""What is stated beside files is checked before any file is read."""

from __future__ import annotations

import math

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.reading import (
    Reading,
    check_redshift,
    cluster_redshift,
    stated,
)


def test_nothing_need_be_stated():
    assert Reading() == Reading(centre="middle")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"channels": ("total", "gas")}, "must be of total, xray, stars; received gas"),
        ({"channels": ("xray",)}, "--channels must name total"),
        ({"channels": ("total", "total")}, "each channel once"),
        ({"pixel_kpc": 20.0, "pixel_arcsec": 3.0}, "not both"),
        ({"pixel_kpc": 0.0}, "--pixel-kpc must be above 0; received 0"),
        ({"pixel_arcsec": math.nan}, "--pixel-arcsec must be above 0; received nan"),
        ({"redshift": -0.1}, "--z must be a redshift, from 0 on; received -0.1"),
        ({"source_redshift": math.nan}, "--z-source must be a redshift"),
        ({"centre": "corner"}, "must be middle, peak, bcg or x,y .* received corner"),
        ({"centre": (1.0, math.inf)}, "--centre must be"),
        ({"centre": (1.0, 2.0, 3.0)}, "--centre must be"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(BadInput, match=said):
        Reading(**given)


def test_the_user_counts_before_the_file():
    assert stated(1.5, 2.0) == 1.5
    assert stated(None, 2.0) == 2
    assert stated(None, None) is None
    assert cluster_redshift(Reading(redshift=0.2), 0.4, "a") == 0.2
    assert cluster_redshift(Reading(), 0.4, "a") == 0.4


def test_an_unknown_redshift_is_refused():
    with pytest.raises(BadInput, match=r"a\.fits has no redshift, .*; state it with"):
        cluster_redshift(Reading(), None, "a.fits")
    with pytest.raises(BadInput, match=r"the redshift of a\.fits must be .*-1"):
        cluster_redshift(Reading(), -1.0, "a.fits")
    with pytest.raises(BadInput, match="nan"):
        check_redshift(math.nan, "it")
