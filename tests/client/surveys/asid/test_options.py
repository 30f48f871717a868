"""Options of a search that make no sense are refused."""

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.options import Options


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(BadInput, match="positive and finite number; received"):
        Options(threshold=threshold)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peaks": "both"}, "--peaks must be one of server, client; received both"),
        ({"regions": "a.txt"}, r"--regions must be .* ends in .reg; received a.txt"),
        ({"plot": "a.reg"}, r"--plot must be .* ends in .png; received a.reg"),
        ({"max_p_fake": 1.5}, "must be a probability from 0 to 1; received 1.5"),
        ({"max_p_fake": np.nan}, "must be a probability from 0 to 1; received nan"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        Options(**options)
