"""Requests and answers held against what a model declares, without a server."""

import numpy as np
import pytest

from amphitrite.errors import BadInput, InferenceFailed
from amphitrite.triton.answers import asked_for, check_answer, check_request
from amphitrite.triton.spec import ModelSpec, TensorSpec

N, K = 2, 3
SPEC = ModelSpec(
    "toy",
    inputs=(
        TensorSpec("x", "float32", (4,), ("channel",), minimum=0),
        TensorSpec("valid", "bool", (-1,), ("peak",)),
    ),
    outputs=(
        TensorSpec("p", "float32", (), (), minimum=0, maximum=1),
        TensorSpec("logit", "float32", (-1,), ("peak",), maximum=90),
        TensorSpec("n", "int32", (1,), ("count",), minimum=0),
        TensorSpec("listed", "float32", (-1, 2), ("peak", "axis"), filled_by="n"),
        TensorSpec("told", "float64", (-1,), ("peak",), filled_by="valid"),
    ),
)
VALID = np.array([[True, False, True], [False, False, False]])
SENT = {"x": np.ones((N, 4), np.float32), "valid": VALID}


def answer(**changes):
    """Return an answer with NaN in every place that is not filled, and nowhere else."""
    listed = np.full((N, K, 2), np.nan, np.float32)
    listed[0], listed[1, :1] = 1, 2
    return {
        "p": np.array([0, 1], np.float32),
        "logit": np.zeros((N, K), np.float32),
        "n": np.array([[5], [1]], np.int32),
        "listed": listed,
        "told": np.where(VALID, 1.0, np.nan),
    } | changes


def with_value(name, where, value):
    changed = answer()[name].copy()
    changed[where] = value
    return answer(**{name: changed})


def test_what_is_declared_is_taken():
    check_answer(SPEC, SENT, answer())
    check_answer(SPEC, SENT, {"p": answer()["p"]})
    none = {"x": np.ones((N, 4), np.float32), "valid": np.zeros((N, 0), bool)}
    empty = {"told": np.zeros((N, 0)), "logit": np.zeros((N, 0), np.float32)}
    check_answer(SPEC, none, empty)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (with_value("p", 1, np.nan), "'p' .* 1 of 2 values, the first nan; .* 0 to 1"),
        (with_value("p", 0, np.inf), "'p' .* the first inf"),
        (with_value("p", 0, -1e-7), "'p' .* the first -1e-07"),
        (with_value("p", 0, np.nextafter(np.float32(1), 2)), "'p' .* from 0 to 1"),
        (
            with_value("logit", (0, 0), -np.inf),
            "'logit' .* the first -inf; .* up to 90",
        ),
        (with_value("logit", (0, 0), 90.5), "'logit' .* the first 90.5"),
        (with_value("n", (0, 0), -1), "'n' .* the first -1; .* from 0"),
        (with_value("listed", (1, 0, 1), np.nan), "'listed' .* 1 of 8 values"),
        (with_value("listed", (0, 2, 0), np.nan), "'listed' .* 1 of 8 values"),
        (with_value("told", (0, 2), np.nan), "'told' .* 1 of 2 .* finite numbers"),
        (answer(p=None), "'p' is missing"),
        (answer(p=np.zeros(N)), "'p' is float64 of shape .*; declared is float32"),
        (answer(p=np.zeros(3, np.float32)), r"shape \(3,\); .* shape \(2,\)"),
        (answer(p=np.zeros((N, 1), np.float32)), r"shape \(2, 1\); .* shape \(2,\)"),
        (answer(logit=np.zeros((N, 4), np.float32)), r"\(2, 4\); .* \(2, 3\)"),
        (answer(told=np.zeros(N)), r"\(2,\); .* \(2, -1\)"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_value(changed, said):
    with pytest.raises(InferenceFailed, match=said):
        check_answer(SPEC, SENT, changed)


def test_free_lengths_of_one_axis_agree_among_outputs():
    outputs = (SPEC.outputs[1], TensorSpec("z", "float32", (-1,), ("peak",)))
    spec = ModelSpec("toy", SPEC.inputs[:1], outputs)
    pair = {name: np.zeros((N, 3), np.float32) for name in ("logit", "z")}
    check_answer(spec, {"x": SENT["x"]}, pair)
    with pytest.raises(InferenceFailed, match=r"'z' is float32 of shape \(2, 4\)"):
        check_answer(
            spec, {"x": SENT["x"]}, {**pair, "z": np.zeros((N, 4), np.float32)}
        )


def test_an_output_brings_what_tells_its_filled_places():
    assert asked_for(SPEC, ["listed", "p"]) == ["listed", "p", "n"]
    assert asked_for(SPEC, ["n", "listed"]) == ["n", "listed"]
    # the input is known anyhow
    assert asked_for(SPEC, ["told"]) == ["told"]
    assert asked_for(SPEC, ["unheard of"]) == ["unheard of"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5])
def test_what_a_model_does_not_take_is_not_sent(value):
    check_request(SPEC, SENT)
    x = np.ones((N, 4), np.float32)
    x[1, 2] = value
    with pytest.raises(BadInput, match=f"'x' of the model 'toy' .* first {value:g};"):
        check_request(SPEC, {**SENT, "x": x})


def test_numbers_at_the_end_of_their_type_are_finite():
    spec = ModelSpec("toy", (), (TensorSpec("y", "float64", (2,), ("axis",)),))
    most = np.finfo(np.float64).max
    check_answer(spec, {"x": np.zeros((1, 1))}, {"y": np.array([[-most, most]])})
