"""The photons of a simulated sky, as in an event list of the telescope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix
from numpy.typing import NDArray

from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite_training.surveys.asid.simulate import instrument, spectra
from amphitrite_training.surveys.asid.simulate.diffuse import COMPTON_TILT
from amphitrite_training.surveys.asid.simulate.population import ENERGIES
from amphitrite_training.surveys.asid.simulate.sky import Sky

Floats = NDArray[np.floating]

LOWEST_MEV: Final = 300.0
HIGHEST_MEV: Final = 20_000.0
_NODES: Final = np.geomspace(LOWEST_MEV, HIGHEST_MEV, 64)
_NSIDE: Final = 256
# Photons from farther outside a region are not observed inside.
_MARGIN_DEGREES: Final = 8.0


@dataclass(frozen=True)
class Region:
    """A circle on the sky.

    Parameters
    ----------
    lon, lat : float
        Galactic coordinates of its centre in deg.
    radius : float
        Radius in deg; 180 is the whole sky.
    """

    lon: float = 0.0
    lat: float = 0.0
    radius: float = 180.0

    def holds(self, vectors: Floats, *, margin: float = 0.0) -> NDArray[np.bool_]:
        """Return whether (n, 3) unit vectors are in the circle or a margin around it.

        Parameters
        ----------
        vectors : (n, 3) ndarray
            Galactic unit vectors.
        margin : float
            Width of the margin in deg.
        """
        reach = self.radius + margin
        if reach >= 180.0:
            return np.ones(len(vectors), bool)
        centre = unit_vectors(np.float64(self.lon), np.float64(self.lat))
        return np.asarray(vectors @ centre > np.cos(np.radians(reach)))


WHOLE_SKY: Final = Region()


@dataclass(frozen=True)
class Events:
    """A list of photons.

    Parameters
    ----------
    vectors : (n, 3) ndarray of float32
        Galactic unit vectors of their observed directions.
    energy : (n,) ndarray of float32
        Energies in MeV.
    event_type : (n,) ndarray of uint8
        0 to 3 for PSF0 to PSF3.
    """

    vectors: NDArray[np.float32]
    energy: NDArray[np.float32]
    event_type: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.energy)


def draw_events(
    sky: Sky, rng: np.random.Generator, region: Region = WHOLE_SKY
) -> Events:
    """Return random photons observed in a region, in random order.

    Parameters
    ----------
    sky : Sky
        The sky that emits them.
    rng : numpy.random.Generator
        Source of the random numbers; the same state gives the same photons.
    region : Region
        The observed region.

    Returns
    -------
    Events
        Photons with energies from `LOWEST_MEV` to `HIGHEST_MEV`.
    """
    parts = [
        _from_sources(sky, rng, region),
        *(_from_diffuse(sky, rng, region)),
    ]
    origin = np.concatenate([vectors for vectors, _ in parts])
    energy = np.concatenate([energy for _, energy in parts])
    event_type = rng.integers(0, 4, len(energy), dtype=np.uint8)
    seen = _displaced(origin, *instrument.draw_offsets(rng, energy, event_type))
    kept = np.flatnonzero(region.holds(seen))
    rng.shuffle(kept)
    return Events(seen[kept], energy[kept], event_type[kept])


def _from_sources(
    sky: Sky, rng: np.random.Generator, region: Region
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    near = np.flatnonzero(region.holds(sky.vectors, margin=_MARGIN_DEGREES))
    logs = np.log(np.maximum(sky.population.spectra[near], 1e-60))
    place = np.interp(np.log(_NODES), np.log(ENERGIES), np.arange(len(ENERGIES)))
    left = np.minimum(place.astype(int), len(ENERGIES) - 2)
    part = place - left
    flux = np.exp(logs[:, left] * (1 - part) + logs[:, left + 1] * part)
    expected = _per_interval(flux, sky.years) * _exposed(sky.vectors[near])[:, None]
    counts = rng.poisson(expected)
    source, interval = np.nonzero(counts)
    n = counts[source, interval]
    energy = _within(rng, np.repeat(interval, n))
    return np.repeat(sky.vectors[near[source]], n, axis=0).astype(np.float32), energy


def _from_diffuse(
    sky: Sky, rng: np.random.Generator, region: Region
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return photons of gas, inverse Compton and isotropic emission.

    Each of the three has directions, (n, 3), and energies in MeV, (n,).
    """
    healpix = HEALPix(_NSIDE, order="nested")
    pixels = np.arange(healpix.npix)
    lon, lat = healpix.healpix_to_lonlat(pixels)
    centres = unit_vectors(lon.deg, lat.deg)
    near = np.flatnonzero(region.holds(centres, margin=_MARGIN_DEGREES))
    gas, compton = sky.diffuse.intensity(centres[near])
    tilt = sky.diffuse.variant.tilt
    solid_angle = healpix.pixel_area.to_value(u.sr) * _exposed(centres[near])
    parts = []
    for intensity, spectrum in (
        (gas, spectra.galactic(_NODES, tilt=tilt)),
        (compton, spectra.galactic(_NODES, tilt=COMPTON_TILT)),
        (np.ones(len(near)), spectra.isotropic(_NODES)),
    ):
        per_sr = _per_interval(spectrum, sky.years)
        n = rng.poisson(intensity * solid_angle * per_sr.sum())
        where = np.repeat(pixels[near], n)
        a, b = healpix.healpix_to_lonlat(
            where, dx=rng.random(len(where)), dy=rng.random(len(where))
        )
        interval = rng.choice(len(per_sr), len(where), p=per_sr / per_sr.sum())
        vectors = unit_vectors(a.deg, b.deg).astype(np.float32)
        parts.append((vectors, _within(rng, interval)))
    return parts


def _per_interval(flux: Floats, years: float) -> Floats:
    """Return the expected photons per interval of `_NODES`, for fluxes (..., n)."""
    density = flux * instrument.exposure(_NODES, years=years) * _NODES
    steps = np.diff(np.log(_NODES))
    return np.asarray(0.5 * (density[..., 1:] + density[..., :-1]) * steps)


def _within(
    rng: np.random.Generator, interval: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return random energies in intervals, uniform in the logarithm, in MeV."""
    logs = np.log(_NODES)
    energy = np.exp(logs[interval] + rng.random(len(interval)) * (logs[1] - logs[0]))
    # rounding to single precision must not move energies out of the band
    return np.clip(energy, LOWEST_MEV, np.nextafter(np.float32(HIGHEST_MEV), 0)).astype(
        np.float32
    )


def _exposed(vectors: Floats) -> Floats:
    """Return the exposure in Galactic directions relative to the mean of the sky."""
    lon, lat = angles(vectors)
    dec = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs.dec.deg
    return instrument.relative_exposure(dec)


def _displaced(vectors: NDArray[np.float32], dx: Floats, dy: Floats) -> Floats:
    """Return directions shifted by offsets in deg to the east and to the north."""
    x, y, _ = vectors.T
    flat = np.hypot(x, y)
    at_pole = flat == 0  # where any direction may serve as east
    east = np.stack([-y, np.where(at_pole, 1, x), np.zeros_like(x)], axis=1)
    east = east / np.where(at_pole, 1, flat)[:, None]
    north = np.cross(vectors, east)
    distance = np.radians(np.hypot(dx, dy))
    along = np.sinc(distance / np.pi)[:, None]
    moved = np.cos(distance)[:, None] * vectors + along * np.radians(
        dx[:, None] * east + dy[:, None] * north
    )
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)
