"""Answers of the original program."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def original(beside_data):
    """Maps, segments and catalogue of a stamp, as the original program has them."""
    with np.load(beside_data("reference/morpheus_original_stamp.npz")) as file:
        return dict(file)
