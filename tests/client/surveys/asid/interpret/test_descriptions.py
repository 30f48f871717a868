"""What was learned with the networks, and what follows from their answers."""

import numpy as np
import pytest

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.catalogue import flux_columns, radius_columns
from amphitrite.surveys.asid.interpret.descriptions import describe
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
    same = {"stated": [1.0], "true": [1.0]}
    columns = flux_columns(
        *(np.array([-9.0]), np.array([0.02**2]), np.array([45.0])),
        calibration=of(**LEARNED | {"flux_error": same}),
    )
    assert columns["flux1000"][0] == pytest.approx(1e-9)
    # to first order in a sigma of 5 %
    assert columns["flux1000_err"][0] == pytest.approx(draws.std(), rel=0.01)
    assert columns["flux1000_sys"][0] == pytest.approx(1e-9 * np.log(10) * 0.1)


def test_variances_of_both_kinds_add_up_and_coordinates_are_averaged():
    outputs = {
        "log10_flux": np.array([-9.0, np.nan]),
        "flux_variance": np.array([[0.01, 0.04], [np.nan, np.nan]]),
        "p_fake": np.array([0.25, np.nan]),
        "offset": np.array([[0.1, 0.2], [np.nan, np.nan]]),
        # aleatoric, then epistemic, each along the row and along the column
        "offset_variance": np.array(
            [[[0.001, 0.002], [0.004, 0.009]], np.full((2, 2), np.nan)]
        ),
    }
    kept = describe(outputs, 1)
    np.testing.assert_allclose(kept["flux_variance"], [0.05])
    # (0.001 + 0.004 + 0.002 + 0.009) / 2
    np.testing.assert_allclose(kept["offset_variance"], [0.008])
    assert kept["offset"].tolist() == [[0.1, 0.2]]
    assert (kept["log10_flux"][0], kept["p_fake"][0]) == (-9.0, 0.25)
