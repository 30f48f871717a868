"""Files of one star come together."""

from pathlib import Path

import numpy as np
import pytest

from amphitrite.surveys.calnet.interpret.periods import Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, group


def scored(number=7, sector=1, p_eb=(0.1, 0.2), name="a.fits", power=0.1):
    start = 2000.0 + 27 * sector + 14 * np.arange(len(p_eb))
    return Scored(
        path=Path(name),
        star=f"TIC {number}",
        tic=number,
        sector=sector,
        ra=10.0,
        dec=-5.0,
        tmag=9.5,
        checksum="0" * 64,
        peak=Peak(1.5, power, 1e-3),
        p_eb=np.array(p_eb, np.float32),
        start=start,
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


def test_stars_are_in_the_order_of_their_numbers():
    assert [s.name for s in group([scored(100), scored(20)])] == ["TIC 20", "TIC 100"]
    assert group([]) == []


def test_a_scored_file_survives_the_journal():
    before = scored()
    after = Scored.from_arrays(before.path, before.to_arrays())
    for name in ("star", "tic", "sector", "ra", "dec", "tmag", "checksum", "peak"):
        assert getattr(after, name) == getattr(before, name)
    np.testing.assert_array_equal(after.p_eb, before.p_eb)
