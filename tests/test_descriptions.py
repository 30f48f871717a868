"""What was learned with the networks, and what follows from their answers."""

import numpy as np
import pytest

from amphitrite.bands import BANDS
from amphitrite.descriptions import (
    Calibration,
    flux_columns,
    radius_columns,
)
from amphitrite.detector import Detector
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.asid import MODEL

LEARNED = {
    "training_exposure": [3e11, 2.8e11, 2.6e11, 2.3e11, 1.9e11],
    "candidate_score": 0.06,
    "fake_thresholds": {"11111": 0.11, "01000": 0.3},
    "radius_68": 1.5096,
    "radius_95": 2.4477,
    "flux_systematic": {"log10_flux": [-10.0, -9.0], "dex": [0.2, 0.1]},
}


def of(**learned):
    return Calibration.of(MODEL.with_weights(digest="", learned=learned))


def test_it_is_read_from_the_served_spec():
    found = of(**LEARNED)
    assert found.exposure.tolist() == np.float32(LEARNED["training_exposure"]).tolist()
    assert found.max_p_fake(BANDS) == 0.11
    assert found.max_p_fake(BANDS[1:2]) == 0.3
    assert found.max_p_fake(BANDS[2:]) == 1.0
    np.testing.assert_allclose(
        found.systematic_dex(np.array([-12, -9.5, -7])), [0.2, 0.15, 0.1]
    )


def test_a_systematic_error_that_was_not_measured_is_nan():
    found = of(**{**LEARNED, "flux_systematic": {"log10_flux": [], "dex": []}})
    assert np.isnan(found.systematic_dex(np.array([-9.0, -8.0]))).all()
    del (learned := dict(LEARNED))["flux_systematic"]
    assert np.isnan(of(**learned).systematic_dex(np.array([-9.0]))).all()


@pytest.mark.parametrize(
    "change",
    [
        {"fake_thresholds": None},
        {"radius_95": "wide"},
        {"training_exposure": [1e11] * 4},
        {"training_exposure": [1e11] * 4 + [0.0]},
        {"flux_systematic": {"log10_flux": [-10.0], "dex": []}},
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
        thresholds={"11111": 0.28, "00001": 0.03},
    )
    whole, softest = dict.fromkeys(BANDS, 1.0), {BANDS[-1]: 1.0}
    found = of(**LEARNED)
    assert found.threshold(detector, whole) == 0.06
    # what the detector itself would list is not lost
    assert found.threshold(detector, softest) == 0.03
    assert found.threshold(detector, whole, chosen=0.5) == 0.5
    with pytest.raises(BadInput, match="under which the model lists no peaks"):
        found.threshold(detector, whole, chosen=0.01)


def test_radii_hold_their_share_of_a_circular_normal_distribution():
    rng = np.random.default_rng(3)
    distance = np.hypot(*rng.normal(0, 0.1, (2, 200_000)))
    columns = radius_columns(np.array([0.01]), of(**LEARNED))
    # a share of 200,000 draws is sure to 0.1 %
    assert np.mean(distance < columns["r68"][0]) == pytest.approx(0.68, abs=0.005)
    assert np.mean(distance < columns["r95"][0]) == pytest.approx(0.95, abs=0.003)


def test_an_error_of_flux_is_that_of_many_draws():
    rng = np.random.default_rng(4)
    draws = 10.0 ** rng.normal(-9.0, 0.02, 200_000)
    columns = flux_columns(np.array([-9.0]), np.array([0.02**2]), of(**LEARNED))
    assert columns["flux1000"][0] == pytest.approx(1e-9)
    # to first order in a sigma of 5 %
    assert columns["flux1000_err"][0] == pytest.approx(draws.std(), rel=0.01)
    assert columns["flux1000_sys"][0] == pytest.approx(1e-9 * np.log(10) * 0.1)
