"""Fluxes are for the exposure of their sources, in numbers worked out by hand."""

import numpy as np
import pytest

from amphitrite.surveys.asid.interpret.detections import (
    Detections,
    exposure_correction,
)
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.asid.prepare.tiling import centres

TYPICAL = np.array([5, 4, 3, 2, 1], np.float32) * 1e11
# Of the photons of E^-2.4 from 1 to 20 GeV: 7^-1.4 = 0.0656, 20^-1.4 = 0.0151,
# 2^-1.4 = 0.3789, so that 7-20 GeV holds 0.0505 / 0.9849 of them, and so on.
HIGH, MIDDLE, LOW = 0.0513, 0.3181, 0.6306


def directions(*places):
    lon, lat = np.array(places, float).T
    return unit_vectors(lon, lat)


def centre(number):
    patch = centres()[number]
    return patch.lon, patch.lat


def sky(known):
    """Return a sky whose exposure is known, in units of 1e11 cm2 s, at some places."""
    at = directions(*known)
    values = np.array([np.broadcast_to(each, 5) for each in known.values()])

    def index(vectors):
        near = np.asarray(vectors) @ at.T
        found = near.argmax(axis=1)
        # within a degree
        return np.where(near.max(axis=1) > np.cos(np.radians(1)), found, -1)

    exposure = Exposure((1e11 * values.T).astype(np.float32), index)
    return Observation(None, exposure, TYPICAL)


def detections(sources, patches, *, peaks=None):
    n = len(patches)
    nan = np.full(n, np.nan)
    return Detections(
        vectors=directions(*(peaks or sources)),
        sources=directions(*sources),
        score=np.ones(n, np.float32),
        patch=np.array(patches, np.int32),
        depth=np.ones(n),
        many=np.zeros(n, bool),
        log10_flux=nan,
        flux_variance=nan,
        p_fake=nan,
        offset_variance=nan,
    )


def beside(number, degrees=3.0):
    """Return a place of a patch away from its centre."""
    lon, lat = centre(number)
    return lon, lat - degrees if lat > 0 else lat + degrees


def test_as_many_photons_of_half_of_the_exposure_are_twice_the_flux():
    there = beside(300)
    found = detections([there], [300])
    for own, factor in ((1.0, 2.0), (2.0, 1.0), (8.0, 0.25)):
        observed = sky({centre(300): 2.0, there: own})
        given, assumed = exposure_correction(observed, found)
        assert given.tolist() == pytest.approx([factor], rel=1e-6)
        assert not assumed.any()


def test_bands_count_by_their_photons_and_those_below_1_gev_not_at_all():
    there = beside(300)
    observed = sky({centre(300): (4, 3, 2, 900, 900), there: (1, 1, 1, 7, 7)})
    factor, _ = exposure_correction(observed, detections([there], [300]))
    # 4 * 0.0513 + 3 * 0.3181 + 2 * 0.6306
    assert 4 * HIGH + 3 * MIDDLE + 2 * LOW == pytest.approx(2.4207, abs=1e-4)
    assert factor[0] == pytest.approx(2.4207, abs=3e-4)


def test_each_source_is_compared_with_its_own_patch():
    places = [beside(500), beside(100), beside(100, 2.0), beside(300)]
    known = {centre(100): 1, centre(300): 2, centre(500): 4}
    observed = sky({**known, **dict.fromkeys(places, 1.0)})
    factor, _ = exposure_correction(observed, detections(places, [500, 100, 100, 300]))
    np.testing.assert_allclose(factor, [4, 1, 1, 2], rtol=1e-6)


def test_it_is_the_source_s_exposure_and_not_its_peak_s():
    source, peak = beside(300, 3.0), beside(300, 0.5)
    observed = sky({centre(300): 2.0, source: 1.0})
    factor, _ = exposure_correction(observed, detections([source], [300], peaks=[peak]))
    assert factor[0] == pytest.approx(2.0)


def test_where_no_exposure_is_known_none_is_corrected_and_it_is_said():
    there, off = beside(300), beside(300, 4.9)
    observed = sky({centre(300): 2.0, there: 1.0})
    factor, assumed = exposure_correction(
        observed, detections([off, there], [300, 300])
    )
    np.testing.assert_allclose(factor, [1, 2])
    assert assumed.tolist() == [True, False]
    unknown = Observation(None, None, TYPICAL)
    factor, assumed = exposure_correction(unknown, detections([off, there], [300, 300]))
    assert factor.tolist() == [1, 1]
    assert assumed.all()


def test_a_patch_off_the_map_is_taken_for_a_typical_one():
    there = beside(300)
    observed = sky({there: 1.0})
    assert observed.exposure_of([centres()[300]]).tolist() == [TYPICAL.tolist()]
    factor, assumed = exposure_correction(observed, detections([there], [300]))
    # 5 * 0.0513 + 4 * 0.3181 + 3 * 0.6306
    assert factor[0] == pytest.approx(5 * HIGH + 4 * MIDDLE + 3 * LOW, rel=1e-3)
    assert not assumed.any()
    none = Observation(None, None, TYPICAL)
    np.testing.assert_array_equal(none.exposure_of(centres()[:2]), [TYPICAL] * 2)
