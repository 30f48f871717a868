"""Resampling of a light curve at even steps of time, by either of two interpolations.

``spline`` is that of CALNet (arXiv:2504.15875), a cubic spline through all points.  It
overshoots beside gaps, which makes false dips.  ``pchip`` stays between the values of
neighbouring points (Fritsch & Butland 1984, doi:10.1137/0905021).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import InterpolatedUnivariateSpline, PchipInterpolator

from amphitrite.surveys.calnet.page import N_POINTS

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

_FITS: Final = 3
_CUT: Final = 3.0
# Factors from the median, or the mean, of absolute deviations to a standard deviation.
_FROM_MEDIAN: Final = 1.4826
_FROM_MEAN: Final = 1.253
# Factor by which a cut at 3 standard deviations reduces the standard deviation, from
# J. Johnson's robust_mean.pro.
_LEFT_BY_CUT: Final = -0.15405 + 0.90723 * _CUT - 0.23584 * _CUT**2 + 0.020142 * _CUT**3


def resample(time: Floats, flux: Floats, *, interpolation: str) -> Floats:
    """Return the flux at even steps from the first to the last time.

    Parameters
    ----------
    time, flux : (n,) ndarray of float64
        At least four points, all finite; times strictly increasing.
    interpolation : {"pchip", "spline"}
        Interpolation between the points.

    Returns
    -------
    (4000,) ndarray of float64
        Flux in the unit of ``flux``.
    """
    x = (time - time[0]) / (time[-1] - time[0])
    curve = INTERPOLATIONS[interpolation](x, flux)
    return curve(np.linspace(0.0, 1.0, N_POINTS))


def _spline(x: Floats, flux: Floats) -> Curve:
    """Return the cubic spline of CALNet's paper.

    The residuals of a spline through all points are rounding errors alone.  The paper's
    cut at three standard deviations of these drops about one point in a thousand,
    practically at random.  It is repeated here exactly, because the result depends on
    it (by up to 0.2 of the range beside gaps).
    """
    curve = InterpolatedUnivariateSpline(x, flux, k=3)
    for _ in range(_FITS - 1):
        keep = _within_cut(flux - curve(x))
        x, flux = x[keep], flux[keep]
        curve = InterpolatedUnivariateSpline(x, flux, k=3)
    return curve  # type: ignore[no-any-return]


def _within_cut(residuals: Floats) -> NDArray[np.bool_]:
    """Return whether residuals are within three robust standard deviations."""
    deviation = np.abs(residuals - np.median(residuals))
    sigma = _FROM_MEDIAN * np.median(deviation)
    if sigma < 1e-24:  # more than half of the residuals are equal
        sigma = _FROM_MEAN * np.mean(deviation)
    sigma = np.std(residuals[deviation <= _CUT * sigma]) / _LEFT_BY_CUT
    within: NDArray[np.bool_] = deviation <= _CUT * sigma
    return within


def _pchip(x: Floats, flux: Floats) -> Curve:
    return PchipInterpolator(x, flux)  # type: ignore[no-any-return]


INTERPOLATIONS: Final[Mapping[str, Callable[[Floats, Floats], Curve]]] = {
    "spline": _spline,
    "pchip": _pchip,
}
"""The interpolations by name."""
