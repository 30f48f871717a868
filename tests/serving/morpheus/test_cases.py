"""Files of people's trials give the sources of the tidy ones."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from real_data import beside

from amphitrite.api import run

pytestmark = pytest.mark.triton

BANDS = "hjvz"


@pytest.fixture(scope="module")
def cases():
    """Return the folder of the cases, beside the real data."""
    return beside("cases")


@pytest.mark.parametrize(
    ("case", "order", "suffix"),
    [
        ("plain", BANDS, ".fits"),
        ("axis_of_one", BANDS, ".fits"),
        ("bz2", BANDS, ".fits.bz2"),
        ("weights_first", BANDS, ".fits"),
        ("filter_in_primary", "jhvz", ".fits"),
        ("mixed_units", BANDS, ".fits"),
        ("zero_fill", BANDS, ".fits"),
    ],
)
def test_three_spheroids(case, order, suffix, cases, connection, tmp_path):
    files = [cases / f"images_{case}" / f"{band}{suffix}" for band in order]
    out = tmp_path / "out"
    table = run("morpheus", files, connection, output=out, report=False)
    assert list(zip(table["x"].value, table["y"].value, strict=True)) == [
        *[(75, 20), (70, 55), (82, 82)]
    ]
    assert {*table["morphology"]} == {"spheroid"}
    # fluxes are given to four digits; beside the blank part fewer windows are averaged,
    # and the second segment has two pixels of 370 more
    rtol = 0.002 if case == "zero_fill" else 1e-3
    np.testing.assert_allclose(table["flux_h"].value, [20.24, 49.96, 10.48], rtol=rtol)
    if case == "zero_fill":
        assert not fits.getdata(out / "count.fits")[:, :50].any()
        assert (fits.getdata(out / "segmap.fits")[:, :50] == -1).all()
