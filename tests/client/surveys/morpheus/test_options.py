"""Options of a classification that make no sense are refused."""

import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.options import Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "at least 1"),
        ({"strip_rows": 0}, "at least 1"),
        ({"catalogue": "disk.fits"}, "plain file name"),
        ({"catalogue": "sub/cat.fits"}, "plain file name"),
        ({"catalogue": "cat.docx"}, "cat.docx"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        Options(**options)
