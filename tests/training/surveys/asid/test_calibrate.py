"""Thresholds, chosen on skies that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.surveys.asid.bands import BANDS
from amphitrite_training.surveys.asid import calibrate
from amphitrite_training.surveys.asid.calibrate import PEAK_FLOOR, PatchPeaks, threshold
from amphitrite_training.surveys.asid.data import Skies
from amphitrite_training.surveys.asid.recipe import SHIPPED

ONE = np.ones(1)
EMPTY = np.zeros(0)


def found(x, y, score, truth):
    truth = np.array(truth, float).reshape(-1, 3)
    return PatchPeaks(*(np.array(a, float) for a in (x, y, score)), truth)


def patch_of(real, false, *, at=(0.0, 0.0)):
    """Detections with these scores: real ones on sources, false ones beside them."""
    n_real, n_false = len(real), len(false)
    x = np.r_[np.linspace(-4, 4, n_real), np.linspace(-4, 4, n_false)] + at[0]
    y = np.r_[np.zeros(n_real), np.full(n_false, 2.0)] + at[1]
    truth = np.c_[x[:n_real], y[:n_real], np.full(n_real, 2e-9)]
    return found(x, y, [*real, *false], truth)


def test_the_threshold_is_the_lowest_with_the_purity():
    # above 0.15 twenty-five of twenty-six are real, above 0.14 of twenty-eight
    patch = patch_of([0.5] * 25, [0.3, 0.15, 0.15])
    chosen = threshold([patch], np.array([60.0]))
    assert chosen == 0.15


def test_the_plane_does_not_count():
    clean, dirty = patch_of([0.5] * 5, []), patch_of([0.5] * 5, [0.4] * 5)
    assert threshold([clean, dirty], np.array([60.0, 3.0])) == calibrate._SCORES[0]
    assert threshold([clean, dirty], np.array([60.0, -60.0])) == 0.40


def test_the_rim_of_a_patch_does_not_count():
    # all false ones are nearer than 0.7 deg to the patch's edge
    rim = patch_of([0.5] * 5, [])
    rim = PatchPeaks(
        np.r_[rim.x, 4.5, -4.9], np.r_[rim.y, 1.0, 1.0], np.r_[rim.score, 0.4, 0.4],
        rim.truth,
    )  # fmt: skip
    assert threshold([rim], np.array([60.0])) == calibrate._SCORES[0]


def test_without_a_pure_threshold_it_is_the_highest():
    assert (
        threshold([patch_of([], [0.9] * 3)], np.array([60.0])) == calibrate._SCORES[-1]
    )
    nothing = found([], [], [], [])
    assert threshold([nothing], np.array([60.0])) == calibrate._SCORES[-1]


def test_a_summary_counts_by_true_flux():
    some = [patch_of([0.5] * 4, [0.4]), patch_of([0.5] * 2, [0.4, 0.4])]
    told = calibrate.summary(some, np.array([50.0, 2.0]), 0.2)
    assert told["threshold"] == 0.2
    # the outermost two of each line lie 1 deg inside the patch, deeper than the rim
    assert told["high_latitude"]["purity"] == [4, 5]
    assert told["all_sky"]["purity"] == [6, 9]
    edges = calibrate.PAPER_FLUX_EDGES
    place = int(np.searchsorted(edges, 2e-9)) - 1
    assert told["all_sky"]["completeness"][place] == [6, 6]
    assert sum(n for _, n in told["all_sky"]["completeness"]) == 6
    strict = calibrate.summary(some, np.array([50.0, 2.0]), 0.6)
    assert strict["all_sky"]["completeness"][place] == [0, 6]


@pytest.fixture(scope="module")
def light(sky, sources):
    """Eight patches, each with one bright source at another place."""
    from amphitrite.surveys.asid.prepare.patches import Patch, angles
    from amphitrite_training.surveys.asid.simulate.sky import expect

    patch = Patch(100.0, 55.0)
    places = [(-3 + 0.8 * i, 2.5 - 0.7 * i) for i in range(8)]
    expected = []
    for place in places:
        lon, lat = angles(patch.vectors(*np.array(place)))
        bright = replace(sky, population=sources(lon, lat, 5e-9))
        expected.append(expect(bright, patch))
    skies = Skies(
        counts=[
            np.stack([e.counts[band] for e in expected]).astype(np.float16)
            for band in range(len(BANDS))
        ],
        sources=[
            np.c_[e.x, e.y, e.flux, e.test_statistic].astype(np.float32)
            for e in expected
        ],
        lat=np.full(8, patch.lat),
    )
    return skies, places


@pytest.fixture(scope="module")
def filter_model():
    """A network set by hand: many photons of 2-7 GeV together are a source."""
    keras = pytest.importorskip("keras", reason="needs the training extra")
    layers, ops = keras.layers, keras.ops
    inputs = {
        f"counts_{band.name}": keras.Input(
            (band.pixels, band.pixels), name=f"counts_{band.name}"
        )
        for band in BANDS
    }
    image = layers.Reshape((128, 128, 1))(inputs["counts_2000_7000"])
    y, x = np.mgrid[-8:9, -8:9]
    smooth = layers.Conv2D(1, 17, padding="same", use_bias=False)
    blurred = smooth(image)
    kernel = np.exp(-(x**2 + y**2) / (2 * 3.0**2))
    smooth.set_weights([kernel[:, :, None, None]])
    mask = ops.minimum(blurred / 1_000, 1)[..., 0]
    return keras.Model(inputs, {"mask": mask})


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_peaks_are_found_where_the_sources_are(filter_model, light):
    skies, places = light
    seen = calibrate.detect(filter_model, SHIPPED, skies, (1, 1, 1, 1, 1))
    assert len(seen) == 8
    for patch, place in zip(seen, places, strict=True):
        best = patch.score.argmax()
        # a pixel of the mask is 0.08 deg
        np.testing.assert_allclose((patch.x[best], patch.y[best]), place, atol=0.08)
        np.testing.assert_allclose(patch.truth[0, :2], place, atol=1e-5)
        assert (patch.score > PEAK_FLOOR).all()


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_band_that_is_missing_is_not_seen(filter_model, light):
    skies, _ = light
    seen = calibrate.detect(filter_model, SHIPPED, skies, (1, 0, 1, 1, 1))
    assert all(len(patch.score) == 0 for patch in seen)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_calibration_fills_what_the_client_reads(filter_model, light):
    from amphitrite.surveys.asid.learned import Detector
    from amphitrite.surveys.asid.page import UNET

    skies, _ = light
    learned, measured = calibrate.calibrate(filter_model, SHIPPED, skies)
    detector = Detector.of(replace(UNET, learned=learned))
    assert detector.sigma == SHIPPED.log_sigma_pixels
    assert detector.radius_degrees == SHIPPED.suppression_degrees
    for n in range(1, 32):
        bands = [band for i, band in enumerate(BANDS) if n >> i & 1]
        assert detector.threshold(dict.fromkeys(bands, 1.0)) > detector.floor
    # the filter knows one band alone
    thresholds = learned["thresholds"]
    assert thresholds["11111"] == thresholds["01000"] < thresholds["10111"]
    complete = measured["validation"]["high_latitude"]["completeness"]
    assert [sum(n) for n in zip(*complete, strict=True)] == [8, 8]
