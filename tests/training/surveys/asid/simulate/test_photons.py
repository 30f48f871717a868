"""Photons one by one, against the counts to expect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import COUNTS
from amphitrite.surveys.asid.prepare.patches import Patch, angles, unit_vectors
from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.photons import (
    WHOLE_SKY,
    Region,
    _displaced,
    draw_events,
)
from amphitrite_training.surveys.asid.simulate.sky import expect, make_sky

# Declination about -30, where the exposure is a straight line of it, so that its mean
# over the patch is that at its centre.
PATCHES = (Patch(350.0, 5.0), Patch(200.0, -62.0))


@pytest.fixture(scope="module")
def one_year(sky):
    """The sky with photons few enough to be drawn in a second."""
    return replace(sky, years=1.0)


def drawn(sky, patch, seed=1):
    rng = np.random.default_rng(seed)
    return draw_events(sky, rng, Region(patch.lon, patch.lat, 8.0))


@pytest.mark.parametrize("patch", PATCHES, ids=["plane", "high"])
def test_photons_are_as_many_as_expected_in_every_band(one_year, tiles, patch):
    sky = one_year
    counts = tiles(drawn(sky, patch)).counts(patch)
    for tensor, expected in zip(COUNTS, expect(sky, patch).counts, strict=True):
        n, mean = counts[tensor.name].sum(), float(expected.sum())
        # Poisson; and 2 % for the rule of the integral over a band (up to 0.9 %), for
        # pixels that shrink towards the patch's top and bottom (0.1 %), and for light
        # from further than 7.5 deg
        assert abs(n - mean) < 4 * np.sqrt(mean) + 0.02 * mean, tensor.name


def test_photons_are_where_they_are_expected(one_year, tiles):
    sky = one_year
    patch = PATCHES[0]
    counts = tiles(drawn(sky, patch)).counts(patch)
    for tensor, expected in zip(COUNTS, expect(sky, patch).counts, strict=True):
        seen = blocks(counts[tensor.name])

        def excess(image, seen=seen):
            model = blocks(image)
            return ((seen - model) ** 2 / model).mean()

        # 1 for Poisson noise alone, over 256 blocks; systematic differences of a few
        # per cent of up to thousands of photons add to it
        right = excess(expected)
        assert 0.7 < right < 4, tensor.name
        for wrong in (expected[::-1], expected[:, ::-1], expected.T):
            assert excess(wrong) > 3 * right


def blocks(image, n=16):
    step = len(image) // n
    return image.reshape(n, step, n, step).sum((1, 3)).astype(float)


def test_a_source_s_photons_are_around_it(sky, sources):
    at = unit_vectors(np.array(120.0), np.array(-35.0))
    dark = replace(sky.diffuse.variant, compton=0.0)
    lone = replace(
        sky,
        population=sources(120.0, -35.0, 1e-6),
        diffuse=replace(sky.diffuse, variant=dark),
    )
    events = drawn(lone, Patch(120.0, -35.0))
    hard = events.vectors[(events.energy > 2_000) & (events.energy < 7_000)]
    apart = np.degrees(np.arccos(np.clip(hard.astype(float) @ at, -1, 1)))
    near = apart < 3
    # the rest is diffuse: about 1 % of a source as bright as Vela
    share = (apart[near] < instrument.r68(BANDS[1])).mean()
    assert share == pytest.approx(0.68, abs=0.02)
    x, y = Patch(120.0, -35.0).offsets(hard[near].astype(float))
    error = instrument.r68(BANDS[1]) / np.sqrt(near.sum())
    assert abs(np.median(x)) < 4 * error
    assert abs(np.median(y)) < 4 * error


def test_energies_follow_the_spectrum(sky, sources):
    lone = replace(sky, population=sources(120.0, -35.0, 2e-7, index=2.4))
    events = drawn(lone, Patch(120.0, -35.0))
    at = unit_vectors(np.array(120.0), np.array(-35.0))
    energy = events.energy[events.vectors @ at > np.cos(np.radians(0.4))]
    # Above 5 GeV the exposure is flat to 1 % and nearly all photons are within 0.4 deg.
    energy = energy[energy > 5_000].astype(float)
    power = 5_000.0**-1.4 - 20_000.0**-1.4
    answer = stats.kstest(energy, lambda e: (5_000.0**-1.4 - e**-1.4) / power)
    assert len(energy) > 1_000
    assert answer.statistic < 1.95 / np.sqrt(len(energy)) + 0.02


def test_only_the_region_and_the_energies_are_listed(one_year):
    region = Region(10.0, 80.0, 5.0)
    events = draw_events(one_year, np.random.default_rng(3), region)
    assert region.holds(events.vectors).all()
    assert (events.energy >= 300).all()
    assert (events.energy < 20_000).all()
    assert set(np.unique(events.event_type)) == {0, 1, 2, 3}
    np.testing.assert_allclose(np.linalg.norm(events.vectors, axis=1), 1, atol=1e-6)
    lon, lat = angles(events.vectors)
    # all around the centre, not beside it
    x, y = Patch(10.0, 80.0).offsets(unit_vectors(lon, lat))
    assert abs(x.mean()) < 0.3
    assert abs(y.mean()) < 0.3


def test_the_same_seed_lists_the_same_photons(one_year):
    one, same, other = (drawn(one_year, PATCHES[1], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.vectors, same.vectors)
    np.testing.assert_array_equal(one.energy, same.energy)
    assert len(one) != len(other)


def test_a_region_as_large_as_the_sky_holds_all():
    everywhere = np.eye(3)
    assert WHOLE_SKY.holds(everywhere).all()
    assert Region(0.0, 0.0, 175.0).holds(-everywhere, margin=8.0).all()
    assert not Region(0.0, 0.0, 90.0).holds(-everywhere).any()


def test_poles_are_no_special_place():
    pole = np.array([[0.0, 0.0, 1.0]], np.float32)
    n = 2_000
    rng = np.random.default_rng(4)
    dx, dy = rng.normal(size=(2, n))
    moved = _displaced(np.repeat(pole, n, axis=0), dx, dy)
    apart = np.degrees(np.arccos(np.clip(moved[:, 2].astype(float), -1, 1)))
    # arccos near 1 loses digits of single precision: 0.02 deg
    np.testing.assert_allclose(apart, np.hypot(dx, dy), atol=0.03)


def test_a_short_survey_has_few_photons():
    short = make_sky(4, years=0.001)
    events = draw_events(short, np.random.default_rng(0), Region(0.0, 60.0, 10.0))
    assert 0 < len(events) < 50
