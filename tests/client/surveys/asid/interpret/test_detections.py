"""One detection of each source is kept, with the flux at its own exposure."""

import numpy as np
import pytest

from amphitrite.surveys.asid.interpret.descriptions import undescribed
from amphitrite.surveys.asid.interpret.detections import (
    Detections,
    exposure_correction,
    has_neighbour,
    select,
)
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.footprints import Circle, WholeSky
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    depth,
    to_pixels,
    unit_vectors,
)
from amphitrite.surveys.asid.prepare.tiling import centres

TYPICAL = np.array([5, 4, 3, 2, 1], np.float32) * 1e11
# Of the photons of E^-2.4 from 1 to 20 GeV: 7^-1.4 = 0.0656, 20^-1.4 = 0.0151,
# 2^-1.4 = 0.3789, so that 7-20 GeV holds 0.0505 / 0.9849 of them, and so on.
HIGH, MIDDLE, LOW = 0.0513, 0.3181, 0.6306


def record(patch, directions, scores, **described):
    """Return what the journal keeps of a patch that sees some directions."""
    x, y = patch.offsets(directions)
    row, column = to_pixels(x, y, pixels=128)
    return {
        "row": row.astype(np.float32),
        "column": column.astype(np.float32),
        "score": np.asarray(scores, np.float32),
        "many": np.array(False),
        **undescribed(len(row)),
        **described,
    }


def seen_by_all(directions, scores):
    """Return the detections of every patch that holds the directions."""
    records = {}
    for number, patch in enumerate(centres()):
        inside = depth(*patch.offsets(directions)) > 0.01
        if inside.any():
            records[number] = record(patch, directions[inside], scores[inside])
    return Detections.collect(records), [centres()[number] for number in records]


def chosen(found, patches, *, footprint=None, threshold=0.1):
    return select(
        found,
        patches,
        footprint or WholeSky(),
        threshold=threshold,
        radius_degrees=0.3,
    )


