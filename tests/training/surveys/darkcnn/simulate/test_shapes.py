"""Projections against quadrature, and against points drawn from a body."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid

from amphitrite_training.surveys.darkcnn.simulate import painting
from amphitrite_training.surveys.darkcnn.simulate.grid import (
    HALF_DEPTH_KPC,
    LOG_RADII,
    RADII_KPC,
)
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW, Beta, Hernquist
from amphitrite_training.surveys.darkcnn.simulate.shapes import (
    Ellipsoid,
    axis_ratio,
    column_density,
    ellipses,
)

PROFILES = [
    NFW.of_mass(5e14, 0.2, 4.0),
    Hernquist(1e12, 22.0),
    Beta.of_mass(6e13, 1500.0, 120.0, 0.66),
]


def turned(seed):
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return axes


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("place", [0, 60, 120, 170])
def test_a_column_is_the_integral_along_the_line_of_sight(profile, place):
    radius = RADII_KPC[place]
    expected, _ = quad(
        lambda u: (
            2
            * math.sqrt(radius**2 + math.exp(u) ** 2)  # = dz/du where z = exp(u)
            / math.sqrt(1 + (radius / math.exp(u)) ** 2)
            * profile.density(np.array([math.hypot(radius, math.exp(u))]))[0]
        ),
        math.log(radius) - 12,
        math.log(HALF_DEPTH_KPC),
        epsrel=1e-8,
        limit=200,
    )
    found = column_density(profile.density(RADII_KPC))[place]
    # the density is linear between radii 4.6 % apart: up to k2 0.046^2 / 12 for slope k
    assert found == pytest.approx(expected, rel=4e-3)


@pytest.mark.parametrize("profile", PROFILES[1:], ids=lambda p: type(p).__name__)
def test_projected_mass_is_the_mass(profile):
    """Within a cylinder of 800 kpc: by shells of the three-dimensional density."""
    reach = 800.0
    column = column_density(profile.density(RADII_KPC))
    fine = np.linspace(LOG_RADII[0], math.log(reach), 4000)
    surface = np.exp(np.interp(fine, LOG_RADII, np.log(column)))
    projected = trapezoid(2 * np.pi * np.exp(2 * fine) * surface, fine)
    projected += np.pi * RADII_KPC[0] ** 2 * column[0]

    def shell(u):
        r = math.exp(u)
        # the share of a shell within the cylinder, which is shorter than it
        share = 1 - math.sqrt(max(1 - (reach / r) ** 2, 0))
        return 4 * math.pi * r**3 * share * profile.density(np.array([r]))[0]

    ends = math.log(1e-3), math.log(reach), math.log(HALF_DEPTH_KPC)
    mass = sum(
        quad(shell, *pair, epsrel=1e-7, limit=200)[0]
        for pair in itertools.pairwise(ends)
    )
    # the interpolation of the test above; the depth cuts a corner of 2e-4
    assert projected == pytest.approx(mass, rel=4e-3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_ellipsoid_against_points_drawn_from_it(seed):
    """A million points of a Hernquist sphere, stretched and counted in pixels."""
    scale = 150.0
    profile = Hernquist(1.0, scale)
    body = Ellipsoid(0.7, 0.45, turned(seed))
    image = painting.empty()
    column = column_density(profile.density(RADII_KPC))
    painting.add_body(image, column, ellipses(body, 0.0), (35.0, -52.0), 0.0)
    n = 1_000_000
    rng = np.random.default_rng(seed)
    within = profile.mass(np.array([HALF_DEPTH_KPC]))[0]
    root = np.sqrt(rng.random(n) * within)
    direction = rng.normal(size=(n, 3))
    points = direction / np.linalg.norm(direction, axis=1)[:, None]
    points *= (scale * root / (1 - root))[:, None]
    axes = np.array([1, body.middle, body.short])
    points = points * (axes / np.prod(axes) ** (1 / 3)) @ body.rotation.T
    counts, _, _ = np.histogram2d(
        points[:, 1] - 52.0, points[:, 0] + 35.0, bins=50, range=[[-1000, 1000]] * 2
    )
    coarse = image.reshape(50, 2, 50, 2).mean((1, 3)) * 40.0**2 * n / within
    # in blocks of 200 kpc, to have enough points: at least 300 in each
    seen, expected = (
        each.reshape(10, 5, 10, 5).sum((1, 3)) for each in (counts, coarse)
    )
    some = expected > 300
    assert some.sum() > 40
    deviation = (seen - expected)[some] / np.sqrt(
        expected[some] + (4e-3 * expected[some]) ** 2
    )
    # 4.5 sigma of 100 blocks; 0.4 % is the projection's own error
    assert np.abs(deviation).max() < 4.5
    assert abs(deviation.mean()) < 1.0


def test_a_sphere_is_round_wherever_it_is_rounded():
    seen = ellipses(Ellipsoid(0.6, 0.4, turned(4)), 1.0)
    np.testing.assert_allclose(seen[[0, 2, 3]], 1)
    np.testing.assert_allclose(seen[1], 0, atol=1e-14)
    assert axis_ratio(seen, 3) == pytest.approx(1)


@pytest.mark.parametrize(
    ("along", "ratio", "factor"),
    [
        # the long axis towards us: what is seen has the middle and the short axis
        (2, 0.4 / 0.8, 0.32 ** (-1 / 3)),
        # in the plane, the short axis towards us
        (0, 0.8, 0.4 * 0.32 ** (-1 / 3)),
    ],
)
def test_a_body_that_points_at_us_is_denser(along, ratio, factor):
    axes = np.roll(np.eye(3), along, axis=0)  # the long axis is `along`
    seen = ellipses(Ellipsoid(0.8, 0.4, axes), 0.0)
    assert axis_ratio(seen, 0) == pytest.approx(ratio)
    np.testing.assert_allclose(seen[3], factor)


def test_a_shape_may_change_with_radius():
    roundness = np.linspace(0.9, 0.1, 24)
    seen = ellipses(Ellipsoid(0.6, 0.4, np.eye(3)), roundness)
    ratios = [axis_ratio(seen, knot) for knot in range(24)]
    assert (np.diff(ratios) < 0).all()
