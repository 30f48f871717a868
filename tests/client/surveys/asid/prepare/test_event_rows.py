"""Rows of event lists are read in blocks, and refused by their place in the file."""

import gzip

import numpy as np
import pytest
from event_lists import PHOTONS, N, column, described, rows_of

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare import event_rows
from amphitrite.surveys.asid.prepare.event_rows import blocks


@pytest.mark.parametrize(("n", "sizes"), [(1, [1] * N), (3, [3, 3, 1]), (9, [N])])
def test_rows_come_in_blocks_of_so_many_bytes(write_events, monkeypatch, n, sizes):
    events = described(write_events(**PHOTONS))
    monkeypatch.setattr(event_rows, "_BLOCK_BYTES", n * events.row.itemsize)
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


def test_rows_that_are_cut_off_meanwhile_are_counted(write_events, monkeypatch):
    path = write_events(**PHOTONS)
    events = described(path)
    monkeypatch.setattr(event_rows, "_BLOCK_BYTES", 3 * events.row.itemsize)
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
    monkeypatch.setattr(event_rows, "_BLOCK_BYTES", 2 * events.row.itemsize)
    with pytest.raises(BadInput, match=r"row 4 \(counted from 0\) of .* " + message):
        rows_of(events)


def test_latitudes_may_be_rounded_at_a_pole(write_events):
    photons = {**PHOTONS, "lat": np.array([90, -90, 0, 0, 0, 0, 0])}
    assert rows_of(described(write_events(**photons)))["lat"][:2].tolist() == [90, -90]
