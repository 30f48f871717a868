"""Profiles against integrals of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from amphitrite_training.surveys.darkcnn.simulate.cosmology import (
    GRAVITY,
    critical_density,
)
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW, Beta, Hernquist

PROFILES = [
    NFW.of_mass(5e14, 0.2, 4.0),
    Hernquist(1e12, 22.0),
    Beta.of_mass(6e13, 1500.0, 120.0, 0.66),
]


def at(function, radius):
    return float(function(np.array([radius]))[0])


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("radius", [3.0, 100.0, 2000.0])
def test_the_mass_is_the_integral_of_the_density(profile, radius):
    """Over ln r; what lies within 1e-9 of the radius is below 1e-8 of the mass."""
    inside, _ = quad(
        lambda u: 4 * np.pi * np.exp(3 * u) * at(profile.density, np.exp(u)),
        np.log(radius) - 20,
        np.log(radius),
        epsrel=1e-9,
        limit=200,
    )
    assert at(profile.mass, radius) == pytest.approx(inside, rel=1e-6)


def test_a_halo_has_its_mass_and_200_times_the_critical_density():
    halo = NFW.of_mass(5e14, 0.2, 4.0)
    assert at(halo.mass, halo.r200_kpc) == pytest.approx(5e14, rel=1e-12)
    mean = 5e14 / (4 / 3 * np.pi * halo.r200_kpc**3)
    assert mean == pytest.approx(200 * critical_density(0.2), rel=1e-12)
    assert halo.r200_kpc / halo.scale_kpc == pytest.approx(4)


@pytest.mark.parametrize("radius", [1.0, 30.0, 400.0, 6000.0])
def test_the_dispersion_solves_the_jeans_equation(radius):
    """rho sigma2 is the integral of rho G M / r2 from the radius to infinity."""
    halo = PROFILES[0]
    pressure, _ = quad(
        lambda u: (
            at(halo.density, np.exp(u)) * GRAVITY * at(halo.mass, np.exp(u)) / np.exp(u)
        ),
        np.log(radius),
        np.log(radius) + 25,
        epsrel=1e-9,
        limit=200,
    )
    expected = np.sqrt(pressure / at(halo.density, radius))
    # the closed form is a difference of large numbers far outside
    assert at(halo.dispersion, radius) == pytest.approx(expected, rel=1e-5)


def test_gas_has_its_mass_within_its_radius():
    assert at(PROFILES[2].mass, 1500.0) == pytest.approx(6e13)
