"""The test groups of signals of Table IV of Zhang et al. 2022, arXiv:2202.07158.

Groups 1, 3 and 4 have signals that are scaled to a chosen signal-to-noise ratio; those
of the others are seen at their own distance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite_training.surveys.emri.simulate.inspirals import Population, draw
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.signals import normalised
from amphitrite_training.surveys.emri.simulate.waveforms import STRAIN_UNIT, strain

RATIOS: Final = (50.0, 120.0)
"""Limits of the signal-to-noise ratio of groups 1 and 3, uniform between them."""
SINGLE_RATIOS: Final = tuple(float(ratio) for ratio in range(10, 131, 10))
"""Signal-to-noise ratios of group 4."""
LEAST_RATIO: Final = 50.0
"""Signal-to-noise ratio which the signals of group 2 exceed."""

_LOG_MASSES: Final = (4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0)
_SPINS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.98)
_REDSHIFTS: Final = (0.1, 0.2, 0.3)
_PAIRS: Final = ((5.5, 0.98), (6.0, 0.0), (6.0, 0.98))


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Sources that are seen at their own distance.

    Parameters
    ----------
    population : Population
        The population, whose redshift is not used.
    redshift : (float, float)
        Limits of the redshift; uniform between them.
    least : float
        Signal-to-noise ratio below which a source is drawn again.
    """

    population: Population
    redshift: tuple[float, float]
    least: float = 0.0

    def signal(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
        """Return the signal of a source.

        Returns
        -------
        whitened : (2, `N_SAMPLES`) ndarray of float32
            The whitened signal with a root mean square of 1.
        ratio : float
            Its optimal signal-to-noise ratio within the segment, over both channels.
        """
        while True:
            redshift = float(rng.uniform(*self.redshift))
            inspiral = draw(rng, replace(self.population, redshift=redshift))
            if (path := orbit(inspiral)) is None:
                continue
            whitened = whiten(strain(inspiral, path))
            ratio = float(np.sqrt(np.sum(whitened**2))) / STRAIN_UNIT
            if ratio > self.least:
                return normalised(whitened), ratio


STAND_IN: Final = Sources(
    population=Population(log_mass=(5.0, 6.5), spin=(0.9, 0.98)),
    redshift=(0.1, 0.3),
    least=LEAST_RATIO,
)
"""Group 2, in the place of the paper's model M12 of an astrophysical population."""


@dataclass(frozen=True)
class Setting:
    """A point of groups 5 to 7: sources of one mass, spin and redshift.

    Parameters
    ----------
    group : int
        Its group.
    log_mass : float
        Decimal logarithm of the black hole's mass in solar masses, in the frame of the
        source.
    spin, redshift : float
        The black hole's spin, and the redshift.
    """

    group: int
    log_mass: float
    spin: float
    redshift: float

    @property
    def at(self) -> Mapping[str, float]:
        """The mass, spin and redshift by name."""
        return {
            "log_mass": self.log_mass,
            "spin": self.spin,
            "redshift": self.redshift,
        }

    @property
    def sources(self) -> Sources:
        """The sources."""
        population = Population(
            log_mass=(self.log_mass, self.log_mass), spin=(self.spin, self.spin)
        )
        return Sources(population=population, redshift=(self.redshift, self.redshift))


SETTINGS: Final = (
    *(Setting(5, mass, 0.98, z) for z in _REDSHIFTS for mass in _LOG_MASSES),
    *(Setting(6, 6.0, spin, z) for z in _REDSHIFTS[1:] for spin in _SPINS),
    *(Setting(7, mass, spin, z) for mass, spin in _PAIRS for z in _REDSHIFTS),
)
"""The points of groups 5 to 7, in the order of their curves."""
