"""Exposure maps of simulated skies in the format of the Fermi mission."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix

from amphitrite_training.surveys.asid.simulate import instrument
from amphitrite_training.surveys.asid.simulate.files import SIMULATED
from amphitrite_training.surveys.asid.simulate.photons import LOWEST_MEV

_HIGHEST_MEV: Final = 20_000.0  # of the bands that are searched
_N_ENERGIES: Final = 13


def write_exposure(path: Path, *, years: float, nside: int = 32) -> None:
    """Write the exposure of the whole sky as a HEALPix map, like gtexpcube2.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    years : float
        Length of the survey in years.
    nside : int
        Resolution; a coarse one suffices, since the exposure varies slowly.
    """
    healpix = HEALPix(nside, order="ring")
    lon, lat = healpix.healpix_to_lonlat(np.arange(healpix.npix))
    declination = SkyCoord(lon, lat, frame="galactic").icrs.dec.to_value(u.deg)
    relative = instrument.relative_exposure(declination)
    energies = np.geomspace(LOWEST_MEV, _HIGHEST_MEV, _N_ENERGIES)
    columns = [
        fits.Column(f"ENERGY{number}", "E", "cm2 s", array=mean * relative)
        for number, mean in enumerate(instrument.exposure(energies, years=years), 1)
    ]
    table = fits.BinTableHDU.from_columns(columns, name="HPXEXPOSURES")
    table.header.update({"TELESCOP": "GLAST", "INSTRUME": "LAT", "OBJECT": SIMULATED})
    table.header.update({"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": nside})
    table.header.update({"INDXSCHM": "IMPLICIT", "COORDSYS": "GAL"})
    points = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", "MeV", array=energies)], name="ENERGIES"
    )
    fits.HDUList([fits.PrimaryHDU(), table, points]).writeto(path, overwrite=True)
