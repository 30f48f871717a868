"""A served model is held against the spec that it carries."""

from dataclasses import replace

import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.triton.agreement import check_wiring, spec_of
from amphitrite.triton.config import ModelConfig
from amphitrite.triton.spec import (
    Member,
    ModelSpec,
    TensorSpec,
    parameter_key,
    wiring_digest,
)

X, Y = (TensorSpec(name, "float32", (3,), ("feature",)) for name in "xy")
SPEC = ModelSpec("chain", (X,), (Y,))
MEMBERS = (Member("a", 7, "sha256:a", ""), Member("b", 2, "sha256:b", ""))
STEPS = [("a", {"x": "x"}, {"y": "middle"}), ("b", {"x": "middle"}, {"y": "y"})]
ENSEMBLE = replace(SPEC, members=MEMBERS, digest=wiring_digest(MEMBERS, STEPS))


def serving(steps=STEPS, versions=(7, 2)):
    """Return the configuration of an ensemble of some steps."""
    config = ModelConfig(name="chain")
    for (model, inputs, outputs), version in zip(steps, versions, strict=True):
        step = config.ensemble_scheduling.step.add()
        step.model_name, step.model_version = model, version
        step.input_map.update(inputs)
        step.output_map.update(outputs)
    return config


def test_each_version_carries_its_own_spec():
    config = ModelConfig(name="chain")
    specs = {n: replace(SPEC, digest=f"sha256:{n}") for n in (3, 12)}
    for number, spec in specs.items():
        config.parameters[parameter_key(number)].string_value = spec.to_json()
    for number, spec in specs.items():
        assert spec_of(config, number, server="here:1") == spec
    with pytest.raises(SpecMismatch, match="here:1 serves 'chain' version 4 without"):
        spec_of(config, 4, server="here:1")
    assert set(config.parameters) == {parameter_key(n) for n in specs}


def test_an_ensemble_as_it_was_published_passes():
    check_wiring(serving(), ENSEMBLE, server="here:1")


def test_the_order_of_members_in_the_spec_is_that_of_its_digest():
    turned = replace(ENSEMBLE, members=MEMBERS[::-1])
    with pytest.raises(SpecMismatch, match="joined as sha256"):
        check_wiring(serving(), turned, server="here:1")


@pytest.mark.parametrize(
    ("served", "runs"),
    [
        ({"versions": (8, 2)}, "a version 8, b version 2"),
        ({"steps": STEPS[:1], "versions": (7,)}, "a version 7"),
        (
            {"steps": [("a", {"x": "x"}, {"y": "y"}), STEPS[1]]},
            "a version 7, b version 2",
        ),
        (
            {"steps": [(STEPS[0][0], {"z": "x"}, STEPS[0][2]), STEPS[1]]},
            "a version 7, b version 2",
        ),
    ],
    ids=["another version", "a step less", "another output", "another input"],
)
def test_an_ensemble_that_runs_something_else_is_refused(served, runs):
    published = f"its spec says a version 7, b version 2, joined as {ENSEMBLE.digest}"
    message = f"'chain' at here:1 runs {runs}, joined as sha256:.*; {published}"
    with pytest.raises(SpecMismatch, match=message):
        check_wiring(serving(**served), ENSEMBLE, server="here:1")
