"""Answers of the original program."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def original():
    """Maps, segments and catalogue of a stamp, as the original program has them."""
    folder = os.environ.get("AMPHITRITE_TEST_DATA")
    if folder is None:
        pytest.skip("AMPHITRITE_TEST_DATA is not set")
    path = Path(folder).parent / "reference" / "morpheus_original_stamp.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the test data")
    with np.load(path) as file:
        return dict(file)
