"""Each case has a name of its own, and clusters of it have a calibrated kind."""

from __future__ import annotations

import pytest

from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.cases import CASES, Case
from amphitrite_training.surveys.darkcnn.curves import NOISES, kinds


def test_names_are_different_and_say_what_they_mean():
    assert len({case.name for case in CASES}) == len(CASES)
    assert cases.CLEAR.name == "all channels, no noise"
    assert cases.NOISY_ALONE.name == "total alone, 50 galaxies/arcmin2"
    assert cases.PAPER.name == "all channels, no noise, over the maximum"
    assert cases.REDSHIFT_ALONE.name.endswith("redshift alone known")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kind_and_noise_was_calibrated(case):
    assert case.kind in {each.name for each in kinds()}
    assert case.galaxies in NOISES
    assert not (case.relative and case.galaxies)


def test_exposures_go_with_galaxies():
    assert cases.CLEAR.view.kiloseconds == 0
    assert cases.NOISY.view.kiloseconds == cases.KILOSECONDS
    assert cases.NOISY.view.galaxies == 50
    # 0.28 galaxies in a pixel
    assert cases.NOISY.pixel_noise == pytest.approx(0.41, abs=0.01)
    assert cases.CLEAR.pixel_noise == 0


def test_attributes_are_absent_where_they_are_not_known():
    assert cases.REDSHIFT_ALONE.attribute_drop == 1
    assert cases.CLEAR_ALONE.attribute_drop == 0


def test_samples_are_judged_in_cases_whose_accuracy_is_known():
    assert set(cases.BLIND) <= set(CASES)
    assert set(cases.COVERED) <= set(CASES)


def test_a_case_is_made_of_its_channels():
    assert Case(cases.STARS).view.channels.tolist() == [True, False, True]
    assert Case(cases.STARS, relative=True).kind == "relative total+stars"
