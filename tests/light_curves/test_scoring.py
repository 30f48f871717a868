"""Files on their way through the server, without one."""

from pathlib import Path

import numpy as np

from amphitrite.periods import Peak
from amphitrite.scoring import FileWork
from amphitrite.stars import Scored

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
