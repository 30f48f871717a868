"""Limits that make no sense are refused."""

import pytest

from amphitrite import errors
from amphitrite.engine.control import Limits


@pytest.mark.parametrize("limits", [{"in_flight": 0}, {"workers": -1}])
def test_impossible_limits_are_refused(limits):
    with pytest.raises(errors.BadInput, match="received in_flight="):
        Limits(**limits)
