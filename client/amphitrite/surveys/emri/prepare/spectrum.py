"""Spectra of strain: noise curves estimated from it, and whether it is white."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.noise_curve import SKY_AVERAGE, NoiseCurve
from amphitrite.surveys.emri.sampling import (
    CHANNELS,
    LOWEST_HZ,
    SAMPLE_SECONDS,
)

WINDOW: Final = 8192
"""Samples of the windows of a spectrum: 2.8 d."""
_SLOW_HZ: Final = (1e-4, 4e-4)
_FAST_HZ: Final = (4e-3, 1.2e-2)
_FLAT: Final = 4.0  # slow over fast power, or the inverse, of what counts as white
_RED: Final = 100.0  # that of TianQin's strain is beyond a million
_FAR: Final = 2.0  # factor of amplitude beyond which strain is in another unit


def spectrum(
    row: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the power spectral density of one channel.

    Parameters
    ----------
    row : (n,) ndarray
        Strain at steps of 30 s, without NaN; n is at least `WINDOW`.

    Returns
    -------
    frequency, psd : (m,) ndarray of float64
        In Hz and 1/Hz, one-sided, from `LOWEST_HZ` to the Nyquist frequency.

    Notes
    -----
    The median over windows, divided by that of an exponential variable [1]_, so that a
    signal or a glitch that is loud in less than half of the windows changes little: a
    line that drifts through a bin in a tenth of them raises it by some 10 %.  A line
    that stays in a bin counts as noise.

    References
    ----------
    .. [1] Allen et al. 2012, PRD 85, 122006, arXiv:gr-qc/0509116, appendix B
    """
    frequency, psd = signal.welch(
        np.asarray(row, np.float64),
        fs=1 / SAMPLE_SECONDS,
        window="hann",
        nperseg=WINDOW,
        average="median",
    )
    first = int(np.searchsorted(frequency, LOWEST_HZ)) - 1  # one below, to cover it
    return frequency[first:], psd[first:]


def estimated(row: NDArray[np.floating]) -> NoiseCurve:
    """Return the noise curve of one channel, estimated from its own strain.

    Parameters
    ----------
    row : (n,) ndarray
        See `spectrum`.

    Raises
    ------
    BadInput
        The strain has no power at some frequency.
    """
    frequency, psd = spectrum(row)
    psd[-1] *= 2  # the Nyquist frequency stands for itself alone in a one-sided density
    return NoiseCurve(frequency, psd)


def check_red(strain: NDArray[np.floating], name: str) -> None:
    """Refuse strain that is white already, before it is whitened.

    Raises
    ------
    BadInput
        Its slow half has no more power than white noise.
    """
    if (ratio := slow_over_fast(strain)) < _RED:
        raise BadInput(
            f"{name}: the strain has {ratio:.3g} times the power at "
            f"{_SLOW_HZ[0] * 1e3:g} to {_SLOW_HZ[1] * 1e3:g} mHz that it has at "
            f"{_FAST_HZ[0] * 1e3:g} to {_FAST_HZ[1] * 1e3:g} mHz, where the strain of "
            "TianQin has a million times: it seems to be whitened. Give --whitened if "
            "it is, so that it is not whitened twice"
        )


def check_white(strain: NDArray[np.floating], name: str) -> None:
    """Refuse strain that is called whitened and is not flat.

    Raises
    ------
    BadInput
        Slow and fast power differ by more than a factor of four.
    """
    if not 1 / _FLAT < (ratio := slow_over_fast(strain)) < _FLAT:
        raise BadInput(
            f"{name}: the strain is not white: it has {ratio:.3g} times the power at "
            f"{_SLOW_HZ[0] * 1e3:g} to {_SLOW_HZ[1] * 1e3:g} mHz that it has at "
            f"{_FAST_HZ[0] * 1e3:g} to {_FAST_HZ[1] * 1e3:g} mHz; leave --whitened "
            "out, so that it is whitened"
        )


def slow_over_fast(strain: NDArray[np.floating]) -> float:
    """Return the ratio of the spectral densities of slow and fast strain.

    Parameters
    ----------
    strain : (n_channels, n) ndarray
        See `spectrum`; the channel with the smaller ratio counts.
    """
    ratios = []
    for row in strain:
        frequency, psd = spectrum(row)
        slow, fast = (
            np.median(psd[(frequency >= low) & (frequency <= high)])
            for low, high in (_SLOW_HZ, _FAST_HZ)
        )
        ratios.append(float(slow / fast) if fast > 0 else np.inf)
    return min(ratios)


def level(whitened: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the amplitude of whitened noise in each channel; 1 if the curve is right.

    Parameters
    ----------
    whitened : (n_channels, n) ndarray
        See `spectrum`.

    Returns
    -------
    (n_channels,) ndarray of float64
        From the median power over times and frequencies, which is ln 2 of the mean of
        noise, and on which a signal has hardly an effect.
    """
    hann = signal.windows.hann(WINDOW, sym=False).astype(whitened.dtype)
    n_windows = whitened.shape[1] // WINDOW
    windows = whitened[:, : n_windows * WINDOW].reshape(-1, n_windows, WINDOW)
    amplitude = np.abs(fft.rfft(hann * windows))
    first = math.ceil(LOWEST_HZ * WINDOW * SAMPLE_SECONDS)
    typical = np.median(amplitude[..., first:-1], axis=(1, 2)).astype(np.float64)
    white = math.sqrt(math.log(2) * np.square(hann, dtype=np.float64).sum())
    return np.asarray(typical / white)


def check_level(levels: NDArray[np.floating], name: str) -> None:
    """Refuse whitened strain whose noise is far from that of its curve.

    Raises
    ------
    BadInput
        An amplitude is off by more than a factor of two; the factor is named.
    """
    for channel, found in zip(CHANNELS, levels, strict=True):
        if 1 / _FAR < found < _FAR:
            continue
        average = np.sqrt(SKY_AVERAGE)
        raise BadInput(
            f"{name}: the whitened noise of channel {channel} has an amplitude of "
            f"{found:.3g} where it should have 1: the strain is in another unit than "
            "the noise curve, or the curve is that of another quantity (one averaged "
            f"over the sky is {average:.2f} times higher in amplitude). Divide the "
            f"strain by {found:.3g} if that is why, give the right curve with --psd, "
            "or estimate it from the data"
        )
