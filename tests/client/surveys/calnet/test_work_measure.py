"""Likely stars get their period, from files as they are on the disk."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
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
def session(tmp_path):
    provenance = Provenance("calnet", 1, "", True, (), "", "2026-01-01T00:00:00")
    with Session("calnet", tmp_path / "c.fits", nullcontext(), inputs=[]) as session:
        session.record(provenance)
        yield session


def measure(stars, session, **chosen):
    return calnet_work.measure(session, None, stars, interpolation="pchip", **chosen)


def test_a_star_gets_its_period_and_a_thumbnail(star, session):
    found = measure([star], session)["TIC 77"]
    assert found.period == pytest.approx(PERIOD, rel=1e-4)
    assert thumbnails([star], session.journal)["TIC 77"].shape == (96,)


def test_what_was_measured_is_not_measured_again(star, session):
    found = measure([star], session)
    star.files[0].path.unlink()
    assert measure([star], session) == found


def test_a_star_is_drawn(star, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    picture = tmp_path / "p.png"
    work = measure_star(Candidate(star, picture), interpolation="pchip")
    assert list(work.requests()) == []
    assert Ephemeris.from_arrays(work.record()).period == pytest.approx(
        PERIOD, rel=1e-4
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_files_that_change_meanwhile_are_named(star, session):
    star.files[0].path.write_text("something else")
    with pytest.raises(BadInput, match=r"files changed while .*a\.fits is no FITS"):
        measure([star], session)


def test_a_star_of_another_content_is_not_taken_for_the_measured_one(star, session):
    measure([star], session)
    other = Star((replace(star.files[0], checksum="1" * 64),), repeated=False)
    with pytest.raises(BadInput, match=r"a\.fits has another content than was judged"):
        measure([other], session)
    assert len(session.journal) == 1
