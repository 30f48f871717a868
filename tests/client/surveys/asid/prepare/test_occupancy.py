import numpy as np
import pytest

from amphitrite.surveys.asid.prepare import occupancy
from amphitrite.surveys.asid.prepare.footprints import HealpixFootprint, WholeSky
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors


def sky(n, *, seed=0):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def within(vectors, lon, lat, radius):
    centre = unit_vectors(np.array(lon), np.array(lat))
    return np.degrees(np.arccos(np.clip(vectors @ centre, -1, 1))) < radius


@pytest.mark.parametrize("n", [3000, 30_000, 1_000_000])
def test_photons_everywhere_fill_the_whole_sky(n):
    assert occupancy.footprint(occupancy.count(sky(n))) == WholeSky()


@pytest.mark.parametrize("n", [0, 12])
def test_too_few_photons_to_tell_give_the_whole_sky(n):
    assert occupancy.footprint(occupancy.count(sky(n))) == WholeSky()


@pytest.mark.parametrize("n", [400_000, 4_000_000])
def test_the_region_that_photons_fill_is_found(n):
    photons = sky(n)
    photons = photons[within(photons, 50, 30, 12)]

    footprint = occupancy.footprint(occupancy.count(photons))

    assert isinstance(footprint, HealpixFootprint)
    cell = 58.6 / footprint.nside  # deg: the side of a cell
    test = sky(200_000, seed=1)
    inside = footprint.contains(test)
    assert inside[within(test, 50, 30, 12 - cell)].all()
    assert not inside[~within(test, 50, 30, 12 + 1.5 * cell)].any()
    assert footprint.contains(photons).all()


def test_more_photons_draw_the_edge_finer():
    many = sky(2_000_000)
    many = many[within(many, 50, 30, 12)]

    nsides = [
        occupancy.footprint(occupancy.count(many[:n])).nside
        for n in (100, 1000, len(many))
    ]

    assert nsides == sorted(set(nsides))


def test_a_bright_source_does_not_shrink_the_region():
    photons = sky(400_000)
    photons = photons[within(photons, 50, 30, 12)]
    source = np.tile(unit_vectors(np.array(50.0), np.array(30.0)), (100_000, 1))

    with_source, without = (
        occupancy.footprint(occupancy.count(vectors))
        for vectors in (np.concatenate([photons, source]), photons)
    )

    np.testing.assert_array_equal(with_source.cells, without.cells)


def test_a_part_that_is_fainter_is_not_full_of_holes():
    photons = sky(2_000_000)
    lon, _ = angles(photons)
    kept = within(photons, 50, 0, 15)
    # One photon in twenty on the side of smaller longitudes.
    kept &= (lon > 50) | (np.arange(len(photons)) % 20 == 0)

    footprint = occupancy.footprint(occupancy.count(photons[kept]))

    test = sky(200_000, seed=1)
    cell = 58.6 / footprint.nside
    inside = footprint.contains(test[within(test, 50, 0, 15 - 1.5 * cell)])
    assert inside.all()
