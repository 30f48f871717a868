"""Strain of faster sampling, brought to steps of 30 s."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS

_NEAR = 1e-6  # relative, which a rounded sampling rate may be off


def samples_together(seconds: float, name: str) -> int:
    """Return how many samples of a file make one of 30 s.

    Parameters
    ----------
    seconds : float
        Time between two samples of the file.
    name : str
        The file, for messages.

    Raises
    ------
    BadInput
        30 s are no multiple of it.
    """
    if not (np.isfinite(seconds) and seconds > 0):
        raise BadInput(
            f"{name}: the time between two samples must be positive; received {seconds}"
        )
    together = round(SAMPLE_SECONDS / seconds)
    if together < 1 or abs(together * seconds / SAMPLE_SECONDS - 1) > _NEAR:
        raise BadInput(
            f"{name} has a sample every {seconds:.10g} s; the network knows one every "
            f"{SAMPLE_SECONDS:g} s, which is no multiple of that; resample it to "
            f"{SAMPLE_SECONDS:g} s, or to {SAMPLE_SECONDS:g} s over a whole number"
        )
    return together


def decimated(values: NDArray[np.float64], together: int) -> NDArray[np.float64]:
    """Return every so many samples of filtered strain.

    Parameters
    ----------
    values : (n_channels, n) ndarray
        Strain; NaN where it is missing.
    together : int
        Samples that make one.

    Returns
    -------
    (n_channels, ceil(n / together)) ndarray of float64
        The first sample is the first one of the input.  NaN where a sample is missing
        within the reach of the filter's main lobe.

    Notes
    -----
    A finite impulse response without delay (Kaiser window, 60 dB) keeps what lies
    above the new Nyquist frequency from coming back below it.  Beyond the ends, the
    strain goes on as a straight line.
    """
    if together == 1:
        return values
    missing = ~np.isfinite(values)
    places = np.arange(values.shape[1])
    filled = np.stack(
        [
            np.interp(places, places[~gone], row[~gone]) if not gone.all() else row * 0
            for row, gone in zip(values, missing, strict=True)
        ]
    )
    result = signal.resample_poly(filled, 1, together, axis=1, padtype="line")
    reach = signal.convolve(
        missing.astype(float), np.ones((1, 2 * together - 1)), mode="same"
    )
    result[reach[:, ::together][:, : result.shape[1]] > 0.5] = np.nan
    return np.asarray(result)
