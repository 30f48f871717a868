"""Tests that share a server stay on one worker, and other files go anywhere."""

from __future__ import annotations

import pytest
from sharing import together


@pytest.mark.parametrize(
    ("test", "room"),
    [
        ("tests/client/test_api.py::test_it[a/b::c]", "tests/client/test_api.py"),
        ("tests/serving/test_serve.py::test_it", "tests/serving/test_serve.py"),
        ("tests/serving/asid/test_demo.py::test_it", "tests/serving/asid"),
        ("tests/serving/asid/test_search.py::Test::test_it", "tests/serving/asid"),
    ],
)
def test_what_stays_together(test: str, room: str) -> None:
    assert together(test) == room
