"""The best column of flux is used, and its unit is heeded."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare.fluxes import other_fluxes, read_flux

PATH = Path("a.fits")
NO_QUALITY = "there is no column QUALITY, so that all points were used"


def table(*columns):
    """Return a table of columns given as (name, values) or (name, values, unit)."""
    return fits.BinTableHDU.from_columns(
        [fits.Column(c[0], "D", *c[2:], array=np.array(c[1], float)) for c in columns]
    )


def test_columns_of_the_pipelines_come_first():
    columns = [
        ("flux", [1, 1]),
        ("sys_rm_flux", [2, 2]),
        ("det_flux_err", [0.2, 0.2]),
        ("pdcsap_flux", [3, 3]),
        ("quality", [0, 8]),
    ]
    found = read_flux(table(*columns), PATH)
    assert (found.name, found.notes) == ("PDCSAP_FLUX", ())
    np.testing.assert_array_equal(found.flux, 3)
    np.testing.assert_array_equal(found.good, [True, False])
    assert np.isnan(found.error).all()
    found = read_flux(table(*columns[:3], ("SAP_QUALITY", [1, 0])), PATH)
    assert (found.name, found.quality_name) == ("SYS_RM_FLUX", "SAP_QUALITY")
    np.testing.assert_array_equal(found.error, 0.2)
    np.testing.assert_array_equal(found.good, [False, True])


def test_columns_of_nobody_are_said():
    found = read_flux(table(("FLUX", [1, np.nan, 3])), PATH)
    assert found.notes == ("the flux is that of the column FLUX", NO_QUALITY)
    np.testing.assert_array_equal(found.good, [True, False, True])


@pytest.mark.parametrize(
    ("unit", "scale"), [("mag", 1), (" MAG", 1), ("magnitude", 1), ("mmag", 1000)]
)
def test_magnitudes_are_turned_into_flux(unit, scale):
    magnitude = np.array([10.0, 10.0, 12.5, np.nan])
    columns = ("FLUX", magnitude * scale, unit), ("FLUX_ERR", [0.1 * scale] * 4, unit)
    found = read_flux(table(*columns), PATH)
    # 2.5 mag are a factor of 10; an error of 0.1 mag is one of 0.1 x 0.4 x ln 10
    np.testing.assert_allclose(found.flux, [1, 1, 0.1, np.nan], rtol=1e-12)
    np.testing.assert_allclose(found.error[:3], 0.0921034 * found.flux[:3], rtol=1e-6)
    np.testing.assert_array_equal(found.good, [True, True, True, False])
    assert "magnitudes were turned into flux" in found.notes


def test_a_column_of_magnitudes_needs_no_unit():
    found = read_flux(table(("mag", [10, 10, 99.999])), PATH)
    np.testing.assert_array_equal(found.good, [True, True, False])
    assert "magnitudes were turned into flux" in found.notes


def test_unknown_magnitudes_are_refused():
    with pytest.raises(BadInput, match=r"'dmag/s' of FLUX is not known; write 'mag'"):
        read_flux(table(("FLUX", [1, 2], "dmag/s")), PATH)


def test_images_are_no_fluxes():
    column = fits.Column("FLUX", "4D", dim="(2,2)", array=np.ones((3, 2, 2)))
    hdu = fits.BinTableHDU.from_columns([column])
    with pytest.raises(BadInput, match=r"\(3, 2, 2\) of FLUX, as in target pixel"):
        read_flux(hdu, PATH)


def test_fluxes_beside_an_empty_one_are_listed():
    empty = [np.nan, np.nan]
    columns = ("PDCSAP_FLUX", empty), ("sap_flux", [1, 2]), ("KSPSAP_FLUX", empty)
    assert other_fluxes(table(*columns), "PDCSAP_FLUX") == ["SAP_FLUX"]
