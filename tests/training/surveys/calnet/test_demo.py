"""What the demo of the light curves counts; a real run of it is in tests/serving."""

from __future__ import annotations

import json

import numpy as np
from astropy import units as u
from astropy.table import QTable

from amphitrite_training.surveys.calnet.demo import SHOWN, _listed, compare
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES, KINDS

KNOWN = QTable(
    {
        "tic": [1, 2, 3, 4, 5, 6],
        "kind": ["EA", "EW", "EB", "EA", "quiet", "spots"],
        "period": [2.0, 0.4, 1.0, 3.0, 0.0, 0.0] * u.d,
    }
)
TABLE = QTable(
    {
        "tic": [6, 5, 4, 2, 1],  # 3 was not usable
        "p_eb": np.array([0.95, 0.1, 0.5, 0.99, 0.92], np.float32),
        "period": [1.0, 2.0, 3.0, 0.8, 2.001] * u.d,
        "depth": [0.1, np.nan, np.nan, 0.3, 0.2],
    }
)


def test_stars_are_counted():
    counted = compare(TABLE, KNOWN, 0.9)
    assert counted == {
        "binaries": 4,
        "found": 2,
        "periods": 1,  # the other one's is doubled
        "others": 2,
        "mistaken": 1,
    }
    assert json.loads(json.dumps(counted)) == counted


def test_a_truth_from_a_fits_file_is_counted_likewise(tmp_path):
    KNOWN.write(tmp_path / "truth.fits")
    known = QTable.read(tmp_path / "truth.fits")
    assert compare(TABLE, known, 0.9) == compare(TABLE, KNOWN, 0.9)


def test_an_empty_catalogue_finds_nothing():
    counted = compare(TABLE[:0], KNOWN, 0.9)
    assert (counted["found"], counted["periods"], counted["mistaken"]) == (0, 0, 0)
    assert counted["binaries"] == 4


def test_every_star_is_listed():
    lines = _listed(TABLE, KNOWN).splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(KNOWN["kind"])
    assert lines[0].split() == ["EA", "2.0000", "0.920", "2.0010"]
    assert lines[2].split() == ["EB", "1.0000", "not", "usable"]
    assert lines[4].split() == ["quiet", "-", "0.100", "-"]


def test_every_kind_is_shown():
    assert set(SHOWN) == set(KINDS)
    assert all(SHOWN.count(kind) == 2 for kind in BINARIES)
