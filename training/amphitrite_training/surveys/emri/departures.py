"""Noise that is not what it is taken for: wrong in level or shape, or with lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.interpret.maps import BIN_HZ, WINDOW
from amphitrite.surveys.emri.sampling import LOWEST_HZ, NYQUIST_HZ, SAMPLE_SECONDS

BUMP_HZ: Final = (5e-4, 3e-3)
"""Where unresolved binaries would add to the noise of a detector like this one."""
LINES_HZ: Final = tuple(round(hz / BIN_HZ) * BIN_HZ for hz in (1e-3, 4e-3, 8e-3))
"""Frequencies of the lines, in the middle of a bin of the maps."""


@dataclass(frozen=True, kw_only=True)
class Departure:
    """How whitened noise differs from white noise of variance 1.

    Parameters
    ----------
    amplitude : float
        Factor on the noise.
    tilt : float
        Change of its power from `LOWEST_HZ` to the Nyquist frequency, linear in the
        logarithm of frequency; the mean over frequency stays.
    excess : float
        Additional power, over that of the noise, at the top of a smooth bump in
        `BUMP_HZ`.
    lines : float
        Power, over that of the noise, which a sinusoid at each of `LINES_HZ` adds to
        its bin in the spectrum of a window of `WINDOW` samples.
    """

    amplitude: float = 1.0
    tilt: float = 0.0
    excess: float = 0.0
    lines: float = 0.0

    def applied(
        self, noise: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return white noise with this departure.

        Parameters
        ----------
        noise : (2, n) ndarray of float32
            White noise of variance 1.
        rng : numpy.random.Generator
            Draws the phases of the lines.

        Returns
        -------
        (2, n) ndarray of float32
        """
        if self.tilt or self.excess:
            n = noise.shape[1]
            factor = np.sqrt(self.power(fft.rfftfreq(n, SAMPLE_SECONDS)))
            noise = fft.irfft(fft.rfft(noise) * factor.astype(np.float32), n)
        if self.amplitude != 1:
            noise = np.float32(self.amplitude) * noise
        if self.lines:
            noise = noise + self._lines(noise.shape, rng)
        return noise

    def power(self, frequency: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the power of the noise, without lines, over that of white noise.

        Parameters
        ----------
        frequency : (n,) ndarray
            Even steps in Hz from 0 to the Nyquist frequency.

        Returns
        -------
        (n,) ndarray of float64
        """
        place = _logarithmic(frequency, (LOWEST_HZ, NYQUIST_HZ))
        bump = np.sin(np.pi * _logarithmic(frequency, BUMP_HZ)) ** 2
        tilted = 1 + self.tilt * (place - place.mean())
        return np.asarray(self.amplitude**2 * tilted * (1 + self.excess * bump))

    def _lines(
        self, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return the sum of the sinusoids, each of another phase in each channel."""
        # a sinusoid has (amplitude * WINDOW / 2)^2 in its bin, white noise WINDOW
        amplitude = 2 * math.sqrt(self.lines / WINDOW)
        time = np.arange(shape[1]) * SAMPLE_SECONDS
        result = np.zeros(shape, np.float32)
        for hz in LINES_HZ:
            phase = rng.uniform(0, 2 * np.pi, (shape[0], 1))
            result += (amplitude * np.sin(2 * np.pi * hz * time + phase)).astype(
                np.float32
            )
        return result


def _logarithmic(
    frequency: NDArray[np.floating], limits: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the place between two frequencies in their logarithm, 0 to 1."""
    low, high = limits
    clipped = np.clip(frequency, low, high)
    return np.asarray(np.log(clipped / low) / math.log(high / low))


RIGHT: Final = "as it is taken for"
"""Name of noise that does not differ."""

LEVELS: Final[Mapping[str, Departure]] = {
    f"amplitude {100 * off:+g} %": Departure(amplitude=1 + off)
    for off in (-0.03, -0.01, -0.002, 0.002, 0.01, 0.03)
}
"""Noise that is louder or quieter than it is taken for, by name."""

TILTS: Final[Mapping[str, Departure]] = {
    f"power tilted by {100 * tilt:+g} %": Departure(tilt=tilt) for tilt in (-0.05, 0.05)
}
"""Noise whose spectrum has a slope, by name."""

ADDED: Final[Mapping[str, Departure]] = {
    "bump of 10 % at 0.5 to 3 mHz": Departure(excess=0.1),
    "three lines": Departure(lines=1.0),
}
"""Noise with more than the design's in it, by name."""

DEPARTURES: Final[Mapping[str, Departure]] = {
    RIGHT: Departure(),
    **LEVELS,
    **TILTS,
    **ADDED,
}
"""All of them by name."""
