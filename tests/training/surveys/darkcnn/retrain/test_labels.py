"""Labels are understood in the ways in which people write them."""

from __future__ import annotations

import math

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.darkcnn.retrain.labels import cross_section, group


def read(value, *, unit="", **others):
    return cross_section({"sigma": value, **others}, "Sigma", unit, "a.npz, cluster 3")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (0.3, 0.3),
        ("0.3", 0.3),
        ("CDM", 0.0),
        ("CDM_low", 0.0),
        ("SIDM0.1", 0.1),
        ("sidm1", 1.0),
        ("SIDM_0.3_hi", 0.3),
        ("0.05 m2/kg", 0.5),
        ("0.1 cm2/g", 0.1),
    ],
)
def test_numbers_texts_and_models(value, expected):
    assert read(value) == pytest.approx(expected)


def test_a_class_is_exact_whatever_was_rounded():
    assert read(0.10000000149011612) == 0.1  # in single precision
    assert read(0.01, unit="m2/kg") == 0.1
    assert read(0.0999) == 0.0999


@pytest.mark.parametrize(
    "stated",
    [
        {"unit": "m2/kg"},
        {"sigma_unit": "m2/kg"},
        {"sigma_units": "m2 kg-1"},
        {"sigma_u": "m^2/kg"},
    ],
)
def test_units_are_converted(stated):
    assert read(0.03, **stated) == pytest.approx(0.3)


def test_barn_per_gev():
    # 1 barn = 1e-24 cm2, 1 GeV/c2 = 1.78266e-24 g
    assert read(1.0, sigma_unit="barn/GeV") == pytest.approx(1 / 1.78266, rel=1e-5)


def test_the_user_is_believed_before_the_file():
    assert read(0.3, unit="cm2/g", sigma_unit="m2/kg") == pytest.approx(0.3)
    assert read("SIDM0.1", unit="m2/kg") == 0.1  # a model's name has no unit


@pytest.mark.parametrize("value", [-1.0, -0.5, 250.0, math.inf])
def test_what_cannot_be_a_cross_section_is_refused_by_name(value):
    with pytest.raises(
        BadInput, match=r"'Sigma' of a\.npz, cluster 3 is .*labels-unit"
    ):
        read(value)


@pytest.mark.parametrize("unit", ["kpc", "Msun/kpc2", "nonsense", "cm2"])
def test_other_units_are_refused(unit):
    with pytest.raises(BadInput, match="not that of a cross-section per mass"):
        read(0.1, sigma_unit=unit)


@pytest.mark.parametrize("value", ["WDM", "", "SIDM"])
def test_other_words_are_refused(value):
    with pytest.raises(BadInput, match=r"CDM or such as SIDM0\.1"):
        read(value)


def test_a_missing_label_lists_what_there_is():
    with pytest.raises(BadInput, match=r"has no 'label'.*one of .*: id, sigma"):
        cross_section({"sigma": 1, "id": 2}, "label", "", "a")


def test_not_a_number_is_no_label():
    assert read(math.nan) is None


@pytest.mark.parametrize(("value", "name"), [(7, "7"), (7.0, "7"), (" a7 ", "a7")])
def test_groups_have_names(value, name):
    assert group({"id": value}, "ID", "a") == name


@pytest.mark.parametrize("said", [{}, {"id": ""}, {"id": math.nan}])
def test_a_missing_group_is_refused(said):
    with pytest.raises(BadInput, match="a has no 'id'; give --group"):
        group(said, "id", "a")
