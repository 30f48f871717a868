"""What was learned is read from the spec, and what is missing is said."""

from dataclasses import replace

import pytest

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import MODEL

LEARNED = {
    "log_sigma_pixels": 4.0,
    "peak_floor": 0.05,
    "suppression_degrees": 0.3,
    "thresholds": {"11111": 0.2, "01000": 0.1},
}


@pytest.fixture
def detector():
    return Detector.of(replace(MODEL, learned=LEARNED))


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


@pytest.mark.parametrize("name", LEARNED)
def test_a_model_that_has_not_learned_enough_is_refused(name):
    learned = {key: value for key, value in LEARNED.items() if key != name}
    with pytest.raises(SpecMismatch, match=rf"'asid'.*{name}.*Export the model again"):
        Detector.of(replace(MODEL, learned=learned))
