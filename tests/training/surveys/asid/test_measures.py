"""How a catalogue of a simulated sky is counted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.surveys.asid.page import MODEL
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.triton.spec import Member
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.measures import (
    Evaluation,
    SkyResult,
    count,
    pair,
    tables,
)

RADIUS = 0.3


def at(*places):
    """Galactic unit vectors of (lon, lat), deg."""
    lon, lat = np.array(places, float).reshape(-1, 2).T
    return unit_vectors(lon, lat)


def test_the_nearest_detection_is_the_source_s():
    found = at((10, 40.2), (10, 40.1), (10, 41))
    assert pair(at((10, 40)), np.ones(1), found).tolist() == [1]


def test_beyond_the_radius_there_is_no_partner():
    for apart, partner in ((0.299, 0), (0.301, -1)):
        found = at((10, 40 + apart))
        assert pair(at((10, 40)), np.ones(1), found).tolist() == [partner]
    # on the sky, not in longitude: 0.5 deg of it at latitude 60 are 0.25 deg
    assert pair(at((10, 60)), np.ones(1), at((10.5, 60))).tolist() == [0]


def test_the_brightest_source_chooses_first():
    truth, found = at((10, 40), (10, 40.2)), at((10, 40.12))
    # the nearer one is fainter
    assert pair(truth, np.array([2.0, 1.0]), found).tolist() == [0, -1]
    assert pair(truth, np.array([1.0, 2.0]), found).tolist() == [-1, 0]


def test_a_second_detection_belongs_to_nobody():
    found = at((10, 40.01), (10, 40.02))
    partners = pair(at((10, 40)), np.ones(1), found)
    assert partners.tolist() == [0]


def test_nothing_pairs_with_nothing():
    none = np.zeros((0, 3))
    assert pair(at((1, 1)), np.ones(1), none).tolist() == [-1]
    assert pair(none, np.zeros(0), at((1, 1))).tolist() == []


def test_a_share_and_its_interval():
    rng = np.random.default_rng(3)
    n = 400
    hits = (rng.random(n) < 0.8).astype(float)
    found = count(hits, np.arange(n))
    assert (found.n_hits, found.n) == (hits.sum(), n)
    assert found.value == hits.mean()
    # each in a block of its own: the binomial error, give or take the resampling's
    error = np.sqrt(0.8 * 0.2 / n)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=0.2)
    assert found.high - found.value == pytest.approx(1.96 * error, rel=0.2)


def test_neighbours_that_stand_and_fall_together_widen_the_interval():
    hits = np.repeat((np.arange(20) % 5 > 0).astype(float), 20)
    together = count(hits, np.repeat(np.arange(20), 20))
    alone = count(hits, np.arange(400))
    assert together.value == alone.value == 0.8
    # 20 independent blocks instead of 400 sources
    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.3)


def test_the_share_of_nothing_is_unknown():
    nothing = count(np.zeros(0), np.zeros(0))
    assert (nothing.n, nothing.low, nothing.high) == (0, 0.0, 1.0)
    assert np.isnan(nothing.value)


def test_the_same_counts_have_the_same_interval():
    hits = (np.arange(50) % 3 > 0).astype(float)
    assert count(hits, np.arange(50)) == count(hits, np.arange(50))


# (lon, lat, flux): two bright ones, of which the second has a fainter neighbour
TRUTH = ((10, 40, 2e-9), (50, -30, 2e-9), (50, -29.8, 1.5e-9), (90, 5, 2e-9))
BIN = int(np.searchsorted(PAPER_FLUX_EDGES, 2e-9)) - 1


def result(found, *, aperture=2e-9):
    truth = np.array(TRUTH)
    n = len(found)
    return SkyResult(
        truth=at(*truth[:, :2]),
        flux=truth[:, 2],
        found=at(*found),
        aperture_flux=np.full(n, aperture),
        threshold=0.28,
        described={
            "score": np.linspace(0.5, 0.1, n),
            "sources": at(*((lon, lat + 0.01) for lon, lat in found)),
            "log10_flux": np.full(n, -8.5),
            "flux_sigma": np.full(n, 0.2),
            "p_fake": np.linspace(0.0, 1.0, n),
            "offset_variance": np.full(n, 0.0009),
        },
    )


@pytest.fixture(scope="module")
def toy():
    # the first, the second, a duplicate of the first, one where nothing is, the plane's
    found = ((10, 40), (50, -30), (10, 40.1), (70, 60), (90, 5))
    return tables([result(found)], radius_degrees=RADIUS)


def test_completeness_is_of_the_true_sources_in_a_bin(toy):
    high, all_sky = toy["|b| > 20"], toy["all sky"]
    assert (high.completeness[BIN].n_hits, high.completeness[BIN].n) == (2, 3)
    assert (all_sky.completeness[BIN].n_hits, all_sky.completeness[BIN].n) == (3, 4)
    others = [c.n for i, c in enumerate(high.completeness) if i != BIN]
    assert not any(others)
    assert (high.whole[1].n_hits, high.whole[1].n) == (2, 3)


def test_duplicates_and_what_is_not_there_are_false(toy):
    purity = toy["|b| > 20"].whole[0]
    assert (purity.n_hits, purity.n) == (2, 4)
    purity = toy["all sky"].whole[0]
    assert (purity.n_hits, purity.n) == (3, 5)


def test_the_ceiling_leaves_out_the_fainter_of_two_within_the_radius(toy):
    assert toy["|b| > 20"].ceiling[BIN] == pytest.approx(2 / 3)
    assert toy["all sky"].ceiling[BIN] == pytest.approx(3 / 4)
    close = tables([result(((10, 40),))], radius_degrees=0.1)
    assert close["|b| > 20"].ceiling[BIN] == 1.0
    assert np.isnan(toy["all sky"].ceiling[0])


def test_purity_goes_by_the_aperture_s_flux(toy):
    assert toy["|b| > 20"].purity[BIN].n == 4
    faint = tables([result(((10, 40), (70, 60)), aperture=1e-12)], radius_degrees=0.3)
    assert (faint["|b| > 20"].faint.n_hits, faint["|b| > 20"].faint.n) == (1, 2)
    assert not any(c.n for c in faint["|b| > 20"].purity)


def test_skies_are_not_mixed_up():
    one = result(((10, 40),))
    two = result(((50, -30),))
    both = tables([one, two], radius_degrees=RADIUS)["|b| > 20"]
    # each finds one of three; together a detection of one sky is none of the other's
    assert (both.completeness[BIN].n_hits, both.completeness[BIN].n) == (2, 6)
    assert (both.whole[0].n_hits, both.whole[0].n) == (2, 2)


def test_an_empty_catalogue_is_counted():
    nothing = tables([result(())], radius_degrees=RADIUS)["all sky"]
    assert nothing.whole[0].n == 0
    assert nothing.completeness[BIN].n_hits == 0


LEARNED = {
    "fake_thresholds": {"11111": 0.3}, "flux_sigma_95": 2.0,
    "radius_68": 1.5, "radius_95": 2.5,
}  # fmt: skip


def test_a_catalogue_is_what_the_classifier_leaves_where_the_networks_say():
    found = result(((10, 40), (50, -30), (70, 60)))
    catalogue = found.catalogue(0.6)
    assert len(catalogue.found) == 2
    np.testing.assert_allclose(catalogue.found, at((10, 40.01), (50, -29.99)))
    np.testing.assert_allclose(catalogue.aperture_flux, 10**-8.5)
    assert len(found.catalogue(1.0).found) == 3


def test_the_detector_alone_lists_what_its_threshold_leaves():
    found = result(((10, 40), (50, -30), (70, 60)))
    assert len(found.detections.found) == 2
    np.testing.assert_array_equal(found.detections.found, found.found[:2])
    np.testing.assert_array_equal(found.known(0).detected, [True, True, False])


def test_detections_are_known_by_their_sources():
    found = result(((70, 60), (50, -30), (10, 40.1)))
    assert found.source.tolist() == [-1, 1, 0]
    known = found.known(3)
    np.testing.assert_array_equal(known.flux, [np.nan, 2e-9, 2e-9])
    np.testing.assert_allclose(known.peak_error, [np.nan, 0.0, 0.1], atol=1e-6)
    np.testing.assert_allclose(known.error, [np.nan, 0.01, 0.11], atol=1e-6)
    np.testing.assert_allclose(known.flux_sigma, 0.2)
    np.testing.assert_allclose(known.error_sigma, 0.03)
    assert not set(known.block) & set(found.known(4).block)


def test_numbers_are_strict_json(toy, described):
    """JSON knows no NaN, which the ceiling of an empty bin is."""
    evaluation = Evaluation(
        spec=MODEL.with_weights(
            digest="sha256:0",
            learned=LEARNED,
            members=(Member("asid_unet", 1, "sha256:1", "sha256:2"),),
        ),
        members={},
        version=1,
        skies=((3_000, "A"),),
        n_patches=1_100,
        tables={"A": toy},
        catalogues={"A": toy},
        described={"A": described(200)},
        results={},
    )
    again = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert again["simulated"] is True
    bins = again["tables"]["A"]["|b| > 20"]["bins"]
    assert bins[0]["ceiling"] is None
    assert bins[BIN]["ceiling"] == pytest.approx(2 / 3)
    assert bins[BIN]["completeness"]["hits"] == 2
    assert [each["flux"][0] for each in bins] == list(PAPER_FLUX_EDGES[:-1])
    assert again["catalogues"] == again["tables"]
    assert again["networks"]["A"]["classifier"]["threshold"] == 0.3
    assert "systematics" not in again
