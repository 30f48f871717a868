"""What is measured of a detection, on a sky whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.page import COUNTS
from amphitrite.surveys.asid.prepare.patches import Patch, angles
from amphitrite_training.surveys.asid import data
from amphitrite_training.surveys.asid.evaluate import (
    FIRST_SEED,
    VARIANTS,
    _mean_exposure,
    aperture_flux,
    counts,
)
from amphitrite_training.surveys.asid.heads import data as head_data
from amphitrite_training.surveys.asid.heads.recipe import MOST_VALIDATION
from amphitrite_training.surveys.asid.recipe import MOST_SKIES, SHIPPED

PATCH = Patch(100.0, 55.0)


def hard(drawn):
    return [drawn[tensor.name].astype(np.uint16) for tensor in COUNTS[:3]]


@pytest.mark.parametrize("place", [(0.0, 0.0), (2.4, -2.9)])
def test_the_flux_of_a_bright_source_comes_back(sky, sources, place):
    flux = 2e-8
    vector = PATCH.vectors(*(np.array([c]) for c in place))
    lone = replace(sky, population=sources(*angles(vector), flux))
    found = [
        aperture_flux(hard(counts(lone, 1, n, PATCH)), PATCH, vector, years=lone.years)
        for n in range(5)
    ]
    # about 8,000 photons above 1 GeV: 1.5 % for one, with the background; the ring
    # holds a few per cent of the source itself, and the pixels of 1-2 GeV make no
    # smooth circle
    assert np.mean(found) == pytest.approx(flux, rel=0.06)
    assert np.std(found) < 0.04 * flux


def test_the_flux_of_nothing_is_about_zero(sky, sources):
    vector = PATCH.vectors(np.array([1.0]), np.array([1.0]))
    dark = replace(sky, population=sources(0.0, -80.0, 1e-9))
    found = [
        aperture_flux(hard(counts(dark, 1, n, PATCH)), PATCH, vector, years=dark.years)
        for n in range(5)
    ]
    # below the bin of the faintest sources, with the scatter of the background
    assert abs(np.mean(found)) < 3e-10


def test_a_unit_flux_has_the_photons_of_its_exposure():
    # photons of 1 to 20 GeV of E^-2.4 are all but 1.5 % of those to 100 GeV, at 0.87 to
    # 1 of the exposure at 10 GeV
    share = (1 - 20**-1.4) / (1 - 100**-1.4)
    full = 3.23e11 / 7 * 11 * share
    assert 0.88 * full < _mean_exposure(11) < 0.94 * full


def test_counts_are_the_same_for_the_same_seed_and_number(sky):
    one, same, other = (counts(sky, 3, n, PATCH) for n in (4, 4, 5))
    for tensor in COUNTS:
        assert one[tensor.name].shape == tensor.shape
        assert one[tensor.name].dtype == tensor.dtype
        np.testing.assert_array_equal(one[tensor.name], same[tensor.name])
        assert not np.array_equal(one[tensor.name], other[tensor.name])


def test_skies_of_the_evaluation_are_never_trained_on():
    n_validation = len(SHIPPED.variants)
    assert data.TRAINING_SKIES + MOST_SKIES <= data.VALIDATION_SKIES
    assert data.VALIDATION_SKIES + n_validation <= FIRST_SEED
    assert data.VALIDATION_SKIES + n_validation <= head_data.FIRST_VALIDATION_SKY
    assert head_data.FIRST_VALIDATION_SKY + MOST_VALIDATION <= FIRST_SEED
    assert VARIANTS[1] not in SHIPPED.variants
