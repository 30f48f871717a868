"""Units and times of the simulated clusters."""

from __future__ import annotations

import math

import pytest
from scipy.integrate import quad

from amphitrite_training.surveys.darkcnn.simulate.cosmology import (
    CM2_PER_GRAM,
    GRAVITY,
    KPC_PER_GYR,
    critical_density,
    lookback_gyr,
)


def test_units():
    """With 1 pc = 3.0857e18 cm, 1 Msun = 1.9885e33 g and 1 yr = 3.15576e7 s."""
    assert CM2_PER_GRAM == pytest.approx(1.9885e33 / 3.0857e21**2, rel=1e-4)
    assert KPC_PER_GYR == pytest.approx(3.15576e16 / 3.0857e16, rel=1e-4)
    assert GRAVITY == pytest.approx(4.30091e-6, rel=1e-4)


def test_the_critical_density_follows_from_the_expansion():
    """3 H2 / (8 pi G) with H = 70 km/s/Mpc, and its increase with redshift."""
    assert critical_density(0) == pytest.approx(
        3 * 0.07**2 / (8 * 3.14159265 * GRAVITY), rel=1e-6
    )
    growth = critical_density(0.5) / critical_density(0)
    assert growth == pytest.approx(0.2793 * 1.5**3 + 0.7207, rel=1e-3)


@pytest.mark.parametrize("redshift", [0.0, 0.125, 0.375, 0.8])
def test_the_lookback_time_is_the_integral_of_the_expansion(redshift):
    integral, _ = quad(
        lambda z: 1 / ((1 + z) * math.sqrt(0.2793 * (1 + z) ** 3 + 0.7207)),
        0,
        redshift,
    )
    # 1 / H0 = 977.8 / 70 Gyr
    assert lookback_gyr(redshift) == pytest.approx(977.79 / 70 * integral, rel=1e-4)


def test_the_cores_form_since_redshift_0_8():
    # a round number: 0.82 exactly
    assert lookback_gyr(0.8) == pytest.approx(7.0, abs=0.15)
