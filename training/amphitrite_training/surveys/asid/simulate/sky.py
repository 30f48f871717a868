"""A simulated gamma-ray sky, and the expected counts of its patches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.asid.bands import BANDS, Band
from amphitrite.surveys.asid.page import PATCH_DEGREES
from amphitrite.surveys.asid.prepare.patches import Patch
from amphitrite_training.surveys.asid.simulate import diffuse as asid_diffuse
from amphitrite_training.surveys.asid.simulate import instrument, spectra
from amphitrite_training.surveys.asid.simulate.diffuse import (
    COMPTON_TILT,
    VARIANTS,
    Diffuse,
)
from amphitrite_training.surveys.asid.simulate.population import (
    ENERGIES,
    Population,
    draw,
)

Floats = NDArray[np.floating]

YEARS: Final = 11.0
# The grids of the calculation are 1.5 times as wide as the patch, since photons from
# outside are seen inside.  Sources very close to the grid's edge are left out, because
# the grid is periodic.
_PADDED: Final = 1.5
_REACH_DEGREES: Final = PATCH_DEGREES * _PADDED / 2 - 0.1
_STRUCTURE_PIXELS: Final = 192


@dataclass(frozen=True)
class Sky:
    """A whole sky: sources, diffuse emission and the length of the survey.

    Parameters
    ----------
    population : Population
        The point sources.
    diffuse : Diffuse
        The diffuse Galactic emission; the isotropic part is the same in all skies.
    years : float
        Length of the survey in years.
    """

    population: Population
    diffuse: Diffuse
    years: float = YEARS

    @cached_property
    def vectors(self) -> Floats:
        """(n, 3) Galactic unit vectors of the sources."""
        return self.population.vectors

    @cached_property
    def counts(self) -> Floats:
        """(n_sources, n_bands) expected photons at the mean exposure of the sky."""
        return np.stack(
            [
                spectra.counts_per_band(
                    ENERGIES, self.population.spectra, band, years=self.years
                )
                for band in BANDS
            ],
            axis=1,
        )

    @cached_property
    def diffuse_counts(self) -> tuple[Floats, Floats, Floats]:
        """Expected photons per sr in each band: gas, inverse Compton and isotropic.

        The first two are for an intensity of 1 photon/cm2/s/sr from 2 to 20 GeV.
        """
        grid = np.geomspace(300.0, 20_000.0, 60)
        tilt = self.diffuse.variant.tilt
        shapes = (
            spectra.galactic(grid, tilt=tilt),
            spectra.galactic(grid, tilt=COMPTON_TILT),
            spectra.isotropic(grid),
        )
        gas, compton, isotropic = (
            np.array(
                [
                    spectra.counts_per_band(grid, shape, band, years=self.years)
                    for band in BANDS
                ]
            )
            for shape in shapes
        )
        return gas, compton, isotropic


@dataclass(frozen=True)
class Expected:
    """The expected counts and the sources of one patch.

    Parameters
    ----------
    counts : tuple of ndarray
        (pixels, pixels) expected photons per band, float32, see
        `amphitrite.surveys.asid.prepare.patches`.
    x, y : (n,) ndarray
        Positions in deg, in the patch's frame, of the sources in the patch or within
        0.7 deg of it.
    flux : (n,) ndarray
        Their fluxes from 1 to 100 GeV in photons/cm2/s.
    test_statistic : (n, n_bands) ndarray
        Expected test statistic of each source in each band [1]_: twice the logarithm of
        the likelihood ratio, 2 ((S + B) ln(1 + S/B) - S), for S photons of the source
        and B diffuse ones within the 68 % radius.
    source : (n,) ndarray of int
        Index of each source in the sky's population.

    References
    ----------
    .. [1] Mattox et al. 1996, ApJ 461, 396, doi:10.1086/177068
    """

    counts: tuple[NDArray[np.float32], ...]
    x: Floats
    y: Floats
    flux: Floats
    test_statistic: Floats
    source: NDArray[np.intp]


def make_sky(
    seed: int,
    *,
    variant: str = "A",
    years: float = YEARS,
    population: Population | None = None,
) -> Sky:
    """Return a random sky.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    variant : str
        Variant of the diffuse emission: A, B or C; see `diffuse.VARIANTS`.
    years : float
        Length of the survey in years.
    population : Population, optional
        Sources to use, such as those of the catalogue, instead of random ones.
    """
    rng = np.random.default_rng(seed)
    drawn = draw(rng) if population is None else population
    return Sky(drawn, asid_diffuse.draw(rng, VARIANTS[variant]), years)


def expect(
    sky: Sky, patch: Patch, *, event_types: tuple[float, ...] = instrument.ALL_TYPES
) -> Expected:
    """Return the expected counts of a patch, and its sources.

    Parameters
    ----------
    sky : Sky
        The sky.
    patch : Patch
        The patch.
    event_types : tuple of float
        Fractions of the photons of PSF0 to PSF3; the number of photons stays the same.

    Returns
    -------
    Expected
        Counts without Poisson noise.

    Notes
    -----
    In each band, the PSF is that of a typical spectrum, not of the source's own.  The
    exposure is that at the patch's centre.  The test statistic is that of all event
    types together, for any `event_types`.
    """
    near = np.flatnonzero(
        sky.vectors @ patch.vectors(np.float64(0), np.float64(0))
        > np.cos(np.radians(1.45 * _REACH_DEGREES))
    )
    x, y = patch.offsets(sky.vectors[near])
    inside = np.maximum(np.abs(x), np.abs(y)) < _REACH_DEGREES
    near, x, y = near[inside], x[inside], y[inside]
    gas, compton = sky.diffuse.intensity(patch.vectors(*_structure_grid()))
    exposed = relative_exposure(patch)
    images, statistics = [], []
    for band, per_gas, per_compton, per_sr in zip(
        BANDS, *sky.diffuse_counts, strict=True
    ):
        surface = (gas * per_gas + compton * per_compton + per_sr) * exposed
        counts = sky.counts[near, BANDS.index(band)] * exposed
        images.append(_image(band, surface, x, y, counts, event_types))
        background = _sampled(surface, x, y) * _aperture(band)
        signal = 0.68 * counts
        statistics.append(_test_statistic(signal, background))
    close = np.maximum(np.abs(x), np.abs(y)) < PATCH_DEGREES / 2 + 0.7
    return Expected(
        tuple(images),
        x[close],
        y[close],
        sky.population.flux[near[close]],
        np.stack(statistics, axis=1)[close],
        near[close],
    )


def _test_statistic(signal: Floats, background: Floats) -> Floats:
    ratio = np.log1p(signal / background)
    return np.asarray(2 * ((signal + background) * ratio - signal))


def relative_exposure(patch: Patch) -> float:
    """Return the exposure at a patch's centre relative to the mean of the sky."""
    centre = SkyCoord(patch.lon, patch.lat, unit="deg", frame="galactic").icrs
    return float(instrument.relative_exposure(centre.dec.deg))


