"""Statistics of a segment without a network, against which one is measured.

A signal of signal-to-noise ratio 50 adds 0.5 % to the variance of whitened noise, so
that energy alone finds most signals of the paper's range if the level of the noise is
known exactly.  What a network adds must show against these, above all against those
that do not know the level either.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.interpret.maps import power_map
from amphitrite.surveys.emri.prepare.whitening import TAPER
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS

BAND_HZ: Final = (5e-4, 1e-2)
"""Where most of the energy of an inspiral lies."""
FRAMES: Final = (4, 16, 64)
"""Windows of a box, beside all of them."""
BINS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""Bins of a box."""
USUAL_BOX: Final = 5.5
"""Score of the loudest box that counts as much as even odds of a network: a few in a
thousand segments of noise exceed it.  Chosen on signals of the validation."""

LEVEL_FREE: Final = ("band_share", "boxes")
"""Names of the yardsticks that do not depend on the level of the noise."""


def yardsticks(strain: NDArray[np.floating]) -> dict[str, float]:
    """Return the statistics of a segment by name.

    Parameters
    ----------
    strain : (2, n) ndarray
        Whitened strain; n is a multiple of the maps' window.

    Returns
    -------
    dict of str to float
        ``energy``, the mean square between the ramps that a segment may have at its
        ends; ``band_share``, the energy in `BAND_HZ` over all of it; and ``boxes``, the
        loudest box of the map over the map's mean.
    """
    spectrum = np.abs(fft.rfft(np.asarray(strain, np.float64))) ** 2
    frequency = fft.rfftfreq(strain.shape[1], SAMPLE_SECONDS)
    low, high = BAND_HZ
    band = spectrum[:, (frequency >= low) & (frequency < high)].sum()
    return {
        "energy": float(np.mean(np.square(strain[:, TAPER:-TAPER], dtype=np.float64))),
        "band_share": float(band / spectrum.sum()),
        "boxes": loudest_box(power_map(strain)),
    }


def loudest_box(power: NDArray[np.float64]) -> float:
    """Return the largest excess of a box of a map, in standard deviations.

    Boxes have 4, 16, 64 or all windows and 1 to 128 bins, and overlap by half.

    Parameters
    ----------
    power : (n_windows, n_bins) ndarray
        Means of two exponential variables of mean 1, as noise gives them.

    Notes
    -----
    The mean of m exponential variables becomes a normal score by the transformation of
    Wilson & Hilferty 1931, PNAS 17, 684: its cube root is nearly normal, with a mean of
    1 - 1/(9m) and a variance of 1/(9m).
    """
    sums = np.zeros((power.shape[0] + 1, power.shape[1] + 1))
    sums[1:, 1:] = power.cumsum(axis=0).cumsum(axis=1)
    loudest = -np.inf
    for frames in (*FRAMES, power.shape[0]):
        for bins in BINS:
            top = np.arange(0, power.shape[0] - frames + 1, max(1, frames // 2))
            left = np.arange(0, power.shape[1] - bins + 1, max(1, bins // 2))
            if not len(top) or not len(left):
                continue
            box = (
                sums[np.ix_(top + frames, left + bins)]
                - sums[np.ix_(top, left + bins)]
                - sums[np.ix_(top + frames, left)]
                + sums[np.ix_(top, left)]
            ).max() / (frames * bins)
            m = 2 * frames * bins
            score = (np.cbrt(box) - 1 + 1 / (9 * m)) * np.sqrt(9 * m)
            loudest = max(loudest, float(score))
    return loudest
