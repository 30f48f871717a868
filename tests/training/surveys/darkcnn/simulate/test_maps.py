"""The maps of clusters, and what the cross-section does to them."""

from __future__ import annotations

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest

from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite_training.surveys.darkcnn.simulate.baryons import draw_galaxy
from amphitrite_training.surveys.darkcnn.simulate.grid import RADII_KPC, offsets_kpc
from amphitrite_training.surveys.darkcnn.simulate.maps import (
    maps,
    median_offset_kpc,
    roundness,
)
from amphitrite_training.surveys.darkcnn.simulate.population import draw
from amphitrite_training.surveys.darkcnn.simulate.shapes import KNOTS_KPC

EDGES_KPC = (0, 20, 40, 60, 80, 120, 160, 240, 320)
# Means over thirty clusters of another program for the same equations, in these rings,
# over the brightest pixel of each map.
OTHERS = {
    0.0: (0.75, 0.55, 0.43, 0.35, 0.28, 0.21, 0.16, 0.11),
    0.1: (0.77, 0.59, 0.46, 0.37, 0.29, 0.22, 0.17, 0.12),
    0.3: (0.79, 0.62, 0.49, 0.40, 0.32, 0.25, 0.18, 0.13),
    1.0: (0.77, 0.65, 0.55, 0.46, 0.37, 0.29, 0.21, 0.15),
}


@pytest.fixture(scope="module")
def rings(totals):
    """Return mean profiles over the maximum, (id, cross-section, ring)."""
    place = offsets_kpc()
    radius = np.hypot(place[:, None], place)
    means = [
        totals[..., (radius >= low) & (radius < high)].mean(-1)
        for low, high in itertools.pairwise(EDGES_KPC)
    ]
    return np.stack(means, -1) / totals.max((-2, -1))[..., None]


@pytest.mark.parametrize("place", range(4))
def test_profiles_agree_with_those_of_another_program(rings, place):
    """Within 3.5 errors of the difference of two means, each over thirty clusters."""
    expected = np.array(list(OTHERS.values())[place])
    error = rings[:, place].std(0) * (2 / len(rings)) ** 0.5
    assert (np.abs(rings[:, place].mean(0) - expected) < 3.5 * error).all()


@pytest.mark.parametrize(
    ("place", "ratio", "error"), [(1, 1.06, 0.034), (2, 1.15, 0.040), (3, 1.31, 0.053)]
)
def test_cores_are_flatter_than_without_scatterings(rings, place, ratio, error):
    """At 60 to 80 kpc, within 2.5 errors of the other program's thirty clusters.

    These are the larger ones: it draws noise anew for each cross-section.  That of 0.1
    cm2/g does so little that the brightest pixel, over which maps are, decides.
    """
    means = rings[:, (0, place), 3].mean(0)
    assert (0.98 if place == 1 else 1) < means[1] / means[0]
    assert abs(means[1] / means[0] - ratio) < 2.5 * error


def test_clusters_of_one_id_share_all_but_the_cross_section(mapped):
    """X-rays and stars are the same; of the truth only what scatterings change."""
    for (first, three), *others in mapped:
        for truth, other in others:
            np.testing.assert_array_equal(other[1:], three[1:])
            assert (other[0] != three[0]).any()
            changed = {
                key
                for key, value in asdict(truth).items()
                if asdict(first)[key] != value
            }
            assert changed <= {"cross_section", "core_kpc", "offset_kpc"}


def test_what_is_drawn_is_drawn_once_for_an_id(totals):
    """A cross-section that does nothing gives the same map, noise included."""
    cluster = draw(100)
    (_, same), (_, tiny) = maps(cluster, [0.0, 1e-9])
    np.testing.assert_array_equal(same[0], totals[0, 0])
    # the offset of the galaxy moves by 2e-5 kpc
    np.testing.assert_allclose(tiny, same, rtol=1e-4)
    # far from the centre, noise is that of the id for all cross-sections
    corner = totals[:, :, :20, :20] / totals[:, :, :20, :20].mean(
        (-2, -1), keepdims=True
    )
    for each in corner:
        assert np.corrcoef(each[0].ravel(), each[3].ravel())[0, 1] > 0.8


def test_the_order_of_cross_sections_does_not_matter(mapped):
    cluster = draw(101)
    (late, first), (early, second) = maps(cluster, [1.0, 0.1])
    assert (late, early) == (mapped[1][3][0], mapped[1][1][0])
    np.testing.assert_array_equal(first, mapped[1][3][1])
    np.testing.assert_array_equal(second, mapped[1][1][1])


