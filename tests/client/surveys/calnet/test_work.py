"""Files on their way through the server, without one."""

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from amphitrite.engine.control import Control
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.surveys.calnet import work as calnet_work
from amphitrite.surveys.calnet.interpret.periods import Peak
from amphitrite.surveys.calnet.interpret.stars import Scored
from amphitrite.surveys.calnet.work import FileWork, score

CURVES = np.arange(12.0).reshape(3, 4)


def work(*, batch):
    scored = Scored(
        *(Path("a.fits"), "TIC 77", 77, 4, 1.0, 2.0, 9.0, "0" * 64),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.zeros(3, np.float32),
        start=np.array([2000.0, 2014.0, 2020.0]),
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
    assert (back.star, back.sector, back.tmag) == ("TIC 77", 4, 9.0)


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
        *(path, "TIC 77", 77, 4, 1.0, 2.0, 9.0, hashlib.sha256(data).hexdigest()),
        peak=Peak(0.95, 0.5, 1e-9),
        p_eb=np.zeros(1, np.float32),
        start=np.array([2000.0]),
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
