"""Promises that every survey's page keeps."""

import dataclasses
import re
from importlib import import_module
from pathlib import PurePath

import numpy as np
import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from amphitrite.errors import BadInput
from amphitrite.surveys import options as options_of
from amphitrite.surveys import page
from amphitrite.surveys import survey as find
from amphitrite.triton.spec import ModelSpec, check_contract


def test_the_survey_has_the_name_of_its_model(survey):
    assert page(survey).MODEL.name == survey


def test_the_spec_survives_json(spec):
    check_contract(served=ModelSpec.from_json(spec.to_json()), expected=spec)


def test_tensors_are_described(spec):
    for tensor in (*spec.inputs, *spec.outputs):
        assert np.dtype(tensor.dtype).name == tensor.dtype
        assert tensor.description, tensor.name
        assert all(re.fullmatch(r"[a-z_]+", axis) for axis in tensor.axes)
        units.Unit(tensor.unit, format="fits")


def test_labels_match_an_output_axis(spec):
    labelled = [t for t in spec.outputs if "label" in t.axes]
    assert bool(labelled) == bool(spec.labels)
    for tensor in labelled:
        assert tensor.shape[tensor.axes.index("label")] == len(spec.labels)


def test_products_are_plain_file_names(survey):
    products = page(survey).PRODUCTS
    assert len(set(products)) == len(products)
    assert all(PurePath(name).name == name for name in products)


def test_columns_have_names_units_ucds_and_words(survey):
    columns = import_module(f"amphitrite.surveys.{survey}.catalogue").COLUMNS
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    for column in columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        units.Unit(column.unit, format="fits")
        assert check_ucd(column.ucd, check_controlled_vocabulary=True), column
        assert column.description[0].isupper()
        assert not column.description.endswith(".")
        if column.dtype != "str":
            assert np.dtype(column.dtype).name == column.dtype


def test_the_page_says_where_it_comes_from(survey):
    assert any(
        re.search(r"arXiv:\d{4}\.\d{5}|doi:10\.", text)
        for text in page(survey).REFERENCES
    )


def test_options_are_a_frozen_dataclass_with_defaults(survey):
    options = find(survey).Options
    assert options() == options()
    name = dataclasses.fields(options)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(options(), name, None)
    with pytest.raises(BadInput, match="no_such_option; its options are"):
        options_of(survey, no_such_option=1)


def test_an_unknown_survey_is_refused_with_the_known_ones(survey):
    with pytest.raises(BadInput, match=f"'{survey}x'.*{survey}"):
        page(f"{survey}x")
