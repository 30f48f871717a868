"""The generalised Lomb-Scargle periodogram of an unevenly sampled light curve.

A sinusoid and a constant are fitted at every frequency (Zechmeister & Kürster 2009,
A&A 496, 577, doi:10.1051/0004-6361:200811296).  The sums over time are non-uniform
Fourier transforms to arbitrary frequencies (type 3), computed by finufft (Barnett,
Magland & af Klinteberg 2019, doi:10.1137/18M120885X).  A grid of periods then takes
milliseconds, without a sine and a cosine for each point at each period.
"""

from __future__ import annotations

from typing import Final

import finufft
import numpy as np
from astropy.timeseries import LombScargle
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Relative precision of the transforms; the power then agrees with direct sums to 1e-9.
_PRECISION: Final = 1e-12
# Determinant below which sine and cosine cannot be distinguished at a frequency.
_SINGULAR: Final = 1e-9


def power(time: ArrayLike, flux: ArrayLike, frequencies: ArrayLike) -> Floats:
    """Return the power of the best sinusoid plus constant at each frequency.

    Parameters
    ----------
    time : (n,) array_like of float
        Times, all finite, in any unit and from any zero point.
    flux : (n,) array_like of float
        Brightness at these times, all finite; every point has the same weight.
    frequencies : (m,) array_like of float
        Frequencies, positive, in cycles per unit of time; in any order.

    Returns
    -------
    (m,) ndarray of float64
        The fraction of the variance that the fit explains, 0 to 1: the normalisation
        that astropy calls "standard".  All 0 if the flux is constant, and 0 at a
        frequency at which all points have the same phase or opposite ones, such as half
        the sampling rate of even sampling.

    Raises
    ------
    ValueError
        Time and flux differ in length, or hold fewer than three points.

    Examples
    --------
    >>> time = np.linspace(0, 10, 500)
    >>> power(time, np.sin(2 * np.pi * time / 2.5), [0.4]).round(6)
    array([1.])
    """
    t, y = np.asarray(time, np.float64), np.asarray(flux, np.float64)
    f = np.asarray(frequencies, np.float64)
    if t.shape != y.shape or t.ndim != 1 or len(t) < 3:
        raise ValueError(
            "a periodogram needs at least three points and one time for each flux; "
            f"received shapes {t.shape} and {y.shape}"
        )
    y = y - y.mean()
    variance = np.mean(y * y)
    if variance == 0:
        return np.zeros(len(f))
    phase = 2 * np.pi * (t - 0.5 * (t.min() + t.max()))
    flux_and_one = np.stack([y, np.ones_like(y)]).astype(np.complex128)
    yes, ones = _transform(phase, flux_and_one, f)
    twice = _transform(phase, flux_and_one[1:], 2 * f)[0]
    # The names of Zechmeister & Kürster (2009), their equations 7 to 15.
    yc, ys, c, s = yes.real, yes.imag, ones.real, ones.imag
    cc = 0.5 * (1 + twice.real) - c * c
    ss = 0.5 * (1 - twice.real) - s * s
    cs = 0.5 * twice.imag - c * s
    determinant = cc * ss - cs * cs
    explained = ss * yc**2 + cc * ys**2 - 2 * cs * yc * ys
    told_apart = determinant > _SINGULAR
    result = np.zeros(len(f))
    np.divide(explained, variance * determinant, out=result, where=told_apart)
    return np.clip(result, 0.0, 1.0)


def _transform(phase: Floats, values: NDArray[np.complex128], f: Floats) -> Floats:
    """Return the mean of ``values * exp(i f phase)`` over points, (rows, m)."""
    # One thread, since light curves are prepared in parallel by several processes.
    sums = finufft.nufft1d3(phase, values, f, isign=1, eps=_PRECISION, nthreads=1)
    return np.atleast_2d(sums) / len(phase)


def frequencies(shortest: float, longest: float, span: float) -> Floats:
    """Return a grid of frequencies that is fine enough for all peaks of a periodogram.

    Parameters
    ----------
    shortest, longest : float
        Limits of the periods, in the unit of ``span``.
    span : float
        Time from the first to the last point.

    Returns
    -------
    (m,) ndarray of float64
        Increasing frequencies, five in the width 1 / ``span`` of a peak.
    """
    step = 1 / (5 * span)
    return np.arange(1 / longest, 1 / shortest + step, step)


def false_alarm_probability(
    peak: float, time: ArrayLike, *, maximum_frequency: float
) -> float:
    """Return the probability that noise alone has a peak of this height.

    Parameters
    ----------
    peak : float
        The highest power of a periodogram.
    time : (n,) array_like of float
        The times of the points.
    maximum_frequency : float
        Highest frequency of the periodogram in cycles per unit of time.

    Returns
    -------
    float
        Probability, 0 to 1, after Baluev (2008, MNRAS 385, 1279,
        doi:10.1111/j.1365-2966.2008.12689.x).

    Notes
    -----
    The formula holds for white noise.  The noise of space photometry is not white, so
    that values well below 1 are common for stars that do not vary.
    """
    # The formula does not depend on the flux.
    times = np.asarray(time, np.float64)
    stand_in = LombScargle(times, np.zeros_like(times))
    return float(
        stand_in.false_alarm_probability(
            peak, method="baluev", maximum_frequency=maximum_frequency
        )
    )
