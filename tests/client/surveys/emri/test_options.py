"""Options of a search that make no sense are refused."""

from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.options import Options


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"channels": ("I",)}, "must name two different columns.*; received I"),
        ({"channels": ("I", "I")}, "received I, I"),
        ({"channels": ("A", "E", "T")}, "received A, E, T"),
        ({"fap": 0.0}, "--fap must be a probability"),
        ({"fap": float("nan")}, "--fap must be a probability"),
        ({"overlap": 1.0}, "--overlap must be a share from 0 to 0.99; received 1"),
        ({"overlap": -0.1}, "--overlap must be"),
        ({"model": "emri_table4"}, "one of emri, emri_table3; received emri_table4"),
        ({"whitened": True, "psd": "estimate"}, "give one of them"),
        ({"calibrate": 9_999}, r"must be 10,000 at least .* 0\.001.*received 9,999"),
        ({"calibrate": 99, "fap": 0.1}, "must be 100 at least"),
    ],
)
def test_what_makes_no_sense_is_refused(chosen, said):
    with pytest.raises(BadInput, match=said):
        Options(**chosen)


def test_limits_are_allowed():
    assert Options(overlap=0, channels=["a", "b"]).channels == ("a", "b")
    assert Options(overlap=0.99, calibrate=10_000, plots="here").plots == Path("here")