def test_units_and_kind(mapped, clusters):
    for cluster, each in zip(clusters, mapped, strict=True):
        for truth, three in each:
            assert three.shape == (3, 100, 100)
            assert three.dtype == np.float32
            assert np.isfinite(three).all()
            assert (three > 0).all()
            assert truth.log_m200 == pytest.approx(np.log10(cluster.mass))
    centre = np.median([each[0][1][0, 48:52, 48:52].mean() for each in mapped])
    shares = [
        each[0][1][0].sum() * 400 / cluster.mass
        for cluster, each in zip(clusters, mapped, strict=True)
    ]
    # a square of 2 Mpc, 10 Mpc deep, is about as large as r200
    assert np.median(shares) == pytest.approx(1.0, abs=0.3)
    # the convergence of clusters: 0.3 to 1.5
    assert 0.2 < centre / DENSITY < 1.5


def test_mass_moves_outwards_and_is_kept(totals):
    """What a core loses stays within the halo; subhaloes lose 4 %."""
    whole = totals.sum((-2, -1))
    np.testing.assert_allclose(whole[:, 3] / whole[:, 0], 1, atol=0.05)
    inner = totals[..., 48:52, 48:52].mean((-2, -1))
    # a small core is not emptier, because the galaxy draws isothermal matter inwards
    assert np.median(inner[:, 3] / inner[:, 0]) < 0.95
    assert np.median(inner[:, 1] / inner[:, 0]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("cross_section", "kpc"), [(0.0, 3.8), (0.1, 5.0), (0.3, 6.1), (1.0, 8.6)]
)
def test_the_median_offset(cross_section, kpc):
    assert median_offset_kpc(4e14, cross_section) == pytest.approx(kpc, abs=0.05)
    heavier = median_offset_kpc(4e15, cross_section)
    assert heavier == median_offset_kpc(4e14, 0.0) or cross_section > 0


def test_offsets_scatter_about_their_median():
    """Of 400 draws, whose median of ln is known to 0.6 x 1.25 / 20: 3 sigma."""
    rng = np.random.default_rng(1)
    deviations = [draw_galaxy(rng, 4e14, 0.0, 0.0).offset for _ in range(400)]
    assert np.median(deviations) == pytest.approx(0, abs=0.19)
    cluster = replace(draw(1), galaxy=replace(draw(1).galaxy, offset=0.0))
    ((truth, _),) = maps(cluster, [0.3])
    assert truth.offset_kpc == pytest.approx(median_offset_kpc(cluster.mass, 0.3))


def test_the_offset_moves_the_dark_matter_and_not_the_stars():
    cluster = draw(102)
    near, far = (
        replace(cluster, galaxy=replace(cluster.galaxy, offset=value, angle=0.0))
        for value in (-5.0, 3.0)
    )
    ((_, first),), ((truth, second),) = maps(near, [1.0]), maps(far, [1.0])
    np.testing.assert_array_equal(first[2], second[2])
    box = slice(40, 60)
    x = np.array([np.average(offsets_kpc()[box], weights=each[0, box, box].sum(0))
                  for each in (first, second)])  # fmt: skip
    assert truth.offset_kpc > 30
    assert x[1] - x[0] > 3


def test_subhaloes_lose_mass_to_scatterings():
    """A heavy subhalo at 300 kpc, with and without a cross-section."""
    cluster = draw(103)
    one = {"x": 300.0, "y": 0.0, "distance": 300.0, "size": 1.0, "brightness": 1.0}
    plain = replace(
        cluster,
        merger=None,
        texture=np.zeros_like(cluster.texture),
        subhaloes=replace(
            cluster.subhaloes,
            mass=np.array([2e13]),
            **{key: np.array([value]) for key, value in one.items()},
        ),
    )
    none = replace(plain, subhaloes=replace(plain.subhaloes, mass=np.array([1.0])))
    excess = []
    for cross_section in (0.0, 1.0):
        ((_, three),) = maps(plain, [cross_section])
        ((_, without),) = maps(none, [cross_section])
        excess.append(float(((three - without)[0] - (three - without)[2]).sum()))
    assert 0.2 < excess[1] / excess[0] < np.exp(-0.1)


def test_scatterings_make_rounder():
    none = roundness(np.zeros_like(RADII_KPC), 0.6)
    np.testing.assert_allclose(none, 0.25 * np.exp(-KNOTS_KPC / 100))
    many = roundness(np.full_like(RADII_KPC, 50.0), 0.6)
    assert many[-1] == pytest.approx(0.6)
    assert many[0] == pytest.approx(1 - 0.4 * 0.75)
    assert (many > none).all()


def test_baryons_shrink_the_core(clusters):
    cluster = clusters[0]
    ((shrunk, _),) = maps(cluster, [1.0])
    ((alone, _),) = maps(replace(cluster, baryons_shrink=False), [1.0])
    assert shrunk.core_kpc < 0.85 * alone.core_kpc


def test_a_core_that_has_collapsed_is_refused():
    with pytest.raises(ArithmeticError, match="no isothermal core"):
        maps(replace(draw(104), age_gyr=5000.0), [100.0])
