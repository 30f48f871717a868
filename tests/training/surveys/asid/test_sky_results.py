"""What was found on a simulated sky, and which source that is."""

from __future__ import annotations

import numpy as np

from amphitrite_training.surveys.asid.sky_results import pair


def test_the_nearest_detection_is_the_source_s(at):
    found = at((10, 40.2), (10, 40.1), (10, 41))
    assert pair(at((10, 40)), np.ones(1), found).tolist() == [1]


def test_beyond_the_radius_there_is_no_partner(at):
    for apart, partner in ((0.299, 0), (0.301, -1)):
        found = at((10, 40 + apart))
        assert pair(at((10, 40)), np.ones(1), found).tolist() == [partner]
    # on the sky, not in longitude: 0.5 deg of it at latitude 60 are 0.25 deg
    assert pair(at((10, 60)), np.ones(1), at((10.5, 60))).tolist() == [0]


def test_the_brightest_source_chooses_first(at):
    truth, found = at((10, 40), (10, 40.2)), at((10, 40.12))
    # the nearer one is fainter
    assert pair(truth, np.array([2.0, 1.0]), found).tolist() == [0, -1]
    assert pair(truth, np.array([1.0, 2.0]), found).tolist() == [-1, 0]


def test_a_second_detection_belongs_to_nobody(at):
    found = at((10, 40.01), (10, 40.02))
    partners = pair(at((10, 40)), np.ones(1), found)
    assert partners.tolist() == [0]


def test_nothing_pairs_with_nothing(at):
    none = np.zeros((0, 3))
    assert pair(at((1, 1)), np.ones(1), none).tolist() == [-1]
    assert pair(none, np.zeros(0), at((1, 1))).tolist() == []


def test_a_catalogue_is_what_the_classifier_leaves_where_the_networks_say(at, result):
    found = result(((10, 40), (50, -30), (70, 60)))
    catalogue = found.catalogue(0.6)
    assert len(catalogue.found) == 2
    np.testing.assert_allclose(catalogue.found, at((10, 40.01), (50, -29.99)))
    np.testing.assert_allclose(catalogue.aperture_flux, 10**-8.5)
    assert len(found.catalogue(1.0).found) == 3


def test_the_detector_alone_lists_what_its_threshold_leaves(result):
    found = result(((10, 40), (50, -30), (70, 60)))
    assert len(found.detections.found) == 2
    np.testing.assert_array_equal(found.detections.found, found.found[:2])
    np.testing.assert_array_equal(found.known(0).detected, [True, True, False])


def test_detections_are_known_by_their_sources(result):
    found = result(((70, 60), (50, -30), (10, 40.1)))
    assert found.source.tolist() == [-1, 1, 0]
    known = found.known(3)
    np.testing.assert_array_equal(known.flux, [np.nan, 2e-9, 2e-9])
    np.testing.assert_allclose(known.peak_error, [np.nan, 0.0, 0.1], atol=1e-6)
    np.testing.assert_allclose(known.error, [np.nan, 0.01, 0.11], atol=1e-6)
    np.testing.assert_allclose(known.flux_sigma, 0.2)
    np.testing.assert_allclose(known.error_sigma, 0.03)
    assert not set(known.block) & set(found.known(4).block)
