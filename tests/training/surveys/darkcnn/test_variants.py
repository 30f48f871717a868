"""Numbers of networks that were trained otherwise are kept, and read again."""

from __future__ import annotations

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.darkcnn.variants import Trained, Variants, read

ACCURACY = {"value": 0.7, "low": 0.68, "high": 0.72}
MEASURED = Variants(
    1_200,
    20.0,
    {"n_ids": "3000"},
    [
        Trained("the default", {}, 20.0, 1_000_000, 300_000, {"all": ACCURACY}),
        Trained("50 pixels", {"pixels": "50"}, 19.5, 4_000_000, 90_000, {}),
    ],
)


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "variants.json"
    assert read(path) is None
    path.write_text(MEASURED.to_json())
    assert read(path) == MEASURED


@pytest.mark.parametrize("text", ["", "{}", '{"trained": [{}]}', '{"trained": 1}'])
def test_a_damaged_file_is_refused(tmp_path, text):
    path = tmp_path / "variants.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"darkcnn_variants\.py, or remove it"):
        read(path)
