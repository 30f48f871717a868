"""Dark matter that has scattered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid

from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.haloes import (
    SMALLEST_KPC,
    TRUNCATION,
    halo,
)
from amphitrite_training.surveys.darkcnn.simulate.population import median_concentration
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW, Beta, Hernquist

NO_BARYONS = np.zeros_like(RADII_KPC)


def nfw(mass):
    return NFW.of_mass(mass, 0.2, median_concentration(mass, 0.2))


def baryons(mass):
    """Return what a median cluster has: the share of gas, and the enclosed mass."""
    share = 0.12 * (mass / 4e14) ** 0.12
    core = 95 * (mass / 4e14) ** (1 / 3)
    gas = Beta.of_mass(share * mass, nfw(mass).r200_kpc, core, 0.66)
    stars = 10**11.95 * (mass / 4e14) ** 0.4
    enclosed = gas.mass(RADII_KPC) + Hernquist(stars, 22.0).mass(RADII_KPC)
    return share, enclosed + Hernquist(0.8 * stars, 132.0).mass(RADII_KPC)


@pytest.mark.parametrize(
    ("mass", "cross_section", "alone", "with_baryons"),
    [
        (3e14, 0.1, 18, 10),
        (3e14, 0.3, 47, 25),
        (3e14, 1.0, 93, 53),
        (1e15, 0.1, 36, 18),
        (1e15, 0.3, 87, 48),
        (1e15, 1.0, 159, 101),
    ],
)
def test_half_density_radii(mass, cross_section, alone, with_baryons):
    """An independent solution after 5 Gyr, of second order and on a coarse grid.

    Its radius is the first of a grid whose steps are 4 %, and in whole kpc.
    """
    share, enclosed = baryons(mass)
    dark = halo(nfw(mass), 1.0, NO_BARYONS, cross_section, 5.0).core
    assert dark.half_density_kpc == pytest.approx(alone, rel=0.06)
    real = halo(nfw(mass), 1 - share, enclosed, cross_section, 5.0).core
    assert real.half_density_kpc == pytest.approx(with_baryons, rel=0.06)


@pytest.mark.parametrize("cross_section", [0.1, 1.0])
def test_density_and_mass_are_continuous(cross_section):
    share, enclosed = baryons(1e15)
    found = halo(nfw(1e15), 1 - share, enclosed, cross_section, 5.0)
    core = found.core
    outside = nfw(1e15).density(np.array([core.r1_kpc]))[0] * (1 - share)
    outside /= 1 + (core.r1_kpc / (TRUNCATION * nfw(1e15).r200_kpc)) ** 2
    # the density outside is tabulated in steps of 4.6 %, between which the logarithm is
    # linear
    assert math.exp(core.log_density[-1]) == pytest.approx(outside, rel=1e-3)
    inner = 4 / 3 * math.pi * core.radii[0] ** 3 * math.exp(core.log_density[0])
    shells = 4 * math.pi * core.radii**3 * np.exp(core.log_density)
    mass = inner + trapezoid(shells, np.log(core.radii))
    expected = nfw(1e15).mass(np.array([core.r1_kpc]))[0] * (1 - share)
    # the trapezium rule over 80 steps
    assert mass == pytest.approx(expected, rel=2e-3)


def test_a_particle_has_scattered_once_at_the_cores_radius():
    found = halo(nfw(1e15), 1.0, NO_BARYONS, 1.0, 5.0)
    met = np.interp(math.log(found.core.r1_kpc), LOG_RADII, found.scatterings)
    assert met == pytest.approx(1, rel=1e-3)
    half = halo(nfw(1e15), 1.0, NO_BARYONS, 0.5, 10.0)
    np.testing.assert_allclose(half.density, found.density)


def test_without_scatterings_a_halo_is_nfw():
    plain = nfw(5e14).density(RADII_KPC)
    found = halo(nfw(5e14), 0.88, baryons(5e14)[1], 0.0, 5.0)
    inside = RADII_KPC < 100
    # cut off far outside: 2e-4 at 100 kpc
    np.testing.assert_allclose(found.density[inside], 0.88 * plain[inside], rtol=1e-3)
    assert found.core is None
    assert (found.scatterings == 0).all()


def test_a_tiny_cross_section_is_none():
    """The core fades without a step at the smallest radius that is followed."""
    share, enclosed = baryons(5e14)
    plain = halo(nfw(5e14), 1 - share, enclosed, 0.0, 5.0)
    for cross_section in (1e-4, 1e-3, 0.01):
        found = halo(nfw(5e14), 1 - share, enclosed, cross_section, 5.0)
        assert found.core is None
        np.testing.assert_array_equal(found.density, plain.density)
    least = min(
        found.core.r1_kpc
        for cross_section in np.geomspace(0.01, 0.1, 30)
        if (found := halo(nfw(5e14), 1 - share, enclosed, cross_section, 5.0)).core
    )
    assert SMALLEST_KPC <= least < 1.3 * SMALLEST_KPC


def test_a_halo_is_untouched_outside_its_core():
    share, enclosed = baryons(5e14)
    plain, found = (
        halo(nfw(5e14), 1 - share, enclosed, value, 5.0) for value in (0.0, 1.0)
    )
    outside = RADII_KPC > found.core.r1_kpc
    np.testing.assert_array_equal(found.density[outside], plain.density[outside])
    centre = RADII_KPC < 5
    assert (found.density[centre] < plain.density[centre]).all()
