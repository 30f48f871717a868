"""How a catalogue of a simulated sky is counted."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.tables import count, tables

RADIUS = 0.3
BIN = int(np.searchsorted(PAPER_FLUX_EDGES, 2e-9)) - 1


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


@pytest.mark.parametrize("hit", [True, False])
def test_a_share_without_a_failure_or_a_success_has_an_error(hit):
    hits = np.full(36, float(hit))
    found = count(hits, np.arange(36))
    # resampling gives a point; Wilson's is z^2 / (n + z^2) wide, with z = 1.96
    width = 1.96**2 / (36 + 1.96**2)
    assert found.value == hit
    ends = (1 - width, 1.0) if hit else (0.0, width)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-4)


def test_the_wider_of_resampling_and_wilson_counts():
    # 20 blocks of one fate: 4 of 5 as 20 trials and not as 400
    hits = np.repeat((np.arange(20) % 5 > 0).astype(float), 20)
    found = count(hits, np.repeat(np.arange(20), 20))
    wilson = Share(320, 400).interval
    assert found.low < wilson[0] - 0.05
    assert found.high > wilson[1] + 0.05
    # hits and misses that alternate in each block: resampling sees no error
    even = count(np.tile([1.0, 0.0], 50), np.repeat(np.arange(10), 10))
    assert (even.low, even.high) == Share(50, 100).interval


def test_the_share_of_nothing_is_unknown():
    nothing = count(np.zeros(0), np.zeros(0))
    assert (nothing.n, nothing.low, nothing.high) == (0, 0.0, 1.0)
    assert np.isnan(nothing.value)


def test_the_same_counts_have_the_same_interval():
    hits = (np.arange(50) % 3 > 0).astype(float)
    assert count(hits, np.arange(50)) == count(hits, np.arange(50))


@pytest.fixture(scope="module")
def toy(result):
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


def test_the_ceiling_leaves_out_the_fainter_of_two_within_the_radius(toy, result):
    assert toy["|b| > 20"].ceiling[BIN] == pytest.approx(2 / 3)
    assert toy["all sky"].ceiling[BIN] == pytest.approx(3 / 4)
    close = tables([result(((10, 40),))], radius_degrees=0.1)
    assert close["|b| > 20"].ceiling[BIN] == 1.0
    assert np.isnan(toy["all sky"].ceiling[0])


def test_purity_goes_by_the_aperture_s_flux(toy, result):
    assert toy["|b| > 20"].purity[BIN].n == 4
    faint = tables([result(((10, 40), (70, 60)), aperture=1e-12)], radius_degrees=0.3)
    assert (faint["|b| > 20"].faint.n_hits, faint["|b| > 20"].faint.n) == (1, 2)
    assert not any(c.n for c in faint["|b| > 20"].purity)


def test_skies_are_not_mixed_up(result):
    one = result(((10, 40),))
    two = result(((50, -30),))
    both = tables([one, two], radius_degrees=RADIUS)["|b| > 20"]
    # each has one of three; a detection of one sky does not count for the other
    assert (both.completeness[BIN].n_hits, both.completeness[BIN].n) == (2, 6)
    assert (both.whole[0].n_hits, both.whole[0].n) == (2, 2)


def test_an_empty_catalogue_is_counted(result):
    nothing = tables([result(())], radius_degrees=RADIUS)["all sky"]
    assert nothing.whole[0].n == 0
    assert nothing.completeness[BIN].n_hits == 0
