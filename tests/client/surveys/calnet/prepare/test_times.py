"""The time axis is read from whatever states it, and checked against the mission."""

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.missions import K2, KEPLER, TESS
from amphitrite.surveys.calnet.prepare.times import time_axis

PATH = Path("a.fits")
BTJD = np.array([1325.3, 1339.0, np.nan, 1353.2])


def axis(values, *, unit="d", table=None, primary=None, mission=TESS):
    form = "D" if np.ndim(values) == 1 else "2D"
    column = fits.Column("Time", form, unit, array=values)
    hdu = fits.BinTableHDU.from_columns([column])
    hdu.header.update(table or {})
    headers = Headers(hdu.header, fits.Header(primary or {}))
    return time_axis(hdu, headers, mission, PATH)


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (BTJD, {"table": {"BJDREFI": 2457000, "BJDREFF": 0.0}}),
        (BTJD, {"table": {"BJDREFI": "2457000", "BJDREFF": "0.0"}}),
        (BTJD, {"primary": {"BJDREFI": 2457000}}),
        (BTJD - 0.5, {"table": {"BJDREFI": 2457000, "BJDREFF": 0.5}}),
        (BTJD + 2457000, {"table": {"BJDREFI": 0, "BJDREFF": 0.0}}),
        (BTJD + 2167, {"table": {"BJDREFI": 2454833}}),
        (BTJD, {}),
        (BTJD, {"unit": "btjd"}),
        (BTJD, {"unit": "BJD - 2457000, days"}),
        (BTJD, {"unit": ""}),
        (BTJD + 2167, {"unit": "bkjd"}),
        (BTJD + 2167, {"unit": "BJD-2454833"}),
        (BTJD + 2457000, {"unit": "jd"}),
        (BTJD + 56999.5, {"unit": "mjd"}),
        (BTJD + 56999.5, {"table": {"MJDREF": 0.0}}),
        (BTJD - 500, {"table": {"MJDREFI": 57499, "MJDREFF": 0.5}}),
        (BTJD, {"table": {"JDREF": 2457000}}),
        # a program copied the cards of the mission and added its own
        (BTJD, {"table": {"TREFPOS": "TOPOCENTER", "TIMEREF": "SOLARSYSTEM"}}),
    ],
)
def test_stated_zero_points_are_used_without_a_word(values, settings):
    found = axis(values, **settings)
    # Julian Dates of float64 are exact to 2.3e-10 d
    np.testing.assert_allclose(found.btjd(found.days), BTJD, rtol=0, atol=5e-10)
    assert found.notes == ()
    np.testing.assert_array_equal(found.inside, [True, True, False, True])


@pytest.mark.parametrize(
    ("values", "settings", "said"),
    [
        (BTJD + 2457000, {}, "JD 0 .*no BJDREFI is stated"),
        (BTJD + 2457000, {"table": {"BJDREFI": 2457000}}, "JD 0 .*not those of BJDREF"),
        (BTJD, {"unit": "BJD - 2457000", "table": {"BJDREFI": 0}}, "2.457e.06 .TUNIT"),
        (BTJD * 86400, {"unit": "s"}, "turned from s into days"),
        (
            BTJD * 24,
            {"unit": "", "table": {"TIMEUNIT": "h"}},
            "turned from h into days",
        ),
        (BTJD, {"table": {"TIMESYS": "BLA"}}, "TIMESYS 'BLA' is not known; TDB"),
        (
            BTJD,
            {"table": {"TREFPOS": "TOPOCENTER"}},
            "TREFPOS is TOPOCENTER.*8 minutes",
        ),
    ],
)
def test_what_is_assumed_is_said(values, settings, said):
    found = axis(values, **settings)
    np.testing.assert_allclose(found.btjd(found.days), BTJD, rtol=0, atol=5e-10)
    (note,) = found.notes
    assert re.search(said, note)


@pytest.mark.parametrize(("mission", "start"), [(KEPLER, 131.5), (K2, 1950.0)])
def test_times_without_a_zero_point_have_their_mission_s(mission, start):
    days = start + np.arange(3.0)
    found = axis(days, mission=mission)
    np.testing.assert_array_equal(found.btjd(found.days), days - 2167)
    assert found.notes == ()


def test_pairs_are_the_julian_dates_of_astropy():
    """Whatever zero point other cards state, which were copied from another file."""
    days = BTJD[[0, 1, 3]]
    pairs = np.stack([2457000 + np.floor(days), days % 1], axis=1)
    found = axis(pairs, table={"JDREF": 0.0, "BJDREFI": 2457000, "TCTYP1": "TDB"})
    np.testing.assert_allclose(found.btjd(found.days), days, rtol=0, atol=1e-12)
    assert found.notes == ()


@pytest.mark.parametrize("scale", ["UTC", "TAI", "TT"])
def test_other_scales_are_turned_into_tdb(scale):
    days = BTJD[[0, 1, 3]]
    found = axis(days, table={"TIMESYS": scale})
    expected = Time(2457000.0, days, format="jd", scale=scale.lower()).tdb
    time = (expected.jd1 - 2457000) + expected.jd2
    np.testing.assert_allclose(found.btjd(found.days), time, rtol=0, atol=1e-12)
    assert found.notes == (f"the times are {scale} and were turned into TDB",)
    # TDB is 32.184 s ahead of TAI, which was 37 s ahead of UTC in 2018
    seconds = {"UTC": 69.184, "TAI": 32.184, "TT": 0.0}[scale]
    np.testing.assert_allclose((time - days) * 86400, seconds, atol=0.002)


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (np.arange(27.0), {}),  # since the beginning of the file
        (np.arange(27.0), {"table": {"BJDREFI": 2457000}}),
        (BTJD + 57000, {}),  # a Julian Date less 2400000, or 2400000.5?
        (BTJD, {"unit": "s"}),
        (BTJD * 86400, {}),
        (BTJD, {"mission": KEPLER, "table": {"BJDREFI": 2457000, "BJDREFF": 100.0}}),
    ],
)
def test_times_outside_of_the_mission_s_life_are_refused(values, settings):
    with pytest.raises(
        BadInput, match=r"a\.fits: the times.*outside.*into BJDREFI and"
    ):
        axis(values, **settings)


def test_three_numbers_a_row_are_no_times():
    column = fits.Column("TIME", "3D", array=np.ones((2, 3)))
    hdu = fits.BinTableHDU.from_columns([column])
    with pytest.raises(BadInput, match=r"TIME must hold one number a row; .* \(2, 3\)"):
        time_axis(hdu, Headers(hdu.header), TESS, PATH)


def test_dates_are_no_times():
    column = fits.Column("TIME", "10A", array=["2018-07-25"])
    hdu = fits.BinTableHDU.from_columns([column])
    with pytest.raises(BadInput, match=r"no numbers .*2018-07-25.*write Julian Dates"):
        time_axis(hdu, Headers(hdu.header), TESS, PATH)
