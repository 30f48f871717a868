"""Values are found in either header, as numbers or as text."""

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.surveys.calnet.prepare.headers import Headers


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2457000, 2457000),
        ("2457000", 2457000),
        (" 2.457D+06 ", 2457000),
        ("-43.75", -43.75),
        ("", np.nan),
        (None, np.nan),
        (True, np.nan),
        ("12 30 15", np.nan),
        ("nan", np.nan),
    ],
)
def test_numbers_may_be_text(value, number):
    header = fits.Header({"KEY": value})
    np.testing.assert_equal(Headers(header).number("KEY"), number)


def test_the_first_usable_value_counts():
    first = fits.Header({"A": 1, "B": None, "C": "x"})
    second = fits.Header({"A": 2, "B": 3, "C": "4", "D": "5"})
    headers = Headers(first, second)
    assert [headers.number(key) for key in "ABCD"] == [1, 3, 4, 5]
    assert headers.text("C") == "x"
    assert ("B" in headers, "E" in headers) == (True, False)
    assert (headers.text("E"), headers.integers("E")) == ("", ())


@pytest.mark.parametrize(
    ("value", "numbers"), [(1, (1,)), ("6", (6,)), ("1, 6", (1, 6)), ("[2 3]", (2, 3))]
)
def test_lists_of_integers_may_be_text(value, numbers):
    assert Headers(fits.Header({"SECTOR": value})).integers("SECTOR") == numbers
