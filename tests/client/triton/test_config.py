"""Texts of model configurations are parsed, and written again."""

import pytest

from amphitrite.errors import BadInput
from amphitrite.triton.config import format_config, parse_config

TEXT = """
name: "toy"
backend: "onnxruntime"  # a comment
max_batch_size: 16
input [ { name: "x" data_type: TYPE_FP32 dims: [ 40, 4 ] } ]
parameters { key: "note" value { string_value: "quotes \\" and \\n and ü" } }
"""


def test_a_text_becomes_its_message():
    config = parse_config(TEXT)
    assert (config.name, config.max_batch_size) == ("toy", 16)
    assert list(config.input[0].dims) == [40, 4]
    assert config.parameters["note"].string_value == 'quotes " and \n and ü'


def test_what_is_written_is_read_as_the_same():
    config = parse_config(TEXT)
    assert parse_config(format_config(config)) == config
    assert parse_config(format_config(parse_config(""))) == parse_config("")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: toy", "no-model is no Triton model configuration: 1:7 : .*"),
        ('nom: "toy"', 'ModelConfig" has no field named "nom"'),
        ("input [ {", "no-model is no Triton model configuration"),
    ],
)
def test_a_garbled_text_is_refused_with_its_source_and_place(text, said):
    with pytest.raises(BadInput, match=said):
        parse_config(text, source="no-model")
