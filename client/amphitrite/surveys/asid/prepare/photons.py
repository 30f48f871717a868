"""Photons, the common form of all gamma-ray inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS, Band
from amphitrite.surveys.asid.prepare.coverage import LEAST_COVERAGE, Channel


class Footprint(Protocol):
    """The region of the sky that an input covers."""

    def contains(self, vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether (..., 3) Galactic unit vectors are in the region."""


@dataclass(frozen=True)
class Photons:
    """The photons of an input that are in one of the energy bands.

    Parameters
    ----------
    vectors : (n, 3) ndarray of float32
        Galactic unit vectors; float32 loses a quarter of an arc second.
    bands : (n,) ndarray of uint8
        Index of each photon's band in `amphitrite.surveys.asid.bands.BANDS`.
    coverage : mapping of Band to float
        The usable bands, with the fraction of their expected photons that the input
        contains, 0.25 to 1.
    footprint : Footprint
        The region of the sky that the input covers.
    n_outside : int
        Number of photons of the input in no usable band, or outside the energies that
        the input states.
    pixel_degrees : float
        Side in deg of the pixels in which the photons have random positions; 0 for
        event lists.
    choices : mapping of str to int or float
        What was decided for the user, as FITS cards.
    """

    vectors: NDArray[np.float32]
    bands: NDArray[np.uint8]
    coverage: Mapping[Band, float]
    footprint: Footprint
    n_outside: int = 0
    pixel_degrees: float = 0.0
    choices: Mapping[str, int | float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.bands)


def check_usable(usable: Mapping[Band, float], energies: Iterable[Channel]) -> None:
    """Refuse an input without a usable band.

    Parameters
    ----------
    usable : mapping of Band to float
        The usable bands; see `amphitrite.surveys.asid.prepare.coverage.coverage`.
    energies : iterable of Channel
        The input's energy intervals, for the message.

    Raises
    ------
    BadInput
        There is no usable band.
    """
    if not usable:
        held = ", ".join(f"{c.low / 1e3:g}-{c.high / 1e3:g} GeV" for c in energies)
        raise BadInput(
            f"no energy band can be used: received {held or 'no energies'}, needed is "
            f"at least {LEAST_COVERAGE:.0%} of the photons expected in one of "
            f"{', '.join(band.label for band in BANDS)}.\n"
            "Select the events with wider energy limits, or with finer channels."
        )
