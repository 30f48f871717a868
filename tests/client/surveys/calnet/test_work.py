"""Files on their way through the server, without one."""

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.surveys.calnet import work as calnet_work
from amphitrite.surveys.calnet.interpret.periods import Ephemeris, Peak
from amphitrite.surveys.calnet.interpret.stars import Scored, Star
from amphitrite.surveys.calnet.page import LIGHT_CURVE, MODEL
from amphitrite.surveys.calnet.work import (
    Candidate,
    FileWork,
    measure_star,
    prepare,
    score,
    thumbnails,
)

CURVES = np.arange(12.0).reshape(3, 4)
PERIOD = 1.9


def work(*, batch):
    scored = Scored(
        *(Path("a.fits"), "TIC 77", 77, 1.0, 2.0, 9.0, (4,), "0" * 64, ()),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.zeros(3, np.float32),
        start=np.array([2000.0, 2014.0, 2020.0]),
        stop=np.array([2012.0, 2018.0, 2026.0]),
    )
    return FileWork(scored, {"curve": CURVES, "power": -CURVES}, "p", batch)


def test_segments_go_in_batches():
    asked = list(work(batch=2).requests())
    assert [len(tensors["curve"]) for _, tensors in asked] == [2, 1]
    for name, sign in (("curve", 1), ("power", -1)):
        parts = [tensors[name] for _, tensors in asked]
        np.testing.assert_array_equal(np.concatenate(parts), sign * CURVES)


def test_answers_fall_into_place_in_any_order():
    judged = work(batch=1)
    asked = list(judged.requests())
    for where, tensors in reversed(asked):
        answer = tensors["curve"][:, :1] / 10
        judged.add(where, {"p": answer.astype(np.float32), "logit": None})
    back = Scored.from_arrays(Path("a.fits"), judged.record())
    np.testing.assert_allclose(back.p_eb, [0.0, 0.4, 0.8])
    assert (back.star, back.sectors, back.tmag) == ("TIC 77", (4,), 9.0)


class Judge:
    """Answers at once with what the first byte of a file says, over ten."""

    max_batch = 1

    def submit(self, tensors, outputs=None):
        answer = Future()
        answer.set_result({"p": np.float32(tensors["curve"][:, :1] / 10)})
        return answer

    def check_unchanged(self):
        """Stay."""


def judged_anew(path, **_):
    """Read a file and remember that it was read."""
    data = path.read_bytes()
    judged_anew.paths.append(path.name)
    scored = Scored(
        *(path, "TIC 77", 77, 1.0, 2.0, 9.0, (4,)),
        checksum=hashlib.sha256(data).hexdigest(),
        notes=(),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.zeros(1, np.float32),
        start=np.array([2000.0]),
        stop=np.array([2012.0]),
    )
    return FileWork(scored, {"curve": np.array([[float(data[:1])]])}, "p", 1)


@pytest.mark.parametrize("pool", [True, False])
def test_a_file_of_another_content_is_judged_anew(tmp_path, caplog, pool, monkeypatch):
    monkeypatch.setattr(calnet_work, "prepare", judged_anew)
    files = [tmp_path / name for name in ("a.fits", "b.fits", "c.fits")]
    for path in files:
        path.write_text("1")

    def run(**options):
        judged_anew.paths = []
        provenance = Provenance("calnet", 1, "", True, (), "", "2026-01-01T00:00:00")
        with (
            ThreadPoolExecutor(2) as two,
            Session(
                *("calnet", tmp_path / "eb.fits", nullcontext(), Control(**options)),
                inputs=files,
            ) as session,
        ):
            if pool:
                session.pool = two
            session.record(provenance)
            found, _ = score(session, Judge(), files, interpolation="pchip")
        # two threads read files in either order; what is found has theirs in any case
        read = sorted(judged_anew.paths) if pool else judged_anew.paths
        return [float(each.p_eb[0]) for each in found], read

    assert run(resume=False) == ([pytest.approx(0.1)] * 3, [p.name for p in files])
    assert run(resume=True) == ([pytest.approx(0.1)] * 3, [])
    stat = files[1].stat()
    files[1].write_text("2")  # of the same size and, it says, of the same time
    os.utime(files[1], ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = run(resume=True)
    assert again == ([pytest.approx(p) for p in (0.1, 0.2, 0.1)], ["b.fits"])
    assert "b.fits has another content than the interrupted run judged" in caplog.text
    assert run(resume=True)[1] == []


@pytest.fixture
def light_curve(tmp_path, sector, binary, write):
    time = sector()
    flux = binary(time, period=PERIOD, depths=(0.3, 0.0), width=0.02)
    flux += np.random.default_rng(3).normal(0, 1e-3, len(time))
    header = {"TELESCOP": "TESS", "TICID": 77, "SECTOR": 4, "RA_OBJ": 1.0}
    header |= {"DEC_OBJ": 2.0, "TESSMAG": 9.0}
    return write(tmp_path / "a.fits", time, 1e4 * flux, header=header)


def test_preparing_twice_gives_the_same_request(light_curve):
    requests = [
        list(prepare(light_curve, interpolation="pchip", batch=8).requests())
        for _ in range(2)
    ]
    ((_, one),), ((_, two),) = requests
    assert set(one) == {tensor.name for tensor in MODEL.inputs}
    for tensor in MODEL.inputs:
        assert one[tensor.name].shape == (2, *tensor.shape)
        assert one[tensor.name].dtype == tensor.dtype
        np.testing.assert_array_equal(one[tensor.name], two[tensor.name])


def test_the_two_interpolations_differ(light_curve):
    curves = [
        prepare(light_curve, interpolation=name, batch=8).tensors[LIGHT_CURVE]
        for name in ("pchip", "spline")
    ]
    assert not np.array_equal(*curves)


def test_what_is_known_of_a_file_is_recorded(light_curve):
    work = prepare(light_curve, interpolation="pchip", batch=8)
    back = Scored.from_arrays(light_curve, work.record())
    assert (back.star, back.sectors, back.tmag) == ("TIC 77", (4,), 9.0)
    np.testing.assert_allclose(back.start, [2000, 2014], atol=0.01)
    np.testing.assert_allclose(back.stop, [2012.5, 2027], atol=0.01)
    # the peak of narrow eclipses is at the period or a harmonic of it
    orbits = PERIOD / back.peak.period
    assert orbits == pytest.approx(round(orbits), rel=0.02)


@pytest.fixture
def star(tmp_path, sector, binary, write):
    time = sector()
    flux = binary(time, period=PERIOD, depths=(0.3, 0.1), width=0.02)
    flux += np.random.default_rng(3).normal(0, 1e-3, len(time))
    path = write(tmp_path / "a.fits", time, 1e4 * flux)
    scored = Scored(
        *(path, "TIC 77", 77, 1.0, 2.0, 9.0, (4,), checksum(path), ()),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.array([0.95, 0.97], np.float32),
        start=np.array([2000.0, 2014.0]),
        stop=np.array([2012.0, 2026.0]),
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
    with pytest.raises(BadInput, match=r"files changed while .*a\.fits is not a FITS"):
        measure([star], session)


def test_a_star_of_another_content_is_not_taken_for_the_measured_one(star, session):
    measure([star], session)
    other = Star((replace(star.files[0], checksum="1" * 64),), repeated=False)
    with pytest.raises(BadInput, match=r"a\.fits has another content than was judged"):
        measure([other], session)
    assert len(session.journal) == 1
