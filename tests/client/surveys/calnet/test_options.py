"""Options of a search that make no sense are refused."""

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.options import Options


@pytest.mark.parametrize("threshold", [0, 1, -0.5, float("nan")])
def test_thresholds_are_probabilities(threshold):
    with pytest.raises(BadInput, match="--threshold must be a probability"):
        Options(threshold=threshold)
