"""The contract: canonical, complete, and refused by the name of what differs."""

import hashlib
import json
from dataclasses import replace

import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.triton.spec import (
    Member,
    ModelSpec,
    TensorSpec,
    check_contract,
    wiring_digest,
)

SPEC = ModelSpec(
    name="toy",
    inputs=(TensorSpec("x", "float32", (40, 4), ("y", "band"), "ct", "counts"),),
    outputs=(
        TensorSpec("p", "float32", (2,), ("label",), minimum=0, maximum=1),
        TensorSpec("n", "int32", (1,), ("count",), minimum=0),
        TensorSpec("flux", "float32", (-1,), ("peak",), filled_by="n"),
    ),
    labels=("a", "b"),
    constants={"margin_pixels": 5, "bands": ["H", "J"]},
    references=("somewhere",),
    learned={"threshold": 0.11},
    digest="sha256:00",
    members=(Member("part", 2, "sha256:11", "sha256:22"),),
)


def test_json_restores_the_spec():
    assert ModelSpec.from_json(SPEC.to_json()) == SPEC


def test_json_is_canonical():
    text = SPEC.to_json()
    raw = json.loads(text)
    assert text == json.dumps(raw, sort_keys=True, separators=(",", ":"))
    other = replace(SPEC, constants={"bands": ["H", "J"], "margin_pixels": 5})
    assert other.to_json() == text


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(SPEC, learned={"threshold": float("nan")}).to_json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "not a model spec"),
        ("[]", "not a model spec"),
        ('{"name": "toy"}', "not a model spec"),
        (SPEC.to_json().replace('"format":2', '"format":9'), "format 9"),
        (SPEC.to_json().replace('"dtype"', '"kind"'), "not a model spec"),
        (SPEC.to_json().replace('"maximum":1.0', '"maximum":"high"'), "high"),
        (SPEC.to_json().replace('"maximum":1.0', '"maximum":-1'), "above the maximum"),
        (SPEC.to_json().replace('"filled_by":"n"', '"filled_by":"m"'), "filled by 'm'"),
    ],
)
def test_what_is_no_spec_is_refused(text, message):
    with pytest.raises(SpecMismatch, match=message):
        ModelSpec.from_json(text)


def tensor(**changes):
    return {"inputs": (replace(SPEC.inputs[0], **changes),)}


def output(**changes):
    first, *others = SPEC.outputs
    return {"outputs": (replace(first, **changes), *others)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "other"}, "name"),
        ({"labels": ("b", "a")}, "labels"),
        (tensor(name="z"), "inputs"),
        (tensor(dtype="float64"), "inputs.x.dtype"),
        (tensor(shape=(40, 5)), "inputs.x.shape"),
        (tensor(axes=("x", "band")), "inputs.x.axes"),
        (tensor(unit="Jy"), "inputs.x.unit"),
        ({"constants": {"margin_pixels": 6, "bands": ["H", "J"]}}, "margin_pixels"),
        ({"constants": {"margin_pixels": 5}}, "constants.bands"),
        ({"outputs": ()}, "outputs"),
        (output(minimum=None), "outputs.p.minimum"),
        (output(maximum=2), "outputs.p.maximum"),
        (output(filled_by="n"), "outputs.p.filled_by"),
    ],
)
def test_a_differing_contract_is_refused_by_field(changes, field):
    with pytest.raises(SpecMismatch, match=f"'(constants.)?{field}' differs"):
        check_contract(served=replace(SPEC, **changes), expected=SPEC)


@pytest.mark.parametrize(
    "changes",
    [
        {"learned": {"threshold": 0.5}},
        {"digest": "sha256:99"},
        {"references": ()},
        tensor(description="other words"),
    ],
)
def test_what_is_learned_or_said_may_differ(changes):
    check_contract(served=replace(SPEC, **changes), expected=SPEC)


@pytest.mark.parametrize(
    "changes",
    [
        {"learned": {"threshold": 0.5}},
        {"digest": "sha256:99"},
        {"members": (Member("part", 2, "sha256:11", "sha256:23"),)},
        output(maximum=2),
    ],
)
def test_the_identity_is_of_all_that_is_said(changes):
    assert SPEC.identity == ModelSpec.from_json(SPEC.to_json()).identity
    want = hashlib.sha256(SPEC.to_json().encode()).hexdigest()
    assert SPEC.identity == f"sha256:{want}"
    assert replace(SPEC, **changes).identity != SPEC.identity


def test_a_bound_has_one_notation():
    whole, fraction = (
        replace(SPEC, outputs=(TensorSpec("p", "int32", (), (), minimum=bound),))
        for bound in (1, 1.0)
    )
    assert whole.identity == fraction.identity


def test_the_wiring_s_digest_is_of_weights_and_joints():
    steps = [("part", {"x": "x"}, {"y": "p"})]
    first = wiring_digest(SPEC.members, steps)
    # what was learned has the identity to tell of it
    again = replace(SPEC.members[0], version=3, identity="sha256:23")
    assert wiring_digest([again], steps) == first
    assert wiring_digest([replace(again, digest="sha256:12")], steps) != first
    assert wiring_digest([again], [("part", {"x": "z"}, {"y": "p"})]) != first


def test_axes_and_shape_must_agree():
    with pytest.raises(ValueError, match="received shape"):
        TensorSpec("x", "float32", (1, 2), ("y",))
