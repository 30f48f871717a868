"""What was learned is read from the spec, and what is missing is said."""

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.learned import Calibration, Detector
from amphitrite.surveys.asid.page import MODEL

LEARNED = {
    "training_exposure": [3e11, 2.8e11, 2.6e11, 2.3e11, 1.9e11],
    "candidate_score": 0.06,
    "fake_thresholds": {"11111": 0.11, "01000": 0.3},
    "radius_68": 1.5096,
    "radius_95": 2.4477,
    "flux_error": {"stated": [0.01, 0.04], "true": [0.01, 0.08]},
    "flux_systematic": {
        "plane": {"log10_flux": [-9.0], "dex": [0.3]},
        "off_plane": {"log10_flux": [-10.0, -9.0], "dex": [0.2, 0.1]},
    },
}
DETECTOR = {
    "log_sigma_pixels": 4.0,
    "peak_floor": 0.05,
    "suppression_degrees": 0.3,
    "thresholds": {"11111": 0.2, "01000": 0.1},
}


@pytest.fixture
def detector():
    return Detector.of(replace(MODEL, learned=DETECTOR))


def test_thresholds_are_those_of_the_bands_present(detector):
    assert detector.threshold(dict.fromkeys(BANDS, 1.0)) == 0.2
    assert detector.threshold({BANDS[1]: 0.3}) == 0.1
    assert detector.threshold({BANDS[0]: 1.0}, chosen=0.4) == 0.4


def test_bands_that_were_never_learned_are_refused(detector):
    with pytest.raises(BadInput, match=r"7-20 GeV alone \(10000\).*--threshold"):
        detector.threshold({BANDS[0]: 1.0})


def test_a_threshold_below_the_floor_is_refused(detector):
    with pytest.raises(BadInput, match=r"0\.01 is below 0\.05.*a higher one"):
        detector.threshold({BANDS[0]: 1.0}, chosen=0.01)


@pytest.mark.parametrize("name", DETECTOR)
def test_a_model_that_has_not_learned_enough_is_refused(name):
    learned = {key: value for key, value in DETECTOR.items() if key != name}
    with pytest.raises(SpecMismatch, match=rf"'asid'.*{name}.*Export the model again"):
        Detector.of(replace(MODEL, learned=learned))


def of(**learned):
    return Calibration.of(MODEL.with_weights(digest="", learned=learned))


def test_it_is_read_from_the_served_spec():
    found = of(**LEARNED)
    assert found.exposure.tolist() == np.float32(LEARNED["training_exposure"]).tolist()
    assert found.max_p_fake(BANDS) == 0.11
    assert found.max_p_fake(BANDS[1:2]) == 0.3
    assert found.max_p_fake(BANDS[2:]) == 1.0
    fluxes, lat = np.array([-12, -9.5, -7, -9.5]), np.array([20, -11, 90, -9])
    np.testing.assert_allclose(found.systematic_dex(fluxes, lat), [0.2, 0.15, 0.1, 0.3])


def test_a_stated_error_becomes_the_true_one():
    sigma = np.array([0.005, 0.01, 0.025, 0.04, 0.1])
    # the factor lies between the learned ones, and is theirs beyond
    np.testing.assert_allclose(
        of(**LEARNED).flux_sigma(sigma**2), sigma * [1, 1, 1.5, 2, 2]
    )


def test_a_systematic_error_that_was_not_measured_is_nan():
    del (learned := dict(LEARNED))["flux_systematic"]
    found = of(**learned).systematic_dex(np.array([-9.0]), np.array([0.0]))
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    "change",
    [
        {"fake_thresholds": None},
        {"radius_95": "wide"},
        {"training_exposure": [1e11] * 4},
        {"training_exposure": [1e11] * 4 + [0.0]},
        {"flux_systematic": {"plane": {"log10_flux": [-10.0], "dex": []}}},
        {"flux_error": {"stated": [], "true": []}},
    ],
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(SpecMismatch, match="'asid' does not say what was learned"):
        of(**LEARNED | change)


@pytest.mark.parametrize(
    "name", ["training_exposure", "candidate_score", "fake_thresholds", "radius_68"]
)
def test_what_is_missing_is_named(name):
    with pytest.raises(SpecMismatch, match=name):
        of(**{key: value for key, value in LEARNED.items() if key != name})


def test_low_peaks_are_left_to_the_classifier_unless_a_score_is_chosen():
    detector = Detector(
        sigma=3.0,
        floor=0.02,
        radius_degrees=0.3,
        thresholds={"11111": 0.28, "01000": 0.03, "10000": 0.14},
    )
    whole, one, other = dict.fromkeys(BANDS, 1.0), {BANDS[1]: 1.0}, {BANDS[0]: 1.0}
    found = of(**LEARNED)
    assert found.threshold(detector, whole) == 0.06
    # what the detector itself would list is not lost
    assert found.threshold(detector, one) == 0.03
    # where nothing is known of P(fake), the detector decides
    assert found.threshold(detector, other) == 0.14
    assert found.threshold(detector, whole, chosen=0.5) == 0.5
    with pytest.raises(BadInput, match="under which the model lists no peaks"):
        found.threshold(detector, whole, chosen=0.01)
