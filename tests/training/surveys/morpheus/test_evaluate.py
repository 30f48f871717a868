"""Simulated fields are paired with what a run finds in their files."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.surveys.morpheus.page import BANDS, MODEL
from amphitrite_training.surveys.morpheus import evaluate as evaluation
from amphitrite_training.surveys.morpheus.measures import (
    FIRST_SEED,
    MATCH_PIXELS,
    STRIDE,
)
from amphitrite_training.surveys.morpheus.simulate.field import render_field

SIDE = 180
SPEC = MODEL.with_weights(digest="sha256:1")


class Connection:
    """A server with the model; nothing is asked of it."""

    def model(self, expected):
        assert expected is MODEL
        return SimpleNamespace(spec=SPEC, version=4)


@pytest.fixture(scope="module")
def fields():
    return [render_field(FIRST_SEED + n, shape=(SIDE, SIDE)) for n in (0, 1)]


@pytest.fixture
def evaluate(monkeypatch, fields):
    """Evaluate two small fields in which `finder` finds sources; note the advances."""
    connection, steps = Connection(), []

    @contextmanager
    def progress(what, total):
        assert (what, total) == ("evaluating", 2)
        yield steps.append

    def make(finder):
        expected = iter(fields)

        def run(inputs, connecting, out, options, control):
            field = next(expected)
            for path, band in zip(inputs, BANDS, strict=True):
                np.testing.assert_array_equal(fits.getdata(path), field.bands[band])
            assert options.stride == STRIDE
            with connecting as given:
                assert given is connection
            return SimpleNamespace(table=finder(field.truth))

        monkeypatch.setattr(evaluation, "SIDE", SIDE)
        monkeypatch.setattr(evaluation, "run", run)
        found = evaluation.evaluate(connection, progress=progress, n_fields=2)
        assert steps == [1, 1]
        return found

    return make


def catalogue(truth, *, dx=0.0, dy=0.0, morphology=None):
    """Return a catalogue of true sources, moved by so many pixels."""
    return QTable(
        {
            "x": np.asarray(truth["x"]) + dx,
            "y": np.asarray(truth["y"]) + dy,
            "morphology": truth["morphology"] if morphology is None else morphology,
        }
    )


def test_all_that_is_found_where_it_is_counts(evaluate):
    found = evaluate(lambda truth: catalogue(truth, dx=0.9 * MATCH_PIXELS))
    assert (found.version, found.spec) == (4, SPEC)
    assert found.seeds == (FIRST_SEED, FIRST_SEED + 1)
    assert found.purity.n == sum(share.n for share in found.completeness) > 10
    assert found.classes.sum() == np.trace(found.classes) > 0
    # crowded sources may take each other's place, so that a few are left without one
    assert found.purity.value > 0.9


def test_what_is_found_elsewhere_is_false(evaluate):
    def beside_the_brightest(truth):
        return catalogue(truth[[np.argmin(truth["mag_h"])]], dx=1.1 * MATCH_PIXELS)

    found = evaluate(beside_the_brightest)
    assert (found.purity.n_hits, found.purity.n) == (0, 2)
    assert not any(share.n_hits for share in found.completeness)


def test_classes_are_those_of_the_partner(evaluate):
    def bright_alone(truth):
        bright = truth[[np.argmin(truth["mag_h"])]]
        return catalogue(bright, morphology=["irregular"])

    found = evaluate(bright_alone)
    assert (found.purity.n_hits, found.purity.n) == (2, 2)
    assert sum(share.n_hits for share in found.completeness) == 2


def test_a_field_in_which_nothing_is_found_has_no_partner(evaluate):
    found = evaluate(lambda truth: catalogue(truth[:0]))
    assert found.purity.n == 0
    assert sum(share.n for share in found.completeness) > 10
