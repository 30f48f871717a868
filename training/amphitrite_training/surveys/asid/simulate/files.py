"""Files of simulated photons in the Fermi mission's formats: event lists and cubes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from astropy_healpix import HEALPix
from numpy.typing import NDArray

from amphitrite.files import catalogues
from amphitrite.files.columns import Column
from amphitrite.surveys.asid.prepare.patches import angles
from amphitrite_training.surveys.asid.simulate.photons import (
    HIGHEST_MEV,
    LOWEST_MEV,
    WHOLE_SKY,
    Events,
    Region,
)
from amphitrite_training.surveys.asid.simulate.population import CLASSES
from amphitrite_training.surveys.asid.simulate.sky import Sky

SIMULATED: Final = "SIMULATED by Amphitrite: no observation"
_START: Final = 239_557_417.0  # mission elapsed time of 2008-08-04, s
_YEAR: Final = 365.25 * 86_400
_EVENT_CLASS: Final = 128  # SOURCE
_MISSION: Final = {
    "TELESCOP": "GLAST",
    "INSTRUME": "LAT",
    "OBJECT": SIMULATED,
    "MJDREFI": 51910,
    "MJDREFF": 7.428703703703703e-4,
    "TIMEUNIT": "s",
    "TIMESYS": "TT",
    "TIMEREF": "LOCAL",
}

TRUTH: Final = (
    Column("ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    Column("l", "float64", "deg", "pos.galactic.lon", "Galactic longitude"),
    Column("b", "float64", "deg", "pos.galactic.lat", "Galactic latitude"),
    Column(
        "flux1000",
        "float64",
        "cm-2 s-1",
        "phot.flux;em.gamma",
        "Simulated photon flux from 1 to 100 GeV",
    ),
    Column("class", "str", "", "meta.code.class", "Simulated class of source"),
)


def write_events(
    events: Events,
    path: Path,
    *,
    years: float,
    region: Region = WHOLE_SKY,
    seed: int = 0,
) -> None:
    """Write an event list (FT1) with the tables EVENTS and GTI and its cuts.

    Parameters
    ----------
    events : Events
        The photons.
    path : Path
        The file; replaced if it exists.
    years : float
        Length of the survey in years, over which arrival times are uniform.
    region : Region
        The region of the photons, written as a cut on position.
    seed : int
        Seed of the arrival times.
    """
    stop = _START + years * _YEAR
    lon, lat = angles(events.vectors)
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    time = np.sort(np.random.default_rng(seed).uniform(_START, stop, len(events)))
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERGY", "E", "MeV", array=events.energy),
            fits.Column("RA", "E", "deg", array=icrs.ra.deg),
            fits.Column("DEC", "E", "deg", array=icrs.dec.deg),
            fits.Column("L", "E", "deg", array=lon),
            fits.Column("B", "E", "deg", array=lat),
            fits.Column("TIME", "D", "s", array=time),
            fits.Column("EVENT_CLASS", "32X", array=_bits(_EVENT_CLASS, len(events))),
            fits.Column("EVENT_TYPE", "32X", array=_bits(4 << events.event_type)),
        ],
        name="EVENTS",
    )
    header = table.header
    header.update(_MISSION)
    header.update({"HDUCLASS": "OGIP", "HDUCLAS1": "EVENTS", "PASS_VER": "P8R3"})
    header.update({"TSTART": _START, "TSTOP": stop})
    _write_cuts(header, region)
    gti = _good_times(_START, stop)
    fits.HDUList([fits.PrimaryHDU(), table, gti]).writeto(path, overwrite=True)


def write_wcs_cube(
    events: Events,
    path: Path,
    *,
    edges: Sequence[float],
    frame: Literal["galactic", "icrs"] = "galactic",
    centre: tuple[float, float] = (0.0, 0.0),
    shape: tuple[int, int] = (100, 100),
    pixel: tuple[float, float] = (0.1, 0.1),
    years: float = 1.0,
) -> None:
    """Write a counts cube on a celestial grid (CAR), like gtbin.

    Parameters
    ----------
    events : Events
        The photons; those outside the grid or the energies are left out.
    path : Path
        The file; replaced if it exists.
    edges : sequence of float
        Edges of the energy channels in MeV.
    frame : {"galactic", "icrs"}
        Coordinates of the grid.
    centre : tuple of float
        Longitude and latitude of the centre in deg.
    shape : tuple of int
        Numbers of rows and columns.
    pixel : tuple of float
        Width and height of a pixel in deg.
    years : float
        Length of the survey in years.
    """
    wcs = WCS(naxis=2)
    kinds = ("GLON", "GLAT") if frame == "galactic" else ("RA--", "DEC-")
    wcs.wcs.ctype = [f"{kind}-CAR" for kind in kinds]
    # the reference point is on the equator, since the projection is oblique otherwise
    wcs.wcs.crval = [centre[0], 0.0]
    wcs.wcs.cdelt = [-pixel[0], pixel[1]]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2 - centre[1] / pixel[1]]
    lon, lat = _coordinates(events, frame)
    lon = (lon - centre[0] + 180) % 360 - 180 + centre[0]
    column, row = wcs.wcs_world2pix(lon, lat, 0)
    counts, _ = np.histogramdd(
        (events.energy, row, column),
        bins=(
            np.asarray(edges),
            np.arange(shape[0] + 1) - 0.5,
            np.arange(shape[1] + 1) - 0.5,
        ),
    )
    primary = fits.PrimaryHDU(counts.astype(np.int32), header=wcs.to_header())
    primary.header.update(_MISSION)
    stop = _START + years * _YEAR
    fits.HDUList([primary, _energies(edges), _good_times(_START, stop)]).writeto(
        path, overwrite=True
    )


def write_healpix_cube(
    events: Events,
    path: Path,
    *,
    edges: Sequence[float],
    nside: int = 128,
    order: Literal["ring", "nested"] = "ring",
    frame: Literal["galactic", "icrs"] = "galactic",
    years: float = 1.0,
) -> None:
    """Write a counts cube of the whole sky as a HEALPix map, like gtbin.

    Parameters
    ----------
    events : Events
        The photons; those outside the energies are left out.
    path : Path
        The file; replaced if it exists.
    edges : sequence of float
        Edges of the energy channels in MeV.
    nside : int
        Resolution.
    order : {"ring", "nested"}
        Numbering of the pixels.
    frame : {"galactic", "icrs"}
        Coordinates of the pixels.
    years : float
        Length of the survey in years.
    """
    healpix = HEALPix(nside, order=order)
    lon, lat = _coordinates(events, frame)
    pixel = healpix.lonlat_to_healpix(lon * u.deg, lat * u.deg)
    counts, _, _ = np.histogram2d(
        events.energy,
        pixel,
        bins=(np.asarray(edges), np.arange(healpix.npix + 1)),
    )
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(f"CHANNEL{index + 1}", "D", "counts", array=channel)
            for index, channel in enumerate(counts)
        ],
        name="SKYMAP",
    )
    table.header.update(_MISSION)
    table.header.update(
        {
            "PIXTYPE": "HEALPIX",
            "ORDERING": order.upper() if order == "ring" else "NESTED",
            "ORDER": nside.bit_length() - 1,
            "NSIDE": nside,
            "FIRSTPIX": 0,
            "LASTPIX": healpix.npix - 1,
            "INDXSCHM": "IMPLICIT",
            "COORDSYS": "GAL" if frame == "galactic" else "CEL",
        }
    )
    gti = _good_times(_START, _START + years * _YEAR)
    fits.HDUList([fits.PrimaryHDU(), table, _energies(edges), gti]).writeto(
        path, overwrite=True
    )


def truth(sky: Sky, region: Region = WHOLE_SKY) -> QTable:
    """Return the table of a sky's sources in a region, the brightest first."""
    population = sky.population
    kept = np.flatnonzero(region.holds(sky.vectors))
    kept = kept[np.argsort(-population.flux[kept], kind="stable")]
    lon, lat = population.lon[kept], population.lat[kept]
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    return catalogues.table(
        TRUTH,
        {
            "ra": icrs.ra.deg,
            "dec": icrs.dec.deg,
            "l": lon,
            "b": lat,
            "flux1000": population.flux[kept],
            "class": np.array(CLASSES)[population.kind[kept]],
        },
        {"OBJECT": SIMULATED},
    )


