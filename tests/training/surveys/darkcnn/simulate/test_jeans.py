"""The isothermal core against an integration of another kind."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from amphitrite_training.surveys.darkcnn.simulate.cosmology import GRAVITY
from amphitrite_training.surveys.darkcnn.simulate.grid import LOG_RADII, RADII_KPC
from amphitrite_training.surveys.darkcnn.simulate.jeans import fitted
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW, Hernquist

NO_BARYONS = np.zeros_like(RADII_KPC)
STARS = Hernquist(1e12, 22.0).mass(RADII_KPC)
HALO = NFW.of_mass(5e14, 0.2, 4.0)


def core(r1, baryons):
    radius = np.array([r1])
    return fitted(
        r1,
        HALO.density(radius)[0],
        HALO.mass(radius)[0],
        HALO.dispersion(radius)[0],
        baryons,
    )


@pytest.mark.parametrize("baryons", [NO_BARYONS, STARS], ids=["dark", "stars"])
@pytest.mark.parametrize("r1", [5.0, 60.0, 300.0])
def test_the_core_solves_the_jeans_equation(r1, baryons):
    """By an adaptive method of another order, from the centre outwards."""
    found = core(r1, baryons)
    extra = np.log(np.maximum(baryons, 1))

    def slopes(u, state):
        within = state[1] + np.exp(np.interp(u, LOG_RADII, extra))
        return (
            -GRAVITY * within / (np.exp(u) * found.dispersion**2),
            4 * np.pi * np.exp(3 * u + state[0]),
        )

    first = found.radii[0]
    start = (
        found.log_density[0],
        4 / 3 * np.pi * first**3 * np.exp(found.log_density[0]),
    )
    solution = solve_ivp(
        slopes,
        np.log(found.radii[[0, -1]]),
        start,
        method="LSODA",
        t_eval=np.log(found.radii),
        rtol=1e-9,
        atol=1e-9,
        max_step=0.01,
    )
    # 80 steps of fourth order; the kinks of the tabulated baryons cost 1e-5
    np.testing.assert_allclose(solution.y[0], found.log_density, atol=1e-4)
    assert solution.y[1, -1] == pytest.approx(HALO.mass(np.array([r1]))[0], rel=1e-4)
    assert found.log_density[-1] == pytest.approx(
        np.log(HALO.density(np.array([r1]))[0]), abs=1e-7
    )


def test_density_falls_outwards_and_stars_shrink_the_core():
    alone, with_stars = core(100.0, NO_BARYONS), core(100.0, STARS)
    for each in (alone, with_stars):
        assert (np.diff(each.log_density) < 0).all()
        assert each.radii[-1] == pytest.approx(100.0)
    assert with_stars.half_density_kpc < 0.8 * alone.half_density_kpc


def test_a_core_alone_is_flat_at_the_centre():
    """The isothermal sphere: rho = rho0 exp(-(2 pi G rho0 / 3 sigma2) r2) near 0."""
    found = core(100.0, NO_BARYONS)
    centre = np.exp(found.log_density[0])
    r = found.radii[20]
    expected = 2 * np.pi / 3 * GRAVITY * centre / found.dispersion**2 * r**2
    fall = found.log_density[0] - found.log_density[20]
    # the next term of the series is below a tenth here
    assert fall == pytest.approx(expected, rel=0.1)


def test_refuses_what_has_no_solution():
    radius = np.array([50.0])
    with pytest.raises(ArithmeticError, match="no isothermal core of 50 kpc"):
        # less mass than a sphere of the density at its border
        fitted(50.0, HALO.density(radius)[0], 1e10, 800.0, NO_BARYONS)
