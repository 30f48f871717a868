"""Files of one star come together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.periods import Peak
from amphitrite.surveys.calnet.interpret.stars import IDENTITY, Scored, group


def scored(
    number=7, sector=1, p_eb=(0.1, 0.2), name="a.fits", power=0.1, at=None, sectors=None
):
    """Return a file of segments of 12 days, which follow each other by 14 days."""
    begin = 2000.0 + 27 * sector if at is None else at
    start = begin + 14 * np.arange(len(p_eb))
    return Scored(
        path=Path(name),
        star=f"TIC {number}",
        tic=number,
        sectors=sectors or (sector,),
        ra=10.0,
        dec=-5.0,
        tmag=9.5,
        checksum="0" * 64,
        notes=("sorted", "turned into days"),
        peak=Peak(1.5, power, 1e-3),
        p_eb=np.array(p_eb, np.float32),
        start=start,
        stop=start + 12,
    )


def test_a_star_is_as_likely_as_its_likeliest_segment():
    (star,) = group([scored(sector=2, p_eb=(0.97, 0.3)), scored(sector=1, power=0.8)])
    assert star.p_eb == pytest.approx(0.97)
    assert star.sectors == "1,2"
    np.testing.assert_allclose(star.scores, [0.1, 0.2, 0.97, 0.3])
    assert star.peak.power == 0.8
    assert not star.repeated


def test_of_a_repeated_sector_the_file_with_more_segments_counts():
    files = [
        scored(p_eb=(0.9,), name="a.fits"),
        scored(p_eb=(0.1, 0.2), name="c.fits"),
        scored(p_eb=(0.3, 0.4), name="b.fits"),
    ]
    (star,) = group(files)
    assert [file.path.name for file in star.files] == ["b.fits"]
    assert star.repeated


def test_files_are_repeated_where_their_times_overlap():
    """Not where their sectors have the same number."""
    (star,) = group([scored(sector=0, at=2000.0), scored(sector=0, at=2030.0)])
    assert (len(star.files), star.repeated, star.sectors) == (2, False, "0")
    (star,) = group([scored(sector=1, at=2000.0), scored(sector=2, at=2012.0)])
    assert (len(star.files), star.repeated) == (1, True)


def test_a_file_between_the_sectors_of_a_stitched_one_counts():
    stitched = replace(
        scored(sectors=(1, 6), p_eb=(0.1, 0.2, 0.3)),
        start=np.array([2000.0, 2014.0, 2140.0]),
        stop=np.array([2012.0, 2026.0, 2152.0]),
    )
    within = scored(sector=1, at=2000.0, name="b.fits")
    between = scored(sector=3, at=2060.0, name="c.fits")
    (star,) = group([within, between, stitched])
    assert [file.path.name for file in star.files] == ["a.fits", "c.fits"]
    assert (star.sectors, star.repeated) == ("1,3,6", True)


def test_stars_are_in_the_order_of_their_numbers():
    assert [s.name for s in group([scored(100), scored(20)])] == ["TIC 20", "TIC 100"]
    assert group([]) == []


def test_a_scored_file_survives_the_journal():
    before = scored()
    after = Scored.from_arrays(before.path, before.to_arrays())
    for name in (*IDENTITY, "peak"):
        assert getattr(after, name) == getattr(before, name)
    np.testing.assert_array_equal(after.p_eb, before.p_eb)
    np.testing.assert_array_equal(after.start, before.start)
    np.testing.assert_array_equal(after.stop, before.stop)
