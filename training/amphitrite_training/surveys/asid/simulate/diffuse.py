"""The diffuse gamma-ray emission: gas, inverse Compton and the isotropic part.

A *variant* is a model of the structure in the Galactic intensity.  Networks are trained
on some variants and tested on one that they have not seen, since the true structure is
not known.

The structure is taken from a cube of noise: a field in space with power ~ k^-(s+1) has
power ~ k^-s on a sphere through it.  The intensity can thus be computed in any
direction, overlapping patches agree, and a whole sky takes no more time than its
pixels.

References
----------
.. [1] FloList/GCE_NN (MIT), Fermi maps of 573 weeks, 2-20 GeV: medians of the Galactic
   template scaled to the counts (factor 18.4), in cells of latitude and longitude.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import map_coordinates

from amphitrite.surveys.asid.prepare.patches import angles

Floats = NDArray[np.floating]

_LATITUDES: Final = (0, 0.5, 1.5, 2.5, 4, 6, 8.5, 12.5, 17.5, 25, 35, 50, 90)
_LONGITUDES: Final = (0, 15, 45, 75, 112, 158, 180)
# Photons/cm2/s/sr from 2 to 20 GeV [1]; rows by |latitude|, columns by |longitude|.
_INTENSITY: Final = 1e-6 * np.array(
    [
        [52.6, 48.7, 30.6, 11.4, 5.63, 4.37, 4.24],
        [38.7, 38.9, 24.4, 11.0, 5.57, 4.27, 4.19],
        [17.4, 18.6, 13.7, 9.12, 4.90, 4.24, 3.96],
        [9.72, 10.6, 7.83, 6.54, 4.14, 3.64, 3.53],
        [6.81, 6.86, 4.81, 3.79, 3.28, 2.90, 2.93],
        [4.60, 4.48, 3.22, 2.27, 2.16, 2.20, 2.34],
        [2.96, 3.17, 2.36, 1.47, 1.59, 1.74, 1.87],
        [2.04, 2.12, 1.56, 1.05, 1.07, 1.19, 1.36],
        [2.00, 1.28, 1.05, 0.788, 0.656, 0.693, 0.915],
        [1.19, 0.908, 0.717, 0.551, 0.409, 0.425, 0.623],
        [0.649, 0.591, 0.525, 0.413, 0.305, 0.325, 0.400],
        [0.288, 0.302, 0.287, 0.247, 0.191, 0.186, 0.150],
        [0.177, 0.179, 0.183, 0.164, 0.166, 0.153, 0.153],
    ]
)
_CUBE: Final = 128
_CELL_DEGREES: Final = 0.25
_CELLS_PER_RADIUS: Final = np.degrees(1.0) / _CELL_DEGREES


@dataclass(frozen=True)
class Variant:
    """A model of the structure of the diffuse emission.

    Parameters
    ----------
    slope : float
        The power spectrum of the gas on the sky is ~ k^-slope.
    strength : float
        Standard deviation of the logarithm of the gas emission.
    filaments : float
        Additional relative intensity in filaments; 0 for none.
    lobes : float
        Intensity of two sharp-edged lobes above and below the Galactic centre in
        photons/cm2/s/sr from 2 to 20 GeV; 0 for none.
    compton : float
        Amplitude of the smooth inverse Compton part.
    tilt : float
        Spectral tilt of the gas emission, see `spectra.galactic`.
    """

    slope: float
    strength: float
    filaments: float
    lobes: float
    compton: float
    tilt: float


VARIANTS: Final = {
    "A": Variant(2.8, 0.35, 0.0, 0.0, 0.20, 0.00),
    "B": Variant(2.4, 0.45, 0.4, 0.0, 0.32, 0.05),
    # for tests only: finer and clumpier, softer, and with lobes [Su et al. 2010]
    "C": Variant(2.0, 0.40, 0.2, 3e-7, 0.25, -0.06),
}
COMPTON_TILT: Final = 0.25


@dataclass(frozen=True)
class Diffuse:
    """The diffuse emission of one sky.

    Parameters
    ----------
    variant : Variant
        The variant with the values of this sky.
    noise : tuple of ndarray
        Cubes of noise: one for the gas, and two for filaments if there are any.
    frame : (3, 3) ndarray
        A random rotation of the periodic cubes.
    """

    variant: Variant
    noise: tuple[NDArray[np.float32], ...]
    frame: Floats

    def intensity(self, vectors: Floats) -> tuple[Floats, Floats]:
        """Return the intensities of gas and of inverse Compton emission.

        Parameters
        ----------
        vectors : (..., 3) ndarray
            Galactic unit vectors.

        Returns
        -------
        gas, compton : (...) ndarray of float32
            Photons/cm2/s/sr from 2 to 20 GeV, without the isotropic part.
        """
        variant = self.variant
        lon, lat = angles(vectors)
        mean = mean_intensity(lon, lat)
        # smooth and less concentrated to the plane than the gas; their sum is the mean
        compton = np.minimum(variant.compton * mean**0.6 * 1e-6**0.4, 0.6 * mean)
        gas = (mean - compton) * self._structure(vectors)
        if variant.lobes:
            compton = compton + variant.lobes * _in_lobes(lon, lat)
        return gas.astype(np.float32), compton.astype(np.float32)

    def _structure(self, vectors: Floats) -> Floats:
        strength = self.variant.strength
        places = vectors @ self.frame * _CELLS_PER_RADIUS
        log_gas = strength * _at(self.noise[0], places) - strength**2 / 2
        structure = np.exp(log_gas)
        if self.variant.filaments:
            # filaments are at zeros of a smooth field, in some regions only
            line = np.exp(-((_at(self.noise[1], places) / 0.15) ** 2))
            structure = structure * (
                1 + self.variant.filaments * line * (_at(self.noise[2], places) > 0.3)
            )
        return np.asarray(structure)


def draw(rng: np.random.Generator, variant: Variant) -> Diffuse:
    """Return the diffuse emission of a random sky, with values near a variant's."""
    variant = replace(
        variant,
        strength=variant.strength * rng.uniform(0.8, 1.2),
        filaments=variant.filaments * rng.uniform(0.3, 1.5),
        compton=variant.compton * rng.uniform(0.7, 1.3),
        tilt=variant.tilt + rng.normal(0, 0.03),
    )
    slopes = [variant.slope] + ([3.4, 3.0] if variant.filaments else [])
    noise = tuple(_noise(rng, slope) for slope in slopes)
    frame, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return Diffuse(variant, noise, frame)


