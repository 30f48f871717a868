"""The contract: canonical, complete, and refused by the name of what differs."""

import json
from dataclasses import replace

import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.spec import Member, ModelSpec, TensorSpec, check_contract

SPEC = ModelSpec(
    name="toy",
    inputs=(TensorSpec("x", "float32", (40, 4), ("y", "band"), "ct", "counts"),),
    outputs=(TensorSpec("p", "float32", (2,), ("label",)),),
    labels=("a", "b"),
    constants={"margin_pixels": 5, "bands": ["H", "J"]},
    references=("somewhere",),
    learned={"threshold": 0.11},
    digest="sha256:00",
    members=(Member("part", 2, "sha256:11"),),
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
        (SPEC.to_json().replace('"format":1', '"format":9'), "format 9"),
        (SPEC.to_json().replace('"dtype"', '"kind"'), "not a model spec"),
    ],
)
def test_what_is_no_spec_is_refused(text, message):
    with pytest.raises(SpecMismatch, match=message):
        ModelSpec.from_json(text)


def tensor(**changes):
    return {"inputs": (replace(SPEC.inputs[0], **changes),)}


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


def test_axes_and_shape_must_agree():
    with pytest.raises(ValueError, match="received shape"):
        TensorSpec("x", "float32", (1, 2), ("y",))
