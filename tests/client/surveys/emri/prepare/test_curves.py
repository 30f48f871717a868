"""Noise curves are read from files, or estimated."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table
from red_noise import red_noise

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.emri.prepare.curves import designed, estimates, read_curve
from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.prepare.strain import Stretch

FREQUENCY = np.geomspace(1e-5, 0.1, 200)
BAND = np.geomspace(1.1e-4, 1.6e-2, 50)


def table(psd=None, *, names=("frequency", "psd"), units=None):
    values = tianqin(FREQUENCY) if psd is None else psd
    return Table([FREQUENCY, values], names=names, units=units)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("a.txt", "ascii.no_header"),
        ("a.dat", "ascii.commented_header"),
        ("a.csv", "ascii.csv"),
        ("a.ecsv", "ascii.ecsv"),
        ("a.fits", "fits"),
        ("a.vot", "votable"),
    ],
)
def test_curves_of_usual_formats_are_read(tmp_path, name, format_):
    table().write(tmp_path / name, format=format_)
    made = Choices()
    curve = read_curve(tmp_path / name, made)
    # straight in the logarithms between 50 points a decade
    np.testing.assert_allclose(curve(BAND), tianqin(BAND), rtol=2e-3)
    assert made.made == []


@pytest.mark.parametrize(
    ("names", "units"),
    [(("f", "asd"), None), (("f", "noise"), ("Hz", "Hz(-1/2)"))],
)
def test_an_amplitude_is_squared_and_said(tmp_path, names, units):
    amplitude = table(np.sqrt(tianqin(FREQUENCY)), names=names, units=units)
    amplitude.write(tmp_path / "a.ecsv")
    made = Choices()
    curve = read_curve(tmp_path / "a.ecsv", made)
    np.testing.assert_allclose(curve(BAND), tianqin(BAND), rtol=2e-3)
    assert made.made == [f"a.ecsv: {names[1]} is an amplitude, which was squared"]


def test_units_are_converted(tmp_path):
    other = Table([FREQUENCY * 1e3, tianqin(FREQUENCY) * 1e-3], units=["mHz", "mHz-1"])
    other.write(tmp_path / "a.ecsv")
    curve = read_curve(tmp_path / "a.ecsv", Choices())
    np.testing.assert_allclose(curve(BAND), tianqin(BAND), rtol=2e-3)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (table(units=("Hz", "m2")), r"psd is in 'm2' and should be in '1 / Hz'"),
        (table(units=("s", "Hz-1")), r"frequency is in 's' and should be in 'Hz'"),
        (table()[:100], "covers 1e-05 to .* Hz; needed are 0.0001 to"),
        (table()[150:], "needed are 0.0001 to"),
        (table(np.zeros(200)), "must be positive numbers; received 0 at 1e-05 Hz"),
        (table(np.full(200, np.nan)), "must be positive numbers; received nan"),
        (table()[::-1], "must rise"),
        (Table([FREQUENCY], names=["f"]), "has 1 column; a noise curve is a table"),
        (Table([FREQUENCY, ["x"] * 200]), "holds no numbers"),
    ],
)
def test_curves_that_cannot_be_used_are_refused(tmp_path, made, said):
    made.write(tmp_path / "a.ecsv")
    with pytest.raises(BadInput, match=said):
        read_curve(tmp_path / "a.ecsv", Choices())


@pytest.mark.parametrize("content", [b"", b"no curve\n", b"\0\1\2" * 100])
def test_what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.txt"):
        read_curve(tmp_path / "a.txt", Choices())


def test_channels_have_noise_curves_of_their_own():
    values = red_noise(4, 400_000) * np.array([[1.0], [3.0]])
    short = Stretch(np.ones((2, 10)), np.zeros(10, bool), 0.0)
    one, two = estimates([short, Stretch(values, np.zeros(400_000, bool), 0.0)], "a.h5")
    # medians of 96 windows in each of 50 bins
    assert np.median(one(BAND) / tianqin(BAND)) == pytest.approx(1, abs=0.05)
    assert np.median(two(BAND) / tianqin(BAND)) == pytest.approx(9, rel=0.05)
    assert designed() == (tianqin, tianqin)


def test_a_silent_channel_has_none():
    stretch = Stretch(np.zeros((2, 300_000)), np.zeros(300_000, bool), 0.0)
    with pytest.raises(BadInput, match=r"a\.h5: no noise curve .* channel I:"):
        estimates([stretch], "a.h5")