def mean_intensity(lon: Floats, lat: Floats) -> Floats:
    """Return the Galactic intensity without structure in photons/cm2/s/sr, 2-20 GeV.

    Parameters
    ----------
    lon, lat : (...) ndarray
        Galactic coordinates in deg.
    """
    away = np.minimum(lon % 360, 360 - lon % 360)
    row = np.interp(np.abs(lat), _LATITUDES, np.arange(len(_LATITUDES)))
    column = np.interp(away, _LONGITUDES, np.arange(len(_LONGITUDES)))
    logs = map_coordinates(np.log(_INTENSITY), [row, column], order=1, mode="nearest")
    return np.asarray(np.exp(logs))


def _noise(rng: np.random.Generator, slope: float) -> NDArray[np.float32]:
    """Return a periodic cube of noise with a standard deviation of 1."""
    shape = (_CUBE,) * 3
    k = fft.fftfreq(_CUBE)
    k2 = (
        k[:, None, None] ** 2
        + k[None, :, None] ** 2
        + fft.rfftfreq(_CUBE)[None, None] ** 2
    )
    k2[0, 0, 0] = np.inf
    amplitude = (k2 ** (-(slope + 1) / 4)).astype(np.float32)
    white = fft.rfftn(rng.standard_normal(shape, dtype=np.float32))
    cube = fft.irfftn(white * amplitude, s=shape)
    return (cube / cube.std()).astype(np.float32)


def _at(cube: NDArray[np.float32], places: Floats) -> Floats:
    coordinates = np.moveaxis(places, -1, 0)
    return np.asarray(map_coordinates(cube, coordinates, order=1, mode="grid-wrap"))


def _in_lobes(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Return whether directions are in two 40 x 50 deg ellipses at the centre."""
    away = (lon + 180) % 360 - 180
    inside = (away / 20) ** 2 + ((np.abs(lat) - 25) / 25) ** 2 < 1
    return np.asarray(inside)
