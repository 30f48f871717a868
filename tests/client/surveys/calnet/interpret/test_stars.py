"""Files of one star come together; unusable ones say why."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.surveys.calnet.interpret.periods import Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, group
from amphitrite.surveys.calnet.prepare.inputs import together, usable_segments


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


def test_sectors_are_put_together_without_overlaps(tmp_path, sector, binary, write):
    files = []
    for number, start in enumerate((2000.0, 2027.0, 2030.0)):
        time = sector(start=start)
        flux = 100 * binary(time, period=2.0)
        path = write(tmp_path / f"{number}.fits", time, flux)
        files.append(replace(scored(name=path), checksum=checksum(path)))
    found = together(files, interpolation="pchip")
    starts = [segment.time[0] for segment in found]
    # both halves of the third file begin within those of the second
    assert starts == pytest.approx([2000, 2014, 2027, 2041], abs=0.3)
    assert all(a.time[-1] < b.time[0] for a, b in pairwise(found))
    other = replace(files[1], checksum="0" * 64)
    with pytest.raises(BadInput, match=r"1\.fits has another content than was judged"):
        together([files[0], other], interpolation="pchip")


@pytest.mark.parametrize(
    ("flux", "message"),
    [
        (lambda t: np.full(len(t), 5.0), "its flux is constant"),
        (lambda t: np.sin(t) - 50, "median flux below zero"),
    ],
)
def test_unusable_light_curves_say_why(tmp_path, sector, write, flux, message):
    time = sector()
    path = write(tmp_path / "a.fits", time, flux(time))
    with pytest.raises(BadInput, match=rf"a\.fits has .*{message}"):
        usable_segments(path, interpolation="pchip")


@pytest.mark.parametrize("n", [1, 1999])
def test_short_light_curves_say_how_long_they_are(tmp_path, sector, write, n):
    time = sector()[:n]
    path = write(tmp_path / "a.fits", time, time % 5)
    message = rf"a stretch between gaps needs 2000 good points, .* longest has {n};"
    with pytest.raises(BadInput, match=message):
        usable_segments(path, interpolation="pchip")


def test_times_that_do_not_rise_are_refused_with_the_file(tmp_path, sector, write):
    time = sector()
    time[40] = time[39]
    path = write(tmp_path / "a.fits", time, time % 5)
    with pytest.raises(BadInput, match=r"a\.fits: time does not rise: point 40"):
        usable_segments(path, interpolation="pchip")
