"""Simulated clusters: what all cross-sections of one cluster have in common.

All numbers but the size of subhaloes come from papers or are assumptions; all of them
were fixed before any network was trained.  Where no source is named,
and where it says so, a number is an unverified assumption of this generator; whoever
needs another gives another `Population`, or changes it here and trains anew.

* Mass: peak at log10 M200 = 14.6 today, 0.45 lower by unit redshift, as the catalogue
  of the original's training set shows (Harvey 2024, arXiv:2405.17566), 14 to 15.45.
* Concentration: 5.71 (M h / 2e12)^-0.084 (1 + z)^-0.47 after Duffy et al. 2008,
  arXiv:0804.2486, and a scatter of 0.15 dex; not compared with the paper.
* Age of the core: the lookback time to redshift 0.8, 7 Gyr, less that to the cluster,
  because cores form late (arXiv:2509.19842).  Its scatter of 0.17 dex is half that of
  the concentration, and clusters that are not relaxed are 0.8 times as old (assumed).
  An age of 5 to 7.5 Gyr is worth a factor 1.5 in the cross-section.
* Shape: short over long axis 0.52 +- 0.11, after Jing & Suto 2002,
  arXiv:astro-ph/0202064; not compared with the paper.
* Rounding: 0.6 +- 0.15 of the share that has scattered, because cores keep more of
  their shape than simple estimates say (Peter et al. 2013, arXiv:1208.3026).
* Contraction: the dark matter of clusters follows an NFW profile in spite of its
  galaxy (Schaller et al. 2015, arXiv:1409.8297); 8 % of scatter at the centre
  (assumed).
* Feedback: one normal number per cluster, a nuisance, that moves gas and galaxy.
* Subhaloes are twice as large as first assumed.  With a size of 1 the brightest pixel
  of 56 to 68 % of the simulated maps was a subhalo off the centre, and of none of
  twelve published ones (of ten it is at the index (49, 49)); with 2 it is in 15, 14 and
  24 % for 0, 0.1 and 1 cm2/g.  The mean profile over its maximum, in rings with edges
  at 0, 20, 40, 60, 80, 120, 160, 240 and 320 kpc, without a cross-section:

  ========== === === === === === === === ===
  size 2     .80 .59 .47 .38 .31 .24 .18 .13
  published  .80 .57 .42 .34 .27 .21 .17 .12
  ========== === === === === === === === ===

  The published maps were seen for this, so that they check the simulation, and are no
  untouched test of what is trained on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CHANNELS, PIXELS, REDSHIFTS
from amphitrite_training.surveys.darkcnn.simulate.baryons import (
    Galaxy,
    Gas,
    draw_galaxy,
    draw_gas,
    within,
)
from amphitrite_training.surveys.darkcnn.simulate.cosmology import (
    COSMOLOGY,
    lookback_gyr,
)
from amphitrite_training.surveys.darkcnn.simulate.line_of_sight import (
    Surroundings,
    draw_surroundings,
)
from amphitrite_training.surveys.darkcnn.simulate.profiles import NFW
from amphitrite_training.surveys.darkcnn.simulate.shapes import Ellipsoid
from amphitrite_training.surveys.darkcnn.simulate.substructure import (
    Merger,
    Subhaloes,
    draw_merger,
    draw_subhaloes,
)

LOG_MASS_RANGE: Final = (14.0, 15.45)
RELAXED_SHARE: Final = 0.6
ASSEMBLY_GYR: Final = 7.0
"""Lookback time since when cores have formed."""
YOUNGEST_GYR: Final = 0.8
_SEED: Final = 1706
_HOST, _SUBHALOES, _MERGER, _SURROUNDINGS, _TEXTURE, _CROSS_SECTION = range(6)


@dataclass(frozen=True)
class Population:
    """From which clusters are drawn; others than the default measure a systematic.

    The same number gives the same random draws in every population.

    Parameters
    ----------
    redshift : tuple of float
        Range, evenly drawn.
    ages : float
        For how much longer cores have formed.
    concentration_dex : float
        Scatter of the concentration at a given mass.
    galaxy_dex : float
        By how much central galaxies are heavier.
    feedback : float
        By how many standard deviations the feedback is stronger.
    subhalo_size : float
        Of subhaloes, over that of `substructure` at a given mass.
    baryons_shrink : bool
        Whether gas and stars act on the core of the dark matter.
    """

    redshift: tuple[float, float] = REDSHIFTS
    ages: float = 1.0
    concentration_dex: float = 0.15
    galaxy_dex: float = 0.0
    feedback: float = 0.0
    subhalo_size: float = 2.0
    baryons_shrink: bool = True


@dataclass(frozen=True)
class Cluster:
    """A cluster before its dark matter has a cross-section.

    Parameters
    ----------
    number : int
        Its id, which is also its seed.
    redshift : float
    mass : float
        M200 in Msun.
    concentration : float
    age_gyr : float
        For how long its core has formed.
    relaxed : bool
    halo : NFW
        All of its mass, before any scattering.
    body : Ellipsoid
        Its shape before any scattering.
    rounding : float
        What scatterings do to the shape, over the simple estimate.
    contraction : float
        Half of the excess of dark matter at the centre.
    gas : Gas
    galaxy : Galaxy
    subhaloes : Subhaloes
    merger : Merger or None
    surroundings : Surroundings
        What else is on the line of sight.
    texture : (3, ny, nx) ndarray of float64
        Normal numbers of variance 1, the noise of each channel.
    baryons_shrink : bool
        See `Population`.
    """

    number: int
    redshift: float
    mass: float
    concentration: float
    age_gyr: float
    relaxed: bool
    halo: NFW
    body: Ellipsoid
    rounding: float
    contraction: float
    gas: Gas
    galaxy: Galaxy
    subhaloes: Subhaloes
    merger: Merger | None
    surroundings: Surroundings
    texture: NDArray[np.float64]
    baryons_shrink: bool


def median_concentration(mass: float, redshift: float) -> float:
    """Return the median concentration at a mass M200 in Msun, Duffy et al. 2008."""
    scaled = mass * COSMOLOGY.h / 2e12
    return float(5.71 * scaled**-0.084 * (1 + redshift) ** -0.47)


def draw(number: int, population: Population | None = None) -> Cluster:
    """Return the cluster of a number.

    Parameters
    ----------
    number : int
        Its id and seed: the same cluster each time, whatever its cross-section.
    population : Population, optional
        From which it is drawn.
    """
    population = population or Population()
    rng = _generator(number, _HOST)
    redshift = float(rng.uniform(*population.redshift))
    log_mass = 14.57 - 0.45 * redshift + 0.17 * rng.normal() + rng.exponential(0.08)
    mass = 10 ** within(log_mass - 0.05, *LOG_MASS_RANGE)
    relaxed = bool(rng.random() < RELAXED_SHARE)
    early, scatter = rng.normal(size=2)
    concentration = within(
        median_concentration(mass, redshift)
        * 10 ** (population.concentration_dex * early),
        1.8,
        9.0,
    )
    age = population.ages * (ASSEMBLY_GYR - lookback_gyr(redshift))
    age *= 10 ** (0.12 * (early + scatter)) * (1.0 if relaxed else 0.8)
    halo = NFW.of_mass(mass, redshift, concentration)
    body = _body(rng)
    rounding = within(rng.normal(0.6, 0.15), 0.2, 0.95)
    contraction = 0.04 * float(rng.normal())
    feedback = float(rng.normal()) + population.feedback
    gas = draw_gas(rng, mass, relaxed, feedback)
    galaxy = draw_galaxy(rng, mass, feedback, population.galaxy_dex)
    return Cluster(
        number,
        redshift,
        mass,
        concentration,
        max(age, YOUNGEST_GYR),
        relaxed,
        halo,
        body,
        rounding,
        contraction,
        gas,
        galaxy,
        draw_subhaloes(
            _generator(number, _SUBHALOES),
            mass,
            halo.r200_kpc,
            body,
            population.subhalo_size,
        ),
        draw_merger(_generator(number, _MERGER), mass, relaxed),
        draw_surroundings(_generator(number, _SURROUNDINGS)),
        _generator(number, _TEXTURE).normal(size=(len(CHANNELS), PIXELS, PIXELS)),
        population.baryons_shrink,
    )


def random_cross_sections(number: int, n: int) -> NDArray[np.float64]:
    """Return cross-sections for a cluster: evenly in their logarithm, some 0.

    Parameters
    ----------
    number : int
        The cluster's id.
    n : int
        How many.

    Returns
    -------
    (n,) ndarray of float64
        From 0.01 to 2 cm2/g, and 0 in 8 % of all.
    """
    rng = _generator(number, _CROSS_SECTION)
    drawn = 10 ** rng.uniform(-2, math.log10(2), n)
    return np.where(rng.random(n) < 0.08, 0.0, drawn)


def _generator(number: int, part: int) -> np.random.Generator:
    """Return random numbers for a part of a cluster, independent of its other parts."""
    return np.random.default_rng([_SEED, part, number])


def _body(rng: np.random.Generator) -> Ellipsoid:
    """Return a random shape in a random orientation."""
    short = within(rng.normal(0.52, 0.11), 0.28, 0.95)
    middle = short + (1 - short) * float(rng.beta(2.0, 2.5))
    axes, signs = np.linalg.qr(rng.normal(size=(3, 3)))
    return Ellipsoid(middle, short, axes * np.sign(np.diag(signs)))
