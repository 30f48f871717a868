"""Of the peaks that several patches see, one is kept for each source."""

import re

import numpy as np
import pytest

from amphitrite.surveys.asid.catalogue import names
from amphitrite.surveys.asid.interpret.descriptions import undescribed
from amphitrite.surveys.asid.interpret.detections import (
    Detections,
    has_neighbour,
    select,
)
from amphitrite.surveys.asid.prepare.footprints import Circle, WholeSky
from amphitrite.surveys.asid.prepare.patches import (
    Patch,
    depth,
    to_pixels,
    unit_vectors,
)
from amphitrite.surveys.asid.prepare.tiling import centres


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


@pytest.mark.parametrize(
    ("ra", "dec", "name"),
    [
        (83.6287, 22.0147, "AMP J0534.5+2200"),
        (359.9999, -0.0001, "AMP J2359.9-0000"),
        (0.0, 0.0, "AMP J0000.0+0000"),
        (187.5, -89.9999, "AMP J1230.0-8959"),
        (15.0, 12.5, "AMP J0100.0+1230"),
        # 02h 13m 59.97s is 13.9995 minutes
        (33.499875, 5.999, "AMP J0213.9+0559"),
    ],
)
def test_names_are_cut_off_not_rounded(ra, dec, name):
    assert names(np.array([ra]), np.array([dec])).tolist() == [name]


def test_names_are_unique():
    ra, dec = np.full(3, 10.001), np.array([5.001, 5.002, 40.0])
    assert names(ra, dec).tolist() == [
        "AMP J0040.0+0500a",
        "AMP J0040.0+0500b",
        "AMP J0040.0+4000",
    ]


def test_names_agree_with_astropy():
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)
    place = SkyCoord(ra, dec, unit="deg")
    hours, minutes, seconds = place.ra.hms
    sign, degrees, arcmin, _ = place.dec.signed_dms
    for row, name in enumerate(names(ra, dec)):
        found = re.fullmatch(r"AMP J(\d\d)(\d\d)\.(\d)([+-])(\d\d)(\d\d)[a-z]?", name)
        h, m, tenth, s, d, a = found.groups()
        assert (int(h), int(m)) == (hours[row], minutes[row])
        assert int(tenth) == int(seconds[row] // 6)
        assert s == ("-" if sign[row] < 0 else "+")
        assert (int(d), int(a)) == (degrees[row], arcmin[row])