@cache
def _structure_grid() -> tuple[Floats, Floats]:
    """Return x and y in deg of the pixels on which diffuse emission is calculated."""
    step = PATCH_DEGREES * _PADDED / _STRUCTURE_PIXELS
    axis = (np.arange(_STRUCTURE_PIXELS) + 0.5) * step - PATCH_DEGREES * _PADDED / 2
    return np.meshgrid(-axis, axis)  # type: ignore[return-value]


def _image(
    band: Band,
    surface: Floats,
    x: Floats,
    y: Floats,
    counts: Floats,
    event_types: tuple[float, ...],
) -> NDArray[np.float32]:
    """Return the expected counts of a patch in a band, convolved with the PSF."""
    side = max(round(band.pixels * _PADDED), 96)
    pixel = PATCH_DEGREES * _PADDED / side
    solid_angle = np.radians(pixel) ** 2
    sharp = _resized(surface, side) * solid_angle + _deposit(x, y, counts, side, pixel)
    blurred = fft.irfft2(
        fft.rfft2(sharp.astype(np.float32))
        * instrument.kernel(band, side, pixel, event_types),
        s=sharp.shape,
    )
    edge = side // 6
    patch = blurred[edge : side - edge, edge : side - edge]
    step = len(patch) // band.pixels
    summed = patch.reshape(band.pixels, step, band.pixels, step).sum((1, 3))
    return np.maximum(summed, 1e-6).astype(np.float32)


def _deposit(x: Floats, y: Floats, counts: Floats, side: int, pixel: float) -> Floats:
    """Return the counts of sources, each divided between its four nearest pixels."""
    half = side * pixel / 2
    column, row = (half - x) / pixel - 0.5, (y + half) / pixel - 0.5
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    u, v = column - left, row - top
    total = np.zeros(side * side)
    for down, right, weight in (
        (0, 0, (1 - u) * (1 - v)),
        (0, 1, u * (1 - v)),
        (1, 0, (1 - u) * v),
        (1, 1, u * v),
    ):
        place = ((top + down) % side) * side + (left + right) % side
        total += np.bincount(place, weights=weight * counts, minlength=side * side)
    return total.reshape(side, side)


def _resized(surface: Floats, side: int) -> Floats:
    """Return an intensity on a finer or coarser grid over the same field."""
    n = len(surface)
    if side <= n:
        step = n // side
        return surface.reshape(side, step, side, step).mean((1, 3))
    along = _linear(n, side)
    return along @ surface @ along.T


@cache
def _linear(n: int, side: int) -> NDArray[np.float32]:
    """Return the matrix of linear interpolation from n to side pixel centres."""
    place = np.clip((np.arange(side) + 0.5) * n / side - 0.5, 0, n - 1)
    left = np.minimum(place.astype(int), n - 2)
    matrix = np.zeros((side, n), np.float32)
    matrix[np.arange(side), left] = 1 - (place - left)
    matrix[np.arange(side), left + 1] = place - left
    return matrix


def _sampled(surface: Floats, x: Floats, y: Floats) -> Floats:
    """Return the intensity at positions in deg, without interpolation."""
    n = len(surface)
    pixel = PATCH_DEGREES * _PADDED / n
    half = n * pixel / 2
    column = np.clip(((half - x) / pixel).astype(int), 0, n - 1)
    row = np.clip(((y + half) / pixel).astype(int), 0, n - 1)
    return surface[row, column]


@cache
def _aperture(band: Band) -> float:
    """Return the solid angle in sr within the 68 % radius of a band."""
    return float(np.pi * np.radians(instrument.r68(band)) ** 2)
