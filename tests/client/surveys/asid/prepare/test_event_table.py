"""Rows of event lists are found where they are, in the units of their file."""

import math

import numpy as np
import pytest
from astropy.io import fits
from event_lists import PHOTONS, N, column, described, rows_of

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.coverage import Channel


@pytest.mark.parametrize(
    ("frame", "names", "galactic"),
    [("both", ("L", "B"), True), ("icrs", ("RA", "DEC"), False)],
)
def test_rows_are_those_of_the_table(write_events, frame, names, galactic):
    path = write_events(**PHOTONS, frame=frame)
    events = described(path)
    assert (events.n_rows, events.galactic) == (N, galactic)
    assert (events.mev, events.degrees) == (1.0, 1.0)
    rows, table = rows_of(events), fits.getdata(path, "EVENTS")
    for field, name in zip(("energy", "lon", "lat"), ("ENERGY", *names), strict=True):
        np.testing.assert_array_equal(rows[field], table[name])


def test_cuts_are_those_of_the_header(write_events):
    assert described(write_events(**PHOTONS)).cuts.energies == (Channel(300, 20_000),)


@pytest.mark.parametrize(("unit", "mev"), [("GeV", 1e3), ("keV", 1e-3)])
def test_energies_have_their_unit(write_events, unit, mev):
    events = described(write_events(**PHOTONS, energy_unit=unit))
    assert events.mev == pytest.approx(mev)
    np.testing.assert_array_equal(rows_of(events)["energy"], PHOTONS["energy"])


def test_angles_in_radians_are_kept_as_they_are(write_events):
    def change(columns):
        for name, values in (("L", PHOTONS["lon"]), ("B", PHOTONS["lat"])):
            columns = column(name, "D", "rad", np.radians(values))(columns)
        return columns

    events = described(write_events(**PHOTONS, change=change))
    assert events.degrees == pytest.approx(180 / math.pi)
    np.testing.assert_array_equal(rows_of(events)["lat"], np.radians(PHOTONS["lat"]))


def test_angles_of_two_units_are_refused(write_events):
    change = column("L", "D", "rad", np.radians(PHOTONS["lon"]))
    with pytest.raises(BadInput, match=r"L and B of .* have different units"):
        described(write_events(**PHOTONS, change=change))


def test_a_missing_unit_is_said_to_be_assumed(write_events, caplog):
    change = column("ENERGY", "E", None, PHOTONS["energy"])
    assert described(write_events(**PHOTONS, change=change)).mev == 1.0
    assert "states no unit of ENERGY; taken to be MeV" in caplog.text


@pytest.mark.parametrize(
    ("format_", "options", "received"),
    [("J", {}, "TFORM = 'J'"), ("E", {"bscale": 2.0}, "TFORM = 'E' with TSCAL or")],
)
def test_energies_that_are_no_plain_numbers_are_refused(
    write_events, format_, options, received
):
    change = column("ENERGY", format_, "MeV", np.arange(N, dtype="f4"), **options)
    with pytest.raises(BadInput, match=received):
        described(write_events(**PHOTONS, change=change))


def test_a_missing_column_is_named(write_events):
    def change(columns):
        return [each for each in columns if each.name not in ("B", "DEC")]

    with pytest.raises(BadInput, match="has no column DEC; it has: ENERGY, RA, L, "):
        described(write_events(**PHOTONS, change=change))


def test_a_header_that_promises_more_than_the_file_holds_is_refused(write_events):
    path = write_events(**PHOTONS)
    events = described(path)
    end = events.offset + N * events.row.itemsize
    content = path.read_bytes()
    path.write_bytes(content[:end])  # without the padding and what follows
    assert described(path).n_rows == N
    path.write_bytes(content[: end - 1])
    with pytest.raises(BadInput, match=rf"its {N} events end at byte {end}, the file"):
        described(path)


def test_what_tells_photons_apart_is_read_as_far_as_it_is_there(write_events):
    def change(columns):
        event = fits.Column("EVENT_ID", "K", array=np.arange(N))
        return [*(each for each in columns if each.name != "EVENT_ID"), event]

    events = described(write_events(**PHOTONS, numbers=np.arange(N), change=change))
    assert events.row.names == ("energy", "lon", "lat", "time", "run", "event")
    np.testing.assert_array_equal(rows_of(events)["event"], np.arange(N))
    np.testing.assert_array_equal(rows_of(events)["time"], np.arange(N))
    assert described(write_events("b.fits", **PHOTONS)).row.names[3:] == ("time",)


def test_scaled_numbers_tell_no_photons_apart(write_events):
    change = column("TIME", "E", "s", np.arange(N, dtype="f4"), bscale=2.0)
    assert "time" not in described(write_events(**PHOTONS, change=change)).row.names


@pytest.mark.parametrize(
    ("cuts", "unit", "zenith"),
    [([], "deg", 90.0), ([], "rad", np.pi / 2), (["0:100"], "deg", None)],
)
def test_zenith_angles_are_read_where_they_are_to_be_cut(
    write_events, cuts, unit, zenith
):
    change = column("ZENITH_ANGLE", "E", unit, np.full(N, 1.0))
    events = described(
        write_events(
            **PHOTONS,
            cuts=[("ZENITH_ANGLE", "deg", cut) for cut in cuts],
            zenith=np.ones(N),
            change=change,
        )
    )
    assert events.zenith == (None if zenith is None else pytest.approx(zenith))
    assert ("zenith" in events.row.names) == (zenith is not None)
