"""Catalogues of known sources, in the layout of the mission's, but small."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits


@pytest.fixture
def write(tmp_path):
    """Write a catalogue of sources at Galactic longitudes, on the equator."""

    def write(
        lon, *, r95=0.05, classes=("CLASS1", ["psr"]), extended=None, drop=(), more=()
    ):
        lon = np.asarray(lon, float)
        n = len(lon)
        icrs = SkyCoord(lon, np.zeros(n), unit="deg", frame="galactic").icrs
        columns = {
            "Source_Name": ("18A", [f"4FGL J{i:04d}.0 " for i in range(n)]),
            "RAJ2000": ("D", icrs.ra.deg),
            "DEJ2000": ("D", icrs.dec.deg),
            "Conf_95_SemiMajor": ("E", np.broadcast_to(r95, n)),
        }
        if classes:
            columns[classes[0]] = ("5A", (list(classes[1]) * n)[:n])
        if extended:
            columns["Extended_Source_Name"] = ("18A", extended)
        table = fits.BinTableHDU.from_columns(
            [
                fits.Column(name, code, array=array)
                for name, (code, array) in columns.items()
                if name not in drop
            ],
            name="LAT_Point_Source_Catalog",
        )
        table.header["CDS-NAME"] = "4FGL"
        table.header["VERSION"] = "v30"
        path = tmp_path / "catalogue.fits"
        hdus = fits.HDUList([fits.PrimaryHDU(), table, *more])
        hdus.writeto(path, overwrite=True)
        return path

    return write