def _bits(value: int | NDArray[np.integer], n: int | None = None) -> NDArray[np.bool_]:
    """Return numbers as bits for the FITS format 32X, the lowest bit last, (n, 32)."""
    numbers = np.broadcast_to(
        np.asarray(value, np.uint32), np.shape(value) if n is None else n
    )
    return (numbers[:, None] >> np.arange(31, -1, -1, dtype=np.uint32) & 1).astype(bool)


def _write_cuts(header: fits.Header, region: Region) -> None:
    cuts = [
        ("BIT_MASK(EVENT_CLASS,128,P8R3)", "DIMENSIONLESS", "1:1", None),
        ("TIME", "s", "TABLE", ":GTI"),
        ("ENERGY", "MeV", f"{LOWEST_MEV:g}:{HIGHEST_MEV:g}", None),
        ("ZENITH_ANGLE", "deg", "0:90", None),  # there is no Earth in the simulated sky
    ]
    if region.radius < 180:
        centre = SkyCoord(region.lon, region.lat, unit="deg", frame="galactic").icrs
        circle = f"CIRCLE({centre.ra.deg:.6f},{centre.dec.deg:.6f},{region.radius:g})"
        cuts.insert(1, ("POS(RA,DEC)", "deg", circle, None))
    for number, (kind, unit, value, reference) in enumerate(cuts, 1):
        header[f"DSTYP{number}"] = kind
        header[f"DSUNI{number}"] = unit
        header[f"DSVAL{number}"] = value
        if reference:
            header[f"DSREF{number}"] = reference
    header["NDSKEYS"] = len(cuts)


def _good_times(start: float, stop: float) -> fits.BinTableHDU:
    columns = [
        fits.Column("START", "D", "s", array=np.array([start])),
        fits.Column("STOP", "D", "s", array=np.array([stop])),
    ]
    return fits.BinTableHDU.from_columns(columns, name="GTI")


def _energies(edges: Sequence[float]) -> fits.BinTableHDU:
    kev = 1e3 * np.asarray(edges, float)
    columns = [
        fits.Column("CHANNEL", "I", array=np.arange(1, len(kev))),
        fits.Column("E_MIN", "1D", "keV", array=kev[:-1]),
        fits.Column("E_MAX", "1D", "keV", array=kev[1:]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="EBOUNDS")


def _coordinates(
    events: Events, frame: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = angles(events.vectors)
    if frame == "galactic":
        return lon, lat
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    return icrs.ra.deg, icrs.dec.deg
