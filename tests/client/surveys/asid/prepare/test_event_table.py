"""Rows of event lists are found where they are, in the units of their file."""

import gzip
import math

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.files.opening import open_hdus
from amphitrite.surveys.asid.prepare import event_table
from amphitrite.surveys.asid.prepare.coverage import Channel
from amphitrite.surveys.asid.prepare.event_table import blocks, describe

N = 7
PHOTONS = {
    "energy": 400.0 + np.arange(N),
    "lon": np.linspace(10, 70, N),
    "lat": np.linspace(-30, 60, N),
}


def described(path):
    with open_hdus(path, None) as hdus:
        return describe(path, hdus["EVENTS"])


def rows_of(events):
    return np.concatenate(list(blocks(events)))


def column(name, format_, unit, values, **options):
    """Return a change that puts a column in the place of that of the same name."""
    new = fits.Column(name, format_, unit, array=values, **options)
    return lambda columns: [new if each.name == name else each for each in columns]


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


@pytest.mark.parametrize(("n", "sizes"), [(1, [1] * N), (3, [3, 3, 1]), (9, [N])])
def test_rows_come_in_blocks_of_so_many_bytes(write_events, monkeypatch, n, sizes):
    events = described(write_events(**PHOTONS))
    monkeypatch.setattr(event_table, "_BLOCK_BYTES", n * events.row.itemsize)
    assert [len(block) for block in blocks(events)] == sizes
    np.testing.assert_array_equal(rows_of(events)["energy"], PHOTONS["energy"])


def test_rows_of_a_gzipped_list_are_the_same(write_events):
    plain = write_events(**PHOTONS)
    packed = plain.with_suffix(".gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(rows_of(described(packed)), rows_of(described(plain)))


def test_a_list_without_rows_has_no_block(write_events):
    empty = dict.fromkeys(PHOTONS, np.zeros(0))
    assert list(blocks(described(write_events(**empty)))) == []


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


def test_rows_that_are_cut_off_meanwhile_are_counted(write_events, monkeypatch):
    path = write_events(**PHOTONS)
    events = described(path)
    monkeypatch.setattr(event_table, "_BLOCK_BYTES", 3 * events.row.itemsize)
    path.write_bytes(path.read_bytes()[: events.offset + 4 * events.row.itemsize + 1])
    with pytest.raises(BadInput, match=f"row 4 of {N} is cut off"):
        rows_of(events)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("energy", np.nan, r"has ENERGY = nan, which is no energy; so have 1 of the 2"),
        ("lon", np.inf, r"has L = inf, which is no angle"),
        ("lat", -90.1, r"has B = -90.*, which is no angle"),
    ],
)
def test_a_bad_value_is_named_by_its_row_in_the_file(
    write_events, monkeypatch, name, value, message
):
    def change(columns):
        key = {"energy": "ENERGY", "lon": "L", "lat": "B"}[name]
        values = PHOTONS[name].astype(np.float32)
        values[4] = value
        return column(key, "E", "MeV" if key == "ENERGY" else "deg", values)(columns)

    events = described(write_events(**PHOTONS, change=change))
    monkeypatch.setattr(event_table, "_BLOCK_BYTES", 2 * events.row.itemsize)
    with pytest.raises(BadInput, match=r"row 4 \(counted from 0\) of .* " + message):
        rows_of(events)


def test_latitudes_may_be_rounded_at_a_pole(write_events):
    photons = {**PHOTONS, "lat": np.array([90, -90, 0, 0, 0, 0, 0])}
    assert rows_of(described(write_events(**photons)))["lat"][:2].tolist() == [90, -90]
