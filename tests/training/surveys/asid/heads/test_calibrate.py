"""Errors that hold what they state, after calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite_training.surveys.asid.heads import calibrate
from amphitrite_training.surveys.asid.heads.calibrate import cut, platt, youden


def test_logits_that_are_too_sure_are_softened():
    rng = np.random.default_rng(1)
    true = rng.normal(0, 2, 20_000)
    fake = rng.random(20_000) < 1 / (1 + np.exp(-true))
    slope, intercept = platt(3 * true - 1, fake)
    # the logits were stretched by three and shifted by one
    assert slope == pytest.approx(1 / 3, rel=0.05)
    assert intercept == pytest.approx(1 / 3, abs=0.05)


def test_the_threshold_parts_sources_from_fakes_best():
    p = np.array([0.01, 0.02, 0.05, 0.2, 0.3, 0.04, 0.4, 0.9])
    fake = np.array([False] * 5 + [True] * 3)
    # up to 0.3: five of five sources, one of three fakes; below, less apart
    assert youden(p, fake) == pytest.approx(0.3)
    assert youden(np.r_[p[:3], 0.8, 0.8, p[5:]], fake) == pytest.approx(0.02)


def test_the_cut_keeps_as_many_sources_as_the_detector(made_up):
    some_peaks = made_up(2_000)
    rng = np.random.default_rng(2)
    p = np.where(some_peaks.is_real, rng.beta(1, 6, 2_000), rng.beta(4, 1, 2_000))
    best = youden(p, ~some_peaks.is_real)
    assert 0.3 < best < 0.6  # where the densities of both are about as high
    few = replace(some_peaks, threshold=np.full(2_000, 0.6, np.float32))
    assert cut(p, few) == pytest.approx(best, abs=1e-3)
    most = replace(some_peaks, threshold=np.full(2_000, 0.302, np.float32))
    kept = p <= cut(p, most)
    assert most.is_detection[most.is_real].mean() > (p <= best)[most.is_real].mean()
    # a little more, and three digits
    assert kept[most.is_real].mean() == pytest.approx(
        most.is_detection[most.is_real].mean() + 0.004, abs=0.002
    )


@pytest.fixture(scope="module")
def some(made_up):
    return made_up(3_000, fakes=0.2)


@pytest.fixture(scope="module")
def untrained():
    """Build a head anew, small."""
    pytest.importorskip("keras", reason="needs the training extra")
    from amphitrite_training.surveys.asid.heads import recipe
    from amphitrite_training.surveys.asid.heads.model import (
        build_classifier,
        build_flux,
        build_location,
    )

    return {
        "flux": lambda: build_flux(replace(recipe.SHIPPED_FLUX, width=0.25, members=2)),
        "fake": lambda: build_classifier(
            replace(recipe.SHIPPED_CLASSIFIER, width=0.25)
        ),
        "offset": lambda: build_location(
            replace(recipe.SHIPPED_LOCATION, width=0.125, members=2)
        ),
    }


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_flux_s_error_holds_68_per_cent_of_detections(untrained, some):
    model = untrained["flux"]()
    before = calibrate.predict(model, some, "flux")
    learned, measured = calibrate.calibrate_flux(model, some)
    after = calibrate.predict(model, some, "flux")
    factor = learned["flux_variance_factor"]
    np.testing.assert_allclose(
        after["flux_variance"], factor * before["flux_variance"], rtol=1e-5
    )
    np.testing.assert_array_equal(after["log10_flux"], before["log10_flux"])
    real = some.is_real
    sigma = np.sqrt(after["flux_variance"].sum(axis=1))
    error = np.abs(after["log10_flux"] - np.log10(some.flux))[real]
    assert (error < 0.9945 * sigma[real]).mean() == pytest.approx(0.68, abs=0.001)
    stated, true = learned["flux_error"].values()
    sigma *= np.interp(sigma, stated, np.divide(true, stated))
    pull = error / sigma[real]
    # between the points of the curve it holds about
    assert (pull < 0.9945).mean() == pytest.approx(0.68, abs=0.01)
    assert (pull < learned["flux_sigma_95"]).mean() == pytest.approx(0.95, abs=0.001)
    assert measured["validation"]["coverage"]["68"] == pytest.approx(0.68, abs=0.01)


def test_a_stated_error_is_corrected_where_it_is_wrong():
    rng = np.random.default_rng(5)
    stated = rng.uniform(0.02, 0.2, 20_000)
    # small ones are half of what they should be, large ones twice
    true = np.where(stated < 0.1, 2.0, 0.5) * stated
    curve = calibrate.flux_error(np.abs(rng.normal(0, true)), stated)
    assert len(curve["stated"]) == 10
    assert (np.diff(curve["stated"]) > 0).all()
    # the quantile of 2,000 draws is sure to 2 %
    ratio = np.divide(curve["true"], curve["stated"])
    np.testing.assert_allclose(ratio[:4], 2.0, rtol=0.08)
    np.testing.assert_allclose(ratio[5:], 0.5, rtol=0.08)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_circle_holds_68_per_cent_of_detections(untrained, some):
    model = untrained["offset"]()
    learned, measured = calibrate.calibrate_location(model, some)
    after = calibrate.predict(model, some, "offset")
    real = some.is_real
    error = np.hypot(*(after["offset"] - some.offset)[real].T)
    sigma = np.sqrt(after["offset_variance"].sum(axis=1).mean(axis=1))[real]
    assert (error < 1.5096 * sigma).mean() == pytest.approx(0.68, abs=0.001)
    inside = error < learned["radius_95"] * sigma
    assert inside.mean() == pytest.approx(0.95, abs=0.001)
    peaks = np.median(np.hypot(*some.offset[real].T))
    told = measured["validation"]
    assert told["median_error_of_peaks"] == pytest.approx(peaks)
    assert told["n"] == real.sum()


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_no_detection_does_not_count(untrained, some):
    learned = [
        calibrate.calibrate_flux(untrained["flux"](), some_peaks)[0]
        for some_peaks in (
            some.where(some.score > 0.5),
            replace(some, threshold=np.full(len(some), 0.5, np.float32)),
        )
    ]
    assert learned[0] == learned[1]


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_classifier_s_probabilities_hold(untrained, some):
    model = untrained["fake"]()
    fewer = some.where(np.arange(len(some)) % 3 == 0)
    learned, measured = calibrate.calibrate_classifier(
        model, some, {"11111": fewer, "01000": fewer}, candidate_score=0.2
    )
    p = calibrate.predict(model, some, "fake")["p_fake"]
    # Platt's intercept makes the mean hold exactly
    assert p.mean() == pytest.approx((~some.is_real).mean(), abs=1e-3)
    told = measured["validation"]
    assert told["calibration_error"]["after"] < 0.05
    assert told["calibration_error"]["after"] < told["calibration_error"]["before"]
    assert learned["fake_thresholds"]["01000"] == pytest.approx(
        cut(calibrate.predict(model, fewer, "fake")["p_fake"], fewer), abs=1e-3
    )
    kept = p <= learned["fake_thresholds"]["11111"]
    rates = told["cut"]
    assert rates["sources_kept"][1] == some.is_real.sum()
    assert learned["candidate_score"] == 0.2
    assert told["detector_s_threshold"]["sources_kept"][0] == some.is_real.sum()
    # the threshold has three digits
    assert rates["sources_kept"][0] == pytest.approx((kept & some.is_real).sum(), abs=3)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_variant_that_moves_fluxes_makes_the_systematic_error(untrained, some):
    model = untrained["flux"]()
    # more exposure makes every flux fainter by the same factor
    longer = replace(some, exposure=some.exposure * np.float32(10**0.06))
    same = calibrate.flux_systematic(model, {"A": some, "B": some})["off_plane"]
    # fluxes from 1e-10 to 1e-8: of the six bins the last one is empty
    assert same["dex"] == [0.0] * 5
    assert sorted(same["log10_flux"]) == same["log10_flux"]
    off_plane = np.abs(some.lat) >= 10
    for where, other in (("off_plane", "plane"), ("plane", "off_plane")):
        here = off_plane == (where == "off_plane")
        exposure = np.where(here[:, None], longer.exposure, some.exposure)
        moved = calibrate.flux_systematic(
            model, {"A": some, "B": some, "C": replace(some, exposure=exposure)}
        )
        # the mean of the three moves by 0.02, the third one by 0.06; single precision
        np.testing.assert_allclose(moved[where]["dex"], 0.04, atol=1e-5)
        assert not any(moved[other]["dex"])
