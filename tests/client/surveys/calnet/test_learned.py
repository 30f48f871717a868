"""What was learned is read from the spec, and what is unknown is refused."""

import pytest

from amphitrite.errors import SpecMismatch
from amphitrite.surveys.calnet.learned import Learned
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.spec import ModelSpec, check_contract

LEARNED = {"interpolation": "pchip", "threshold": 0.9}


def test_the_spec_survives_json():
    spec = MODEL.with_weights(digest="sha256:0", learned=LEARNED)
    again = ModelSpec.from_json(spec.to_json())
    check_contract(served=again, expected=MODEL)
    assert Learned.of(again) == Learned("pchip", 0.9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": None}, "does not say what was learned"),
        ({"interpolation": "linear"}, r"'linear', which this client does not know"),
    ],
)
def test_a_model_that_has_learned_something_else_is_refused(change, message):
    learned = {key: v for key, v in {**LEARNED, **change}.items() if v is not None}
    with pytest.raises(SpecMismatch, match=message):
        Learned.of(MODEL.with_weights(digest="", learned=learned))
