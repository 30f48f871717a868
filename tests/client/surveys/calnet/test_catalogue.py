"""Rows of the catalogue, without a server."""

from pathlib import Path

import numpy as np
import pytest

from amphitrite.files import catalogues
from amphitrite.surveys.calnet.catalogue import COLUMNS, FLAGS, interpret
from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star


def star(*scores, number=77, repeated=False):
    scored = Scored(
        *(Path("a.fits"), f"TIC {number}", number, 1.0, 2.0, 9.0, (4,), "0" * 64, ()),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.array(scores, np.float32),
        start=2000 + 14 * np.arange(len(scores)),
        stop=2012 + 14 * np.arange(len(scores)),
    )
    return Star((scored,), repeated=repeated)


def test_rows_hold_what_was_found():
    ephemeris = Ephemeris(
        *(1.9, 1e-5, 2010.5, 0.3), Peak(0.95, 0.5, 1e-9), 1.9, ("odd_even",)
    )
    stars = [star(0.2, 0.5, number=5), star(0.99, 0.5, repeated=True)]
    data = interpret(stars, {"TIC 77": ephemeris}, threshold=0.9)
    table = catalogues.table(COLUMNS, data)
    assert list(table.colnames) == [column.name for column in COLUMNS]
    low, high = table
    assert low["period"].value == 0.95
    assert np.isnan([low[n].value for n in ("period_err", "bls_period", "epoch")]).all()
    assert np.isnan(low["depth"])
    assert (low["flags"], low["n_positive"]) == ("periodogram", 0)
    assert (high["period"].value, high["epoch"].value) == (1.9, 2010.5)
    assert (high["n_segments"], high["n_positive"]) == (2, 1)
    assert high["flags"] == "odd_even,one_segment,repeated"
    assert high["p_eb"] == pytest.approx(0.99)
    assert set(high["flags"].split(",")) <= set(FLAGS)


@pytest.mark.parametrize(
    ("score", "threshold", "reached"),
    [
        (0.5, 0.5, True),
        (0.5, 0.500001, False),
        # as single precision 0.9 is a little less, and 0.7 too; 0.6 is a little more
        (0.9, 0.9, False),
        (0.6, 0.6, True),
    ],
)
def test_a_segment_is_positive_from_the_threshold_on(score, threshold, reached):
    one = star(0.1, score)
    assert (one.p_eb >= threshold) is reached
    (n_positive,) = interpret([one], {}, threshold=threshold)["n_positive"]
    assert n_positive == reached


def test_only_of_several_segments_one_is_said_to_stand_alone():
    def flags(*scores):
        (found,) = interpret([star(*scores)], {}, threshold=0.9)["flags"]
        return found.split(",")

    assert "one_segment" in flags(0.95, 0.1)
    assert "one_segment" not in flags(0.95)
    assert "one_segment" not in flags(0.95, 0.96)
    assert "one_segment" not in flags(0.1, 0.1)


def test_no_star_gives_an_empty_table_with_all_columns():
    table = catalogues.table(COLUMNS, interpret([], {}, threshold=0.9))
    assert len(table) == 0
    assert list(table.colnames) == [column.name for column in COLUMNS]
