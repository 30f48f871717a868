"""The error tree and its exit codes, as the docstring draws them."""

import re

import pytest

from amphitrite import errors

DRAWN = re.findall(r"[├└]── (\w+)(?: +(\d+))?", errors.__doc__)


def test_every_error_is_drawn_once():
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.AmphitriteError)
    }
    assert sorted(name for name, _ in DRAWN) == sorted(defined - {"AmphitriteError"})


@pytest.mark.parametrize(("name", "code"), [pair for pair in DRAWN if pair[1]])
def test_exit_codes_are_as_drawn(name, code):
    assert getattr(errors, name).exit_code == int(code)


def test_a_missing_extra_shows_the_pip_line():
    error = errors.MissingExtra("report.png", "plots")
    assert "pip install 'amphitrite[plots]'" in str(error)
