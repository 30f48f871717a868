"""Likely stars get their period, from files as they are on the disk."""

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.engine.control import Control
from amphitrite.engine.journal import Journal
from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.surveys.calnet import work as calnet_work
from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star
from amphitrite.surveys.calnet.work import Candidate, measure_star, thumbnails

PERIOD = 1.9


@pytest.fixture
def star(tmp_path, sector, binary, write):
    time = sector()
    flux = binary(time, period=PERIOD, depths=(0.3, 0.1), width=0.02)
    flux += np.random.default_rng(3).normal(0, 1e-3, len(time))
    path = write(tmp_path / "a.fits", time, 1e4 * flux)
    scored = Scored(
        *(path, "TIC 77", 77, 4, 1.0, 2.0, 9.0, checksum(path)),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.array([0.95, 0.97], np.float32),
        start=np.array([2000.0, 2014.0]),
    )
    return Star((scored,), repeated=False)


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal", {}, resume=False) as journal:
        yield journal


def measure(stars, journal, **chosen):
    return calnet_work.measure(
        *(stars, None, journal, Control()), interpolation="pchip", **chosen
    )


def test_a_star_gets_its_period_and_a_thumbnail(star, journal):
    found = measure([star], journal)["TIC 77"]
    assert found.period == pytest.approx(PERIOD, rel=1e-4)
    assert thumbnails([star], journal)["TIC 77"].shape == (96,)


def test_what_was_measured_is_not_measured_again(star, journal):
    found = measure([star], journal)
    star.files[0].path.unlink()
    assert measure([star], journal) == found


def test_a_star_is_drawn(star, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    picture = tmp_path / "p.png"
    work = measure_star(Candidate(star, picture), interpolation="pchip")
    assert list(work.requests()) == []
    assert Ephemeris.from_arrays(work.record()).period == pytest.approx(
        PERIOD, rel=1e-4
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_files_that_change_meanwhile_are_named(star, journal):
    star.files[0].path.write_text("something else")
    with pytest.raises(BadInput, match=r"files changed while .*a\.fits is no FITS"):
        measure([star], journal)


def test_a_star_of_another_content_is_not_taken_for_the_measured_one(star, journal):
    measure([star], journal)
    other = Star((replace(star.files[0], checksum="1" * 64),), repeated=False)
    with pytest.raises(BadInput, match=r"a\.fits has another content than was judged"):
        measure([other], journal)
    assert len(journal) == 1
