"""The columns of the catalogue that an image allows."""

import pytest
from astropy.io.fits import Header

from amphitrite.surveys.morpheus.catalogue import COLUMNS, columns_for


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
    columns = columns_for(Header({"BUNIT": bunit}))
    assert [column.name for column in columns] == [column.name for column in COLUMNS]
    (flux,) = [column for column in columns if column.name == "flux_h"]
    assert flux.unit == unit
