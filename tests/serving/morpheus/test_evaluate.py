"""The served model, measured on simulated fields."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import amphitrite
from amphitrite.surveys.morpheus.page import BANDS, MODEL
from amphitrite_training.surveys.morpheus import evaluate as evaluation
from amphitrite_training.surveys.morpheus.measures import FIRST_SEED, STRIDE
from amphitrite_training.surveys.morpheus.simulate.field import render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field

pytestmark = pytest.mark.triton


def test_its_counts_are_those_of_a_run(connection, tmp_path, monkeypatch):
    side, steps = 120, []
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(evaluation, "SIDE", side)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))

    @contextmanager
    def progress(what, total):
        assert (what, total) == ("evaluating", 1)
        yield steps.append

    found = evaluation.evaluate(connection, progress=progress, n_fields=1)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert (found.spec.name, found.seeds, steps) == (MODEL.name, (FIRST_SEED,), [1])
    field = render_field(FIRST_SEED, shape=(side, side))
    write_field(field, tmp_path)
    files = [tmp_path / f"{band.lower()}.fits" for band in BANDS]
    table = amphitrite.run("morpheus", files, connection, stride=STRIDE, report=False)
    assert found.purity.n == len(table)
    assert sum(share.n for share in found.completeness) <= len(field.truth)
    # the published weights find most of the sources that are brighter than 24 mag
    bright = [share for share in found.completeness if share.n][:3]
    assert sum(share.n_hits for share in bright) > 0.5 * sum(s.n for s in bright)