@pytest.fixture(scope="module")
def sky():
    rng = np.random.default_rng(4)
    directions = rng.normal(size=(400, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    apart = np.linalg.norm(directions[:, None] - directions[None], axis=-1)
    np.fill_diagonal(apart, 9)
    directions = directions[apart.min(axis=1) > np.radians(0.5)]
    return directions, rng.uniform(0.2, 1, len(directions))


def test_peaks_return_to_where_they_were_seen(sky):
    directions, scores = sky
    found, _ = seen_by_all(directions, scores)
    assert len(found) > 1.5 * len(directions)
    chord = np.linalg.norm(found.vectors[:, None] - directions[None], axis=-1)
    # single-precision pixels of 0.08 deg: 1e-5 of a pixel
    assert np.degrees(chord.min(axis=1).max()) < 1e-5
    assert (found.depth > 0).all()


def test_what_several_patches_see_is_kept_once(sky):
    directions, scores = sky
    found, patches = seen_by_all(directions, scores)
    kept = chosen(found, patches)
    assert len(kept) == len(directions)
    chord = np.linalg.norm(kept.vectors[:, None] - directions[None], axis=-1)
    assert np.array_equal(np.sort(chord.argmin(axis=1)), np.arange(len(directions)))


def test_a_detection_at_an_edge_loses_to_the_patch_that_sees_more():
    near, far = Patch(0.0, 0.0), Patch(6.0, 0.0)
    direction = unit_vectors(np.array([4.8]), np.array([0.0]))
    beside = unit_vectors(np.array([4.8]), np.array([0.25]))
    nan = np.full(2, np.nan)
    vectors = np.concatenate([direction, beside])
    depths = np.concatenate(
        [depth(*near.offsets(direction)), depth(*far.offsets(beside))]
    )
    found = Detections(
        *(vectors, vectors, np.array([0.9, 0.4], np.float32)),
        *(np.array([0, 1], np.int32), depths, np.zeros(2, bool)),
        *(nan, nan, nan, nan),
    )
    assert chosen(found, [near, far]).patch.tolist() == [1]
    # without the other patch it is all there is
    assert chosen(found[found.patch == 0], [near]).patch.tolist() == [0]


def test_only_what_exceeds_the_threshold_is_kept(sky):
    directions, scores = sky
    found, patches = seen_by_all(directions, scores)
    kept = chosen(found, patches, threshold=0.6)
    assert len(kept) == (scores.astype(np.float32) > np.float32(0.6)).sum()
    assert 0 < len(kept) < len(directions)


def test_a_score_of_just_the_threshold_is_no_source():
    place = unit_vectors(np.array([10.0]), np.array([5.0]))
    found, patches = seen_by_all(place, np.array([0.25]))
    assert len(chosen(found, patches, threshold=0.25)) == 0
    assert len(chosen(found, patches, threshold=0.2499)) == 1


def test_nothing_is_kept_outside_the_footprint(sky):
    directions, scores = sky
    found, patches = seen_by_all(directions, scores)
    footprint = Circle(100.0, 30.0, 40.0)
    kept = chosen(found, patches, footprint=footprint)
    assert len(kept) == footprint.contains(directions).sum() > 10


def test_offsets_follow_the_columns_and_the_rows():
    patch = centres()[300]
    place = patch.vectors(np.array([1.0]), np.array([-2.0]))
    offset = np.array([[0.2, 0.1]], np.float32)
    found = Detections.collect({300: record(patch, place, [0.5], offset=offset)})
    # the first column is that of the largest x, the first row that of the smallest y
    x, y = patch.offsets(found.sources)
    np.testing.assert_allclose([x[0], y[0]], [0.8, -1.9], atol=1e-5)
    row, column = to_pixels(x, y, pixels=128)
    first = record(patch, place, [0.5])
    pixel = 10 / 128
    np.testing.assert_allclose(column - first["column"], 0.2 / pixel, atol=1e-3)
    np.testing.assert_allclose(row - first["row"], 0.1 / pixel, atol=1e-3)


def test_what_no_network_described_is_where_its_peak_is(sky):
    found, _ = seen_by_all(*sky)
    np.testing.assert_array_equal(found.sources, found.vectors)
    assert np.isnan(found.p_fake).all()


def test_neighbours_are_closer_than_an_angle():
    lon = np.array([0.0, 0.4, 10.0, 10.6])
    vectors = unit_vectors(lon, np.zeros(4))
    assert has_neighbour(vectors, degrees=0.5).tolist() == [True, True, False, False]
    assert has_neighbour(vectors[:0], degrees=0.5).tolist() == []


def test_no_record_is_no_detection():
    found = Detections.collect({})
    assert len(found) == 0
    assert len(chosen(found, [])) == 0


def towards(*places):
    lon, lat = np.array(places, float).T
    return unit_vectors(lon, lat)


def centre(number):
    patch = centres()[number]
    return patch.lon, patch.lat


def exposed(known):
    """Return a sky whose exposure is known, in units of 1e11 cm2 s, at some places."""
    at = towards(*known)
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
        vectors=towards(*(peaks or sources)),
        sources=towards(*sources),
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
        observed = exposed({centre(300): 2.0, there: own})
        given, assumed = exposure_correction(observed, found)
        assert given.tolist() == pytest.approx([factor], rel=1e-6)
        assert not assumed.any()


def test_bands_count_by_their_photons_and_those_below_1_gev_not_at_all():
    there = beside(300)
    observed = exposed({centre(300): (4, 3, 2, 900, 900), there: (1, 1, 1, 7, 7)})
    factor, _ = exposure_correction(observed, detections([there], [300]))
    # 4 * 0.0513 + 3 * 0.3181 + 2 * 0.6306
    assert 4 * HIGH + 3 * MIDDLE + 2 * LOW == pytest.approx(2.4207, abs=1e-4)
    assert factor[0] == pytest.approx(2.4207, abs=3e-4)


def test_each_source_is_compared_with_its_own_patch():
    places = [beside(500), beside(100), beside(100, 2.0), beside(300)]
    known = {centre(100): 1, centre(300): 2, centre(500): 4}
    observed = exposed({**known, **dict.fromkeys(places, 1.0)})
    factor, _ = exposure_correction(observed, detections(places, [500, 100, 100, 300]))
    np.testing.assert_allclose(factor, [4, 1, 1, 2], rtol=1e-6)


def test_it_is_the_source_s_exposure_and_not_its_peak_s():
    source, peak = beside(300, 3.0), beside(300, 0.5)
    observed = exposed({centre(300): 2.0, source: 1.0})
    factor, _ = exposure_correction(observed, detections([source], [300], peaks=[peak]))
    assert factor[0] == pytest.approx(2.0)


def test_where_no_exposure_is_known_none_is_corrected_and_it_is_said():
    there, off = beside(300), beside(300, 4.9)
    observed = exposed({centre(300): 2.0, there: 1.0})
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
    observed = exposed({there: 1.0})
    assert observed.exposure_of([centres()[300]]).tolist() == [TYPICAL.tolist()]
    factor, assumed = exposure_correction(observed, detections([there], [300]))
    # 5 * 0.0513 + 4 * 0.3181 + 3 * 0.6306
    assert factor[0] == pytest.approx(5 * HIGH + 4 * MIDDLE + 3 * LOW, rel=1e-3)
    assert not assumed.any()
    none = Observation(None, None, TYPICAL)
    np.testing.assert_array_equal(none.exposure_of(centres()[:2]), [TYPICAL] * 2)
