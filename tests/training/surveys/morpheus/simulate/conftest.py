"""A simulated field, drawn once."""

import pytest

from amphitrite_training.surveys.morpheus.simulate.field import render_field


@pytest.fixture(scope="package")
def field():
    return render_field(20, shape=(240, 250))
