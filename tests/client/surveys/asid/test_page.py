"""The contract of asid: what is sent, what is answered, and what a flux is for."""

from dataclasses import replace

import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.surveys.asid.page import (
    ASKED,
    EXPOSURE,
    FLUX,
    HEADS,
    HEADS_MODEL,
    MODEL,
    per_source,
)
from amphitrite.triton.spec import ModelSpec, check_contract


def test_a_heads_network_takes_sources_one_by_one():
    for head in HEADS:
        one = per_source(head)
        assert "valid" not in {tensor.name for tensor in one.inputs}
        for tensor in (*one.inputs, *one.outputs):
            assert -1 not in tensor.shape
            assert "peak" not in tensor.axes
        assert one.name == head.name
    assert per_source(FLUX).inputs[-1] == EXPOSURE


@pytest.mark.parametrize("constant", ["exposure_weights", "flux_above_mev"])
@pytest.mark.parametrize("spec", ASKED, ids=lambda spec: spec.name)
def test_what_a_flux_is_for_is_part_of_the_contract(spec, constant):
    other = replace(spec, constants={**spec.constants, constant: 0})
    with pytest.raises(SpecMismatch, match=f"'constants.{constant}' differs"):
        check_contract(served=other, expected=spec)


def test_the_ensembles_answer_alike_of_sources():
    described = {replace(tensor, filled_by="") for tensor in HEADS_MODEL.outputs}
    assert described <= {replace(tensor, filled_by="") for tensor in MODEL.outputs}
    for spec in (MODEL, HEADS_MODEL):
        check_contract(served=ModelSpec.from_json(spec.to_json()), expected=spec)
