"""The ways in which test clusters are seen: their channels, noise and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from amphitrite.surveys.darkcnn.learned import kind
from amphitrite_training.surveys.darkcnn.observing import View
from amphitrite_training.surveys.darkcnn.simulate.noise import convergence_error

GALAXIES: Final = (800.0, 100.0, 50.0)
"""Galaxies per arcmin2 whose shapes show all mass, from little noise to much."""
KILOSECONDS: Final = 30.0
"""Exposure of the X-rays that go with them."""
ALONE: Final = "total alone"
STARS: Final = "total and stars"
ALL: Final = "all channels"
_CHANNELS: Final = {ALONE: (1, 0, 0), STARS: (1, 0, 1), ALL: (1, 1, 1)}


@dataclass(frozen=True)
class Case:
    """A way in which clusters are seen.

    Parameters
    ----------
    channels : str
        `ALONE`, `STARS` or `ALL`.
    galaxies : float
        Per arcmin2; 0 for no noise in any channel.
    relative : bool
        Whether the map of all mass is over its maximum.
    redshift_alone : bool
        Whether no other attribute than the redshift is known.
    """

    channels: str
    galaxies: float = 0.0
    relative: bool = False
    redshift_alone: bool = False

    @property
    def name(self) -> str:
        """What the case is called in tables, such as ``total alone, no noise``."""
        parts = [self.channels, self.noise]
        if self.relative:
            parts.append("over the maximum")
        if self.redshift_alone:
            parts.append("redshift alone known")
        return ", ".join(parts)

    @property
    def noise(self) -> str:
        """The noise in words."""
        if not self.galaxies:
            return "no noise"
        return f"{self.galaxies:g} galaxies/arcmin2"

    @property
    def pixel_noise(self) -> float:
        """Standard deviation of the noise of all mass in a pixel, as a convergence."""
        return convergence_error(self.galaxies) if self.galaxies else 0.0

    @property
    def kind(self) -> str:
        """The kind as `amphitrite.surveys.darkcnn.learned.kind` calls it."""
        present = np.array(_CHANNELS[self.channels], np.float32)
        return kind(present, relative=self.relative)

    @property
    def view(self) -> View:
        """How each cluster is seen."""
        return View(
            np.array(_CHANNELS[self.channels], bool),
            self.relative,
            self.galaxies,
            KILOSECONDS if self.galaxies else 0.0,
        )

    @property
    def attribute_drop(self) -> float:
        """Probability that an attribute is absent."""
        return float(self.redshift_alone)


CLEAR: Final = Case(ALL)
CLEAR_ALONE: Final = Case(ALONE)
PAPER: Final = Case(ALL, relative=True)
"""Nearest to what the paper's network is given."""
RELATIVE_ALONE: Final = Case(ALONE, relative=True)
"""As the published maps are."""
NOISY: Final = Case(ALL, GALAXIES[-1])
NOISY_ALONE: Final = Case(ALONE, GALAXIES[-1])
REDSHIFT_ALONE: Final = Case(ALONE, redshift_alone=True)

CASES: Final = (
    *(Case(channels, each) for channels in (ALL, ALONE) for each in (0.0, *GALAXIES)),
    Case(STARS),
    REDSHIFT_ALONE,
    PAPER,
    RELATIVE_ALONE,
)
"""Those in which the accuracy is measured."""
COVERED: Final = (CLEAR, REDSHIFT_ALONE, NOISY_ALONE)
"""Those in which samples of many true cross-sections are measured."""
BLIND: Final = (CLEAR, CLEAR_ALONE, NOISY, NOISY_ALONE)
"""Those in which the sample of one hidden cross-section is measured."""
