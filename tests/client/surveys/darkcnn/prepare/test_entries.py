"""What a file says of its clusters is found under its names, one entry for each."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.entries import Entries, plain


@pytest.fixture
def entries():
    return Entries(
        {
            "Redshift": [np.float64(0.1), 0.2],
            "id": np.array([7, 8]),
            "unit": "kappa",
            "mass": np.array([14.5, np.nan]),
            "BCG_e1": [0.3, 0.3],
            "BCG_e2": np.array([0.4, np.nan]),
            "kind": ["a", None],
            "galaxies": [np.zeros(5), np.zeros(6)],
            "short": [1.0],
        },
        2,
        "a.npz",
    )


def test_entries_of_each_and_of_all(entries):
    assert entries.number(1, "z", "redshift") == 0.2
    assert entries.text(1, "id") == "8"
    assert entries.text(0, "unit") == entries.text(1, "unit") == "kappa"
    assert entries.text(0, "galaxies", "kind") == "a"
    assert entries.value(1, "kind", "none") is None
    assert entries.number(0, "kind") is None
    assert Entries({"id": [3.0]}, 1, "a").text(0, "id") == "3"


def test_attributes(entries):
    assert entries.attributes(0) == {"log_m200": 14.5, "bcg_ellipticity": 0.5}
    assert entries.attributes(1) == {}


def test_too_few_entries_are_refused(entries):
    with pytest.raises(BadInput, match=r"a\.npz has 2 clusters, and 1 entries of 'sho"):
        entries.value(0, "short")


def test_plain_values_alone_are_passed_on(entries):
    assert entries.others(0) == {
        "redshift": 0.1,
        "id": 7,
        "unit": "kappa",
        "mass": 14.5,
        "bcg_e1": 0.3,
        "bcg_e2": 0.4,
        "kind": "a",
    }


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.bool_(True), 1),
        (np.array([2.5]), 2.5),
        (b"ab", "ab"),
        (1 << 64, None),
        ([1], None),
        (np.zeros(1, [("a", "f4")]), None),
        (np.frombuffer(b"\xff\xff\xff\xff", "U1"), None),  # no character has this code
        (np.array([None]), None),
        (1j, None),
    ],
)
def test_plain_values(value, found):
    assert plain(value) == found
