"""The run engine, with a scripted model for faults that no real server gives on cue.

`tests/serving` drives the same engine against a real Triton.
"""

import itertools
import random
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from amphitrite import errors
from amphitrite.engine.control import Limits
from amphitrite.engine.execution import Unit, execute
from amphitrite.engine.journal import Journal


class Doubling:
    """A unit of several requests; the scripted model doubles what it is sent."""

    def __init__(self, payload):
        number, n_requests = payload
        if number < 0:
            raise errors.BadInput(f"unit {number} is damaged")
        self.number, self.n_requests = number, n_requests
        self.answers = np.zeros(n_requests)

    def requests(self):
        for i in range(self.n_requests):
            yield i, {"x": np.array([self.number + i / 10])}

    def add(self, where, outputs):
        self.answers[where] += outputs["y"][0]

    def record(self):
        return {"answers": self.answers}


class ScriptedModel:
    """Answers out of order on another thread; fails where the script says so."""

    def __init__(self, failures=(), *, changed=None):
        self.failures = iter(failures)
        self.changed = changed
        self.flying = self.most_flying = self.sent = self.checks = 0
        self.random = random.Random(4)
        self.lock = threading.Lock()

    def submit(self, tensors, outputs=None):
        future = Future()
        with self.lock:
            self.sent += 1
            self.flying += 1
            self.most_flying = max(self.most_flying, self.flying)
        failure = next(self.failures, None)
        seconds = self.random.random() / 200
        if isinstance(failure, float):  # an answer that takes its time
            failure, seconds = None, failure
        elif isinstance(failure, errors.BadInput):
            raise failure

        def answer():
            with self.lock:
                self.flying -= 1
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result({"y": 2 * tensors["x"]})

        threading.Timer(seconds, answer).start()
        return future

    def check_unchanged(self):
        self.checks += 1
        if self.changed is not None:
            raise self.changed


def units(numbers, n_requests=3):
    return [Unit(str(number), (number, n_requests), size=2) for number in numbers]


def expected(number, n_requests=3):
    return 2 * (number + np.arange(n_requests) / 10)


def open_journal(tmp_path, resume=True):
    return Journal(tmp_path / "journal", {}, resume=resume)


@pytest.mark.parametrize(("in_flight", "workers"), [(1, 0), (5, 0), (4, 2)])
def test_every_unit_is_recorded_once(tmp_path, in_flight, workers):
    model, advanced = ScriptedModel(), []
    with open_journal(tmp_path) as journal:
        summary = execute(
            units(range(12)),
            Doubling,
            model,
            journal,
            limits=Limits(in_flight=in_flight, workers=workers),
            advance=advanced.append,
        )
        for number in range(12):
            np.testing.assert_allclose(
                journal.read(str(number))["answers"], expected(number)
            )
    assert (summary.done, summary.resumed, summary.skipped) == (12, 0, {})
    assert sum(advanced) == 24
    assert model.sent == 36
    assert model.most_flying <= in_flight


def test_units_are_read_lazily(tmp_path):
    model, taken = ScriptedModel(), itertools.count()

    def endless():
        for number in taken:
            if number - model.sent > 3:
                raise AssertionError("far more units were read than sent")
            if number == 50:
                return
            yield Unit(str(number), (number, 1))

    with open_journal(tmp_path) as journal:
        summary = execute(
            endless(), Doubling, model, journal, limits=Limits(in_flight=1)
        )
    assert summary.done == 50


def test_one_bad_input_is_skipped_and_said(tmp_path, caplog):
    with open_journal(tmp_path) as journal:
        summary = execute(units([1, -7, 2]), Doubling, ScriptedModel(), journal)
    assert summary.done == 2
    assert summary.skipped == {"-7": "unit -7 is damaged"}
    assert "skipped -7" in caplog.text


def test_a_unit_without_requests_is_finished(tmp_path):
    with open_journal(tmp_path) as journal:
        execute(units([3], n_requests=0), Doubling, ScriptedModel(), journal)
        assert journal.read("3")["answers"].size == 0


