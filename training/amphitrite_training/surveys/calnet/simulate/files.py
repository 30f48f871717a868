"""Light curve files of simulated stars in the format of the TESS mission."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.table import QTable

from amphitrite.files import catalogues
from amphitrite.files.columns import Column
from amphitrite_training.surveys.calnet.simulate.noise import electrons
from amphitrite_training.surveys.calnet.simulate.sector import CADENCE_DAYS
from amphitrite_training.surveys.calnet.simulate.stars import SimulatedStar

SIMULATED: Final = "SIMULATED by Amphitrite: no observation"
# Numbers of simulated stars are above those of the TESS Input Catalog.
FIRST_TIC: Final = 90_000_000_000
_FIRST_CADENCE: Final = 70_000

TRUTH: Final = (
    Column("tic", "int64", "", "meta.id;meta.main", "Number of the simulated star"),
    Column("kind", "str", "", "meta.code.class", "Simulated class of star"),
    Column("period", "float64", "d", "time.period", "Orbital period; 0 for none"),
    Column(
        "epoch", "float64", "d", "time.epoch", "A primary minimum, BTJD; 0 for none"
    ),
    Column("depth", "float64", "", "", "Depth of the deepest eclipse, relative"),
    Column("tmag", "float64", "mag", "phot.mag;em.opt.I", "TESS magnitude"),
)


def tic(star: SimulatedStar) -> int:
    """Return the TIC number of a simulated star."""
    return FIRST_TIC + star.seed


def position(star: SimulatedStar) -> tuple[float, float]:
    """Return right ascension and declination of a simulated star in deg."""
    rng = np.random.default_rng([star.seed, 5])
    return rng.uniform(0, 360), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))


def write_star(star: SimulatedStar, folder: Path) -> Path:
    """Write a light curve file with the columns and keywords of SPOC.

    Parameters
    ----------
    star : SimulatedStar
        The star with its light curve.
    folder : Path
        An existing folder; a file of the same star is replaced.

    Returns
    -------
    Path
        The file, named like the mission's.

    Notes
    -----
    EXP-TESS-ARC-ICD-0014 defines the format.  Centroids and background are not
    simulated: centroids are missing, SAP_FLUX equals PDCSAP_FLUX and the background is
    0.
    """
    cadences = star.cadences
    ra, dec = position(star)
    number, sector = tic(star), cadences.sector
    common = {
        "TELESCOP": "TESS",
        "INSTRUME": "TESS Photometer",
        "OBJECT": f"TIC {number}",
        "TICID": number,
        "SIMDATA": True,
        "RADESYS": "ICRS",
        "RA_OBJ": ra,
        "DEC_OBJ": dec,
        "EQUINOX": 2000.0,
        "TSTART": cadences.time[0],
        "TSTOP": cadences.time[-1],
    }
    primary = fits.PrimaryHDU()
    primary.header.update(
        common
        | {"ORIGIN": SIMULATED, "CREATOR": "Amphitrite", "SECTOR": sector}
        | {"CAMERA": 1, "CCD": 1, "TESSMAG": star.tmag}
    )
    table = _table(star)
    table.header.update(
        common
        | {"TIMEREF": "SOLARSYSTEM", "TIMESYS": "TDB", "TIMEUNIT": "d"}
        | {"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMEDEL": CADENCE_DAYS}
        | {"EXPOSURE": float((cadences.quality == 0).sum() * CADENCE_DAYS)}
    )
    name = f"tess2000000000000-s{sector:04d}-{number:016d}-0000-s_lc.fits"
    fits.HDUList([primary, table]).writeto(folder / name, overwrite=True)
    return folder / name


def _table(star: SimulatedStar) -> fits.BinTableHDU:
    n = len(star.flux)
    nothing = np.zeros(n, np.float32)
    flux = star.flux.astype(np.float32)
    error = np.float32(star.sigma * electrons(star.tmag))
    errors = np.where(np.isfinite(flux), error, np.float32(np.nan))
    numbers = _FIRST_CADENCE + np.arange(n)
    columns = [
        ("TIME", "D", "BJD - 2457000, days", star.cadences.time),
        ("TIMECORR", "E", "d", nothing),
        ("CADENCENO", "J", None, numbers),
        ("SAP_FLUX", "E", "e-/s", flux),
        ("SAP_FLUX_ERR", "E", "e-/s", errors),
        ("SAP_BKG", "E", "e-/s", nothing),
        ("SAP_BKG_ERR", "E", "e-/s", nothing),
        ("PDCSAP_FLUX", "E", "e-/s", flux),
        ("PDCSAP_FLUX_ERR", "E", "e-/s", errors),
        ("QUALITY", "J", None, star.cadences.quality),
    ]
    return fits.BinTableHDU.from_columns(
        [
            fits.Column(name, kind, unit, array=values)
            for name, kind, unit, values in columns
        ],
        name="LIGHTCURVE",
    )


def truth(stars: Sequence[SimulatedStar]) -> QTable:
    """Return the table of the simulated stars, with the columns `TRUTH`."""
    return catalogues.table(
        TRUTH,
        {
            "tic": np.array([tic(star) for star in stars], np.int64),
            "kind": np.array([star.kind for star in stars], dtype="U16"),
            "period": np.array([star.period for star in stars]),
            "epoch": np.array([star.epoch for star in stars]),
            "depth": np.array([star.depth for star in stars]),
            "tmag": np.array([star.tmag for star in stars]),
        },
        {"OBJECT": SIMULATED},
    )
