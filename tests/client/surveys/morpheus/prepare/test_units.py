"""One unit for the four bands."""

import pytest
from astropy import units as u

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.morpheus.prepare.units import conversions, parse

RATE = u.electron / u.s


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("ELECTRONS/S", RATE),
        ("electron/s", RATE),
        ("e-/s", RATE),
        ("e/sec", RATE),
        ("Electrons per second", RATE),
        ("electron s-1", RATE),
        ("electron s^-1", RATE),
        ("electron.s-1", RATE),
        ("ELECTRONS", u.electron),
        ("COUNTS/S", u.ct / u.s),
        ("cps", u.ct / u.s),
        ("DN/S", u.adu / u.s),
        ("ADU", u.adu),
        ("MJy/sr", u.MJy / u.sr),
        ("nJy", u.nJy),
        ("10 nJy", 10 * u.nJy),
        ("Jy/pixel", u.Jy / u.pix),
        ("Data  Numbers", "data numbers"),
    ],
)
def test_spellings(text, unit):
    assert parse(text) == unit


def of(images, **units):
    """Return factors, units and what was said, for some bands' BUNIT and EXPTIME."""
    cards = {
        band: dict(zip(("BUNIT", "EXPTIME"), value, strict=True))
        for band, value in units.items()
    }
    choices = Choices()
    found = conversions(images(**cards), choices)
    return (
        [conversion.factor for conversion in found.values()],
        {conversion.unit for conversion in found.values()},
        choices.made,
    )


def test_one_unit_is_left_alone(images):
    assert of(images, J=("e-/s", None)) == ([1, 1, 1, 1], {"ELECTRONS/S"}, [])


def test_no_unit_at_all_is_left_alone(images):
    none = dict.fromkeys("HJVz", (None, 5.0))
    assert of(images, **none) == ([1, 1, 1, 1], {""}, [])


@pytest.mark.parametrize("counts", ["Vz", "HJ", "HJV"])
def test_counts_become_rates(images, counts):
    times = {"H": 500.0, "J": 800.0, "V": 2000.0, "z": 4000.0}
    factors, units, said = of(
        images, **{band: ("ELECTRONS", times[band]) for band in counts}
    )
    expected = [1 / times[band] if band in counts else 1 for band in "HJVz"]
    assert factors == pytest.approx(expected, rel=1e-15)
    assert units == {"ELECTRONS/S"}
    assert len(said) == len(counts)
    assert f"by its EXPTIME of {times[counts[-1]]:g} s" in said[-1]


def test_multiples_are_converted_to_the_unit_of_h(images):
    nano = ("nJy", None)
    factors, units, said = of(images, H=nano, J=nano, V=("uJy", None), z=nano)
    assert factors == pytest.approx([1, 1, 1000, 1], rel=1e-15)
    assert units == {"nJy"}
    assert "V.fits is converted from uJy to nJy: multiplied by 1000" in said[0]


def test_a_missing_unit_is_taken_from_the_others_and_said(images):
    factors, units, said = of(images, V=(None, 1.0), z=(None, 1.0))
    assert (factors, units) == ([1, 1, 1, 1], {"ELECTRONS/S"})
    (sentence,) = said
    assert "no unit (BUNIT) in" in sentence
    assert "taken to be in ELECTRONS/S, as" in sentence


@pytest.mark.parametrize("other", ["MJy/sr", "COUNTS/S", "DN", "arbitrary", "Jy"])
def test_units_that_do_not_belong_together_are_refused(images, other):
    with pytest.raises(
        BadInput, match=rf"(?s)H in ELECTRONS/S .*V in {other} \(.*V\.f"
    ):
        of(images, V=(other, 2000.0))


def test_unknown_units_must_be_one_text(images):
    same = dict.fromkeys("HJVz", ("ARBITRARY", None))
    assert of(images, **{**same, "J": ("arbitrary ", None)})[0] == [1, 1, 1, 1]


@pytest.mark.parametrize("time", [None, 0.0, -5.0, "long"])
def test_counts_without_an_exposure_time_are_refused(images, time):
    with pytest.raises(BadInput, match=r"z\.fits has no exposure time \(EXPTIME\)"):
        of(images, z=("ELECTRONS", time))


@pytest.mark.parametrize("unit", ["mag", "mag/arcsec2", "mag(AB)", "Mag (Vega)"])
def test_magnitudes_are_refused(images, unit):
    every = dict.fromkeys("HJVz", (unit, None))
    with pytest.raises(BadInput, match="is not linear"):
        of(images, **every)
