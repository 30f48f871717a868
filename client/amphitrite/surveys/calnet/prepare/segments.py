"""What the network of calnet sees of a light curve: its segments.

A light curve is split where nothing was measured for long; each part that is left with
enough points becomes 4000 evenly spaced points and a periodogram.  This is the only
copy of the preprocessing of CALNet (arXiv:2504.15875): training and client share it.
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

_FEWEST: Final = 4  # points, for a cubic through them


@dataclass(frozen=True)
class Segment:
    """One stretch of a light curve without a long gap.

    Parameters
    ----------
    light_curve : (4000,) ndarray of float32
        Flux at even steps of time, from 0 (lowest) to 1 (highest).
    periodogram : (1000,) ndarray of float32
        Generalised Lomb-Scargle power at `PERIODS`, from 0 (lowest) to 1 (highest).
    time : (n,) ndarray of float64
        Times of the points that were kept, days, rising.
    flux : (n,) ndarray of float64
        Their flux, in the unit of the input.
    """

    light_curve: NDArray[np.float32]
    periodogram: NDArray[np.float32]
    time: NDArray[np.float64]
    flux: NDArray[np.float64]

    @property
    def span(self) -> float:
        """Days from the first to the last point."""
        return float(self.time[-1] - self.time[0])

    @property
    def n_points(self) -> int:
        """How many points were kept."""
        return len(self.time)


def segments(
    time: ArrayLike, flux: ArrayLike, *, interpolation: str = "pchip"
) -> list[Segment]:
    """Prepare a light curve for the network.

    Parameters
    ----------
    time : (n,) array_like of float
        Days, strictly rising and finite.
    flux : (n,) array_like of float
        In any linear unit, finite.
    interpolation : {"pchip", "spline"}
        How the flux is resampled.  The paper's cubic spline overshoots beside gaps
        within a segment, which the shape-preserving one does not.

    Returns
    -------
    list of Segment
        In the order of time; empty where no part has `LEAST_POINTS` points.  A part
        with constant flux is left out.

    Raises
    ------
    BadInput
        The times do not rise, or a value is not finite.
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
        Days, rising.

    Returns
    -------
    list of slice
        In order; together they are the whole.  Empty where there is no point.
    """
    if not len(time):
        return []
    edges = np.flatnonzero(np.diff(time) > GAP_DAYS) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(time)]
    return [slice(start, stop) for start, stop in zip(starts, stops, strict=True)]


def drop_highest(
    time: NDArray[np.float64], flux: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Drop the points whose flux is not below the percentile `PERCENTILE`."""
    keep = flux < np.percentile(flux, PERCENTILE)
    return time[keep], flux[keep]


def to_unit_range(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shift and stretch values so that they reach from 0 to 1.

    Equal values all become 0.
    """
    lowest, height = values.min(), np.ptp(values)
    scaled = (values - lowest) / height if height > 0 else np.zeros_like(values)
    return scaled.astype(np.float32)


def _segment(
    time: NDArray[np.float64], flux: NDArray[np.float64], interpolation: str
) -> Segment:
    """Prepare one part, the highest points of which have been dropped."""
    return Segment(
        light_curve=to_unit_range(resample(time, flux, interpolation=interpolation)),
        periodogram=to_unit_range(power(time, flux, 1 / PERIODS)),
        time=time,
        flux=flux,
    )


def _checked(
    time: ArrayLike, flux: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as arrays of float64, or refuse them."""
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
