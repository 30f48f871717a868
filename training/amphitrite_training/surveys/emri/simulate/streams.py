"""Streams of simulated strain: noise with TianQin's spectrum, and signals in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from amphitrite.surveys.emri.prepare.noise import coloured
from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.prepare.whitening import signal_to_noise
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES
from amphitrite_training.surveys.emri.simulate.inspirals import Inspiral
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.waveforms import STRAIN_UNIT, strain

FLAT_BELOW_HZ: Final = 1e-5
"""Frequency below which the noise has the density that its curve has there."""
FADE: Final = 14_400
"""Samples over which a signal sets in, as a cosine: 5 d."""
_MARGIN: Final = 65_536  # samples, 20 periods of the slowest noise


@dataclass(frozen=True)
class Placed:
    """An inspiral in a stream.

    Parameters
    ----------
    inspiral : Inspiral
        The inspiral.  It is followed for a segment, `N_SAMPLES` samples: if its
        reference moment is the segment's end, it ends as it plunges; if that is
        `later`, it breaks off before.
    first : int
        The stream's sample at which the segment begins.
    ratio : float
        The signal-to-noise ratio over both channels, above 0; the distance of the
        inspiral does not count.
    """

    inspiral: Inspiral
    first: int
    ratio: float

    @property
    def last(self) -> int:
        """Number of the sample after the segment."""
        return self.first + N_SAMPLES


def stream(
    n_samples: int, *, seed: int, placed: Sequence[Placed] = ()
) -> NDArray[np.float64]:
    """Return simulated strain of channels I and II.

    Parameters
    ----------
    n_samples : int
        Length of the stream.
    seed : int
        Seed of the noise.
    placed : sequence of Placed
        The signals, each inside the stream from its beginning to its end.

    Returns
    -------
    (2, n_samples) ndarray of float64
        Strain at steps of `SAMPLE_SECONDS`, not whitened.

    Raises
    ------
    ValueError
        A signal is not wholly inside the stream; or see `signal`.
    """
    for one in placed:
        if not 0 <= one.first <= one.last <= n_samples:
            raise ValueError(
                f"a signal from sample {one.first:,} to {one.last:,} is not inside a "
                f"stream of {n_samples:,}"
            )
    total = noise(n_samples, np.random.default_rng(seed))
    for one in placed:
        total[:, one.first : one.last] += signal(one)
    return total


def noise(n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return strain of Gaussian noise with TianQin's spectrum.

    Parameters
    ----------
    n_samples : int
        How many samples.
    rng : numpy.random.Generator

    Returns
    -------
    (2, n_samples) ndarray of float64
        Independent noise of channels I and II at steps of `SAMPLE_SECONDS`.

    Notes
    -----
    White noise is multiplied in frequency by the root of the curve of
    `amphitrite.surveys.emri.prepare.noise_curve.tianqin`, its own value also below the
    band of the inspirals, down to `FLAT_BELOW_HZ`; below that the density stays what it
    is there, since it cannot rise for ever.  What comes from a Fourier transform ends
    where it began; a margin that is then cut off keeps the stream from doing so.
    """
    n = fft.next_fast_len(n_samples + _MARGIN, real=True)
    total = np.empty((len(CHANNELS), n_samples))
    for row in total:  # one after the other, to save memory
        row[:] = coloured(rng, n, tianqin, flat_below=FLAT_BELOW_HZ)[:n_samples]
    return total


def signal(placed: Placed) -> NDArray[np.float64]:
    """Return the strain of an inspiral alone, as loud as it is in the stream.

    Parameters
    ----------
    placed : Placed
        The inspiral.

    Returns
    -------
    (2, `N_SAMPLES`) ndarray of float64
        Strain, which sets in over `FADE` samples, since the inspiral was there before
        the segment began.  Whitened with TianQin's curve, its squares add up to the
        square of the ratio asked for.

    Raises
    ------
    ValueError
        The inspiral cannot be followed through the segment; see
        `amphitrite_training.surveys.emri.simulate.orbits.orbit`.
    """
    path = orbit(placed.inspiral)
    if path is None:
        raise ValueError(f"the orbit of {placed.inspiral} cannot be followed")
    alone = strain(placed.inspiral, path) / np.float64(STRAIN_UNIT)
    alone[:, :FADE] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(FADE) / FADE)
    return np.asarray(alone * (placed.ratio / signal_to_noise(alone)), np.float64)
