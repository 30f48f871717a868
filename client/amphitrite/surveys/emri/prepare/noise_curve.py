"""The noise of TianQin, as a power spectral density of strain.

One convention holds everywhere: a curve is the one-sided power spectral density of the
strain in one channel, whose signal is ``sqrt(3)/2 (F+ h+ + Fx hx)`` (a Michelson
interferometer of arms 60 deg apart).  The sensitivity averaged over the sky and both
polarisations is 20/3 of it for one channel, and 10/3 for the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput

ARM_LENGTH: Final = math.sqrt(3) * 1e8
"""Distance of two satellites in metres."""
ACCELERATION_NOISE: Final = 1e-30
"""Residual acceleration of a test mass, m^2 s^-4 / Hz."""
POSITION_NOISE: Final = 1e-24
"""Noise of a displacement measurement, m^2 / Hz."""
SKY_AVERAGE: Final = 20 / 3
"""Noise averaged over the sky and the polarisations, over that of a channel."""


def tianqin(frequency: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the noise of a channel of TianQin.

    Parameters
    ----------
    frequency : ndarray
        Frequencies in Hz, above 0.

    Returns
    -------
    ndarray of float64
        One-sided power spectral density of strain in 1/Hz, in the frequencies' shape.

    References
    ----------
    Luo et al. 2016, CQG 33, 035010, arXiv:1512.02076; the factor ``1 + 1e-4 Hz / f`` as
    in Huang et al. 2020, PRD 102, 063021, arXiv:2005.07889.
    """
    frequency = np.asarray(frequency, dtype=np.float64)
    force = 4 * ACCELERATION_NOISE / (2 * np.pi * frequency) ** 4
    psd = force * (1 + 1e-4 / frequency) + POSITION_NOISE
    return np.asarray(psd / ARM_LENGTH**2, dtype=np.float64)


@dataclass(frozen=True)
class NoiseCurve:
    """A noise curve at some frequencies, and between them.

    Parameters
    ----------
    frequency : (n,) ndarray
        Frequencies in Hz, above 0 and rising.
    psd : (n,) ndarray
        One-sided power spectral density of strain in 1/Hz, above 0.

    Raises
    ------
    BadInput
        Fewer than two values, or values that cannot be those of a noise curve.
    """

    frequency: NDArray[np.floating]
    psd: NDArray[np.floating]

    def __post_init__(self) -> None:
        if self.frequency.ndim != 1 or self.frequency.shape != self.psd.shape:
            raise BadInput(
                "a noise curve has one value for each frequency; received arrays of "
                f"shapes {self.frequency.shape} and {self.psd.shape}"
            )
        if len(self.frequency) < 2:
            raise BadInput(
                "a noise curve has two frequencies at least; received "
                f"{len(self.frequency)}"
            )
        if not (self.frequency > 0).all() or not (np.diff(self.frequency) > 0).all():
            raise BadInput("the frequencies of a noise curve must rise, from above 0")
        wrong = ~(np.isfinite(self.psd) & (self.psd > 0))
        if wrong.any():
            raise BadInput(
                "the values of a noise curve must be positive numbers; received "
                f"{self.psd[wrong][0]:g} at {self.frequency[wrong][0]:g} Hz"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoiseCurve) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    @property
    def _bytes(self) -> tuple[bytes, bytes]:
        return self.frequency.tobytes(), self.psd.tobytes()

    def __call__(self, frequency: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the curve between its frequencies, straight in both logarithms.

        Raises
        ------
        BadInput
            A frequency lies outside the curve.
        """
        low, high = frequency.min(), frequency.max()
        # one part in a million, which conversions of a file's numbers may cost
        if low < self.frequency[0] * (1 - 1e-6) or high > self.frequency[-1] * (
            1 + 1e-6
        ):
            raise BadInput(
                f"the noise curve covers {self.frequency[0]:g} to "
                f"{self.frequency[-1]:g} Hz; needed are {low:g} to {high:g} Hz"
            )
        known = np.log(np.asarray(self.frequency, dtype=np.float64))
        psd = np.log(np.asarray(self.psd, dtype=np.float64))
        return np.asarray(np.exp(np.interp(np.log(frequency), known, psd)))
