"""Where real telescope files are, and which tests were skipped for want of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

VARIABLE = "AMPHITRITE_TEST_DATA"


def folder() -> Path:
    """Return the folder of real files; skip the test where none is named."""
    if not (named := os.environ.get(VARIABLE)):
        pytest.skip(f"needs real data: {VARIABLE} does not name their folder")
    return Path(named)


def beside(name: str) -> Path:
    """Return what is kept beside the real files; skip the test where it is not.

    Parameters
    ----------
    name : str
        Its path from the folder that holds theirs, such as ``reference/stamp.npz``.
    """
    path = folder().parent / name
    if not path.exists():
        pytest.skip(f"needs real data: there is no {name} beside {VARIABLE}")
    return path


def count(skipped: Iterable[pytest.TestReport]) -> int:
    """Return how many of the skipped tests want real data: their reasons say so."""
    return sum(VARIABLE in str(report.longrepr) for report in skipped)
