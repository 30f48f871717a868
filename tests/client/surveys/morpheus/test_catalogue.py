"""The columns of the catalogue that an image allows."""

import numpy as np
import pytest

from amphitrite.surveys.morpheus.catalogue import (
    COLUMNS,
    FLAGS,
    columns_for,
    interpret,
)


@pytest.mark.parametrize(
    ("bunit", "unit"),
    [
        ("ELECTRONS/S", "count s-1"),
        ("electron/s", "count s-1"),
        ("Jy", "Jy"),
        ("", ""),
        ("arbitrary", ""),
    ],
)
def test_the_flux_has_the_unit_of_the_image(bunit, unit):
    columns = columns_for(bunit)
    assert [column.name for column in columns] == [column.name for column in COLUMNS]
    (flux,) = [column for column in columns if column.name == "flux_h"]
    assert flux.unit == unit


@pytest.mark.parametrize(
    ("flags", "text"),
    [(set(), ""), ({*FLAGS}, ",".join(FLAGS)), ({"other_filter"}, "other_filter")],
)
def test_the_flags_of_the_image_are_those_of_every_source(flags, text):
    columns = interpret({"id": np.arange(3), "x": np.zeros(3)}, flags)
    assert list(columns["flags"]) == [text] * 3
    assert set(columns) == {"id", "x", "flags"}


def test_the_column_names_its_flags():
    (column,) = [column for column in COLUMNS if column.name == "flags"]
    assert column.description.endswith(", ".join(FLAGS))