@pytest.mark.parametrize(
    "failure",
    [
        errors.ServerUnreachable("gone"),
        errors.ModelNotReady("stub died"),
        errors.InferenceTimeout("slow"),
    ],
)
def test_what_may_pass_is_tried_again(tmp_path, failure):
    model = ScriptedModel([None, failure, failure, None, failure])
    with open_journal(tmp_path) as journal:
        summary = execute(units(range(4)), Doubling, model, journal)
        for number in range(4):
            np.testing.assert_allclose(
                journal.read(str(number))["answers"], expected(number)
            )
    assert summary.done == 4
    assert model.sent == 12 + 3
    assert model.checks >= 1


@pytest.mark.parametrize(
    "failure", [errors.InferenceFailed("wrong shape"), errors.SpecMismatch("other")]
)
def test_what_cannot_pass_ends_the_run_at_once(tmp_path, failure):
    model = ScriptedModel([None, failure])
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(type(failure), match=str(failure)),
    ):
        execute(units(range(4)), Doubling, model, journal)
    assert model.checks == 0


def test_weights_that_changed_without_a_break_spoil_the_run(tmp_path):
    model = ScriptedModel(changed=errors.SpecMismatch("other weights"))
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.SpecMismatch, match="other weights"),
    ):
        execute(units(range(4)), Doubling, model, journal)
    assert model.checks == 1
    # nobody knows which parts are of which weights, even if the first ones are back
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.SpecMismatch, match="changed its weights during this run"),
    ):
        execute(units(range(6)), Doubling, ScriptedModel(), journal)


def test_weights_that_changed_with_a_break_leave_the_finished_parts(tmp_path):
    gone = errors.ServerUnreachable("gone")
    model = ScriptedModel(
        [*[None] * 6, gone], changed=errors.SpecMismatch("other weights")
    )
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.SpecMismatch, match="other weights"),
    ):
        execute(units(range(4)), Doubling, model, journal, limits=Limits(in_flight=1))
    with open_journal(tmp_path) as journal:
        summary = execute(units(range(4)), Doubling, ScriptedModel(), journal)
    assert (summary.done, summary.resumed) == (2, 2)


def test_a_server_that_leaves_at_the_end_is_waited_for(tmp_path):
    model = ScriptedModel(changed=errors.ServerUnreachable("gone"))
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.ServerUnreachable, match="gone"),
    ):
        execute(units([1]), Doubling, model, journal, limits=Limits(patience=0.6))
    assert model.checks >= 2
    # all parts are there and of the right weights: nothing is left to ask
    with open_journal(tmp_path) as journal:
        assert execute(units([1]), Doubling, model, journal).resumed == 1


def test_a_success_ends_the_time_of_failing(tmp_path):
    gone = errors.ServerUnreachable("gone")
    # twice out of reach for a moment, further apart than the patience
    model = ScriptedModel([gone, None, 0.9, gone])
    with open_journal(tmp_path) as journal:
        limits = Limits(in_flight=1, patience=0.6)
        execute(units([1, 2]), Doubling, model, journal, limits=limits)
        assert len(journal) == 2


def test_a_request_that_cannot_be_sent_names_its_unit(tmp_path):
    model = ScriptedModel([None, errors.BadInput("it holds NaN")])
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.BadInput, match="it holds NaN") as caught,
    ):
        execute(units([5]), Doubling, model, journal)
    assert caught.value.__notes__ == ["It comes from 5."]


def test_patience_ends(tmp_path):
    model = ScriptedModel([errors.ServerUnreachable("gone")] * 1000)
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(errors.ServerUnreachable, match="gone"),
    ):
        execute(units([1]), Doubling, model, journal, limits=Limits(patience=0.6))
    assert model.checks >= 1


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    model = ScriptedModel([*[None] * 10, errors.InferenceFailed("no")])
    with open_journal(tmp_path) as journal, pytest.raises(errors.InferenceFailed):
        execute(units(range(6)), Doubling, model, journal)
    with open_journal(tmp_path) as journal:
        before = len(journal)
        assert 0 < before < 6
        summary = execute(units(range(6)), Doubling, ScriptedModel(), journal)
        assert (summary.done, summary.resumed) == (6 - before, before)
        for number in range(6):
            np.testing.assert_allclose(
                journal.read(str(number))["answers"], expected(number)
            )
