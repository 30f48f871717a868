"""Region files say where the sources are."""

import re

import numpy as np
import pytest
from astropy.table import QTable
from astropy.units import deg

from amphitrite.surveys.asid.products import write_regions

CIRCLE = re.compile(r'circle\(([\d.]+),(-?[\d.]+),([\d.]+)"\) # text=\{(.*)\}')


@pytest.fixture
def table():
    return QTable(
        {
            "name": ["AMP J0001.2+0304", "AMP J1234.5-6000"],
            "ra": np.array([0.3126789, 188.63]) * deg,
            "dec": np.array([3.07, -60.0125]) * deg,
        }
    )


def test_every_source_is_a_named_circle(table, tmp_path):
    path = tmp_path / "sources.reg"
    write_regions(table, path, radius_degrees=0.3)
    first, _, frame, *circles = path.read_text().splitlines()
    assert first == "# Region file format: DS9 version 4.1"
    assert frame == "icrs"
    found = [CIRCLE.fullmatch(line).groups() for line in circles]
    assert [name for *_, name in found] == list(table["name"])
    ra, dec, radius = np.array([row[:3] for row in found], float).T
    # six decimals of a degree are 4 milliarcseconds
    np.testing.assert_allclose(ra, table["ra"].value, rtol=0, atol=5.1e-7)
    np.testing.assert_allclose(dec, table["dec"].value, rtol=0, atol=5.1e-7)
    assert set(radius) == {1080.0}


def test_no_source_is_a_region_file_without_circles(table, tmp_path):
    path = tmp_path / "sources.reg"
    write_regions(table[:0], path, radius_degrees=0.3)
    assert path.read_text().endswith("icrs\n")
