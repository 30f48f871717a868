"""The segments of a light curve, which are the inputs of calnet's network.

A light curve is split at long gaps; each part with enough points is resampled to 4000
evenly spaced points and gets a periodogram.  This is the preprocessing of CALNet
(arXiv:2504.15875), which training and client share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.page import GAP_DAYS, LEAST_POINTS, PERCENTILE, PERIODS
from amphitrite.surveys.calnet.prepare.periodogram import power
from amphitrite.surveys.calnet.prepare.resampling import INTERPOLATIONS, resample

_FEWEST: Final = 4  # points, enough for a cubic


@dataclass(frozen=True)
class Segment:
    """A part of a light curve without a long gap, prepared for the network.

    Parameters
    ----------
    light_curve : (4000,) ndarray of float32
        Flux at even steps of time, from 0 (lowest) to 1 (highest).
    periodogram : (1000,) ndarray of float32
        Generalised Lomb-Scargle power at `PERIODS`, from 0 (lowest) to 1 (highest).
    time : (n,) ndarray of float64
        Times of the points that were kept in days, increasing.
    flux : (n,) ndarray of float64
        Their flux in the unit of the input.
    """

    light_curve: NDArray[np.float32]
    periodogram: NDArray[np.float32]
    time: NDArray[np.float64]
    flux: NDArray[np.float64]

    @property
    def span(self) -> float:
        """Time from the first to the last point in days."""
        return float(self.time[-1] - self.time[0])

    @property
    def n_points(self) -> int:
        """Number of points that were kept."""
        return len(self.time)


def segments(
    time: ArrayLike, flux: ArrayLike, *, interpolation: str = "pchip"
) -> list[Segment]:
    """Return the segments of a light curve, prepared for the network.

    Parameters
    ----------
    time : (n,) array_like of float
        Times in days, strictly increasing and finite.
    flux : (n,) array_like of float
        Flux in any linear unit, finite.
    interpolation : {"pchip", "spline"}
        Interpolation with which the flux is resampled.  The paper's cubic spline
        overshoots beside gaps within a segment; ``pchip`` does not.

    Returns
    -------
    list of Segment
        In the order of time; empty if no part has `LEAST_POINTS` points.  Parts with
        constant flux are left out.

    Raises
    ------
    BadInput
        The times do not increase, a value is not finite, the shapes differ, or the
        interpolation is unknown.
    """
    t, y = _checked(time, flux)
    if interpolation not in INTERPOLATIONS:
        raise BadInput(
            f"the interpolation must be one of {', '.join(INTERPOLATIONS)}; received "
            f"{interpolation!r}"
        )
    found = []
    for part in split(t):
        if part.stop - part.start < LEAST_POINTS:
            continue
        kept_time, kept_flux = drop_highest(t[part], y[part])
        if len(kept_time) >= _FEWEST and np.ptp(kept_flux) > 0:
            found.append(_segment(kept_time, kept_flux, interpolation))
    return found


def split(time: NDArray[np.float64]) -> list[slice]:
    """Return the parts of a light curve between gaps longer than `GAP_DAYS`.

    Parameters
    ----------
    time : (n,) ndarray of float
        Times in days, increasing.

    Returns
    -------
    list of slice
        In the order of time; together they contain all points.  Empty without points.
    """
    if not len(time):
        return []
    edges = np.flatnonzero(np.diff(time) > GAP_DAYS) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(time)]
    return [slice(start, stop) for start, stop in zip(starts, stops, strict=True)]


def drop_highest(
    time: NDArray[np.float64], flux: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points whose flux is below the percentile `PERCENTILE`."""
    keep = flux < np.percentile(flux, PERCENTILE)
    return time[keep], flux[keep]


def to_unit_range(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return values scaled linearly so that they range from 0 to 1.

    Constant values become 0.
    """
    lowest, height = values.min(), np.ptp(values)
    scaled = (values - lowest) / height if height > 0 else np.zeros_like(values)
    return scaled.astype(np.float32)


def _segment(
    time: NDArray[np.float64], flux: NDArray[np.float64], interpolation: str
) -> Segment:
    """Return the segment of one part, whose highest points have been dropped."""
    return Segment(
        light_curve=to_unit_range(resample(time, flux, interpolation=interpolation)),
        periodogram=to_unit_range(power(time, flux, 1 / PERIODS)),
        time=time,
        flux=flux,
    )


def _checked(
    time: ArrayLike, flux: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and fluxes as arrays of float64 after checking them."""
    t, y = np.asarray(time, np.float64), np.asarray(flux, np.float64)
    if t.shape != y.shape or t.ndim != 1:
        raise BadInput(
            "a light curve needs one time for each flux; received shapes "
            f"{t.shape} and {y.shape}"
        )
    if not (np.isfinite(t).all() and np.isfinite(y).all()):
        bad = int((~(np.isfinite(t) & np.isfinite(y))).sum())
        raise BadInput(
            f"{bad} of {len(t)} points are not finite; drop them before the light "
            "curve is split"
        )
    if len(backwards := np.flatnonzero(np.diff(t) <= 0)):
        at = int(backwards[0])
        raise BadInput(
            f"time does not rise: point {at + 1} is at {t[at + 1]:.6f} d, the one "
            f"before it at {t[at]:.6f} d; sort the points and drop repeated ones"
        )
    return t, y
