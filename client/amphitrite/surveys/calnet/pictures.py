"""Pictures of candidates for inspection by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.calnet.interpret.folding import n_bins, phases, profile
from amphitrite.surveys.calnet.interpret.periods import Ephemeris
from amphitrite.surveys.calnet.interpret.stars import Star
from amphitrite.surveys.calnet.prepare.periodogram import frequencies, power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.float64]

SHEET: Final = "contact_sheet.png"
"""Name of the picture of the best candidates."""
_COLUMNS: Final = 10
_THUMBNAIL_BINS: Final = 96
_SHORTEST: Final = 0.08  # d, shortest period of the drawn periodogram
_INK: Final = "#1f3a5f"
_MARK: Final = "#c8553d"


def draw(star: Star, time: Floats, flux: Floats, ephemeris: Ephemeris) -> Figure:
    """Return a figure of a candidate: light curve, periodogram and folded light curve.

    Parameters
    ----------
    star : Star
        The candidate.
    time, flux : (n,) ndarray of float64
        Its points: BJD (TDB) - 2457000 in days, and relative flux.
    ephemeris : Ephemeris
        Its ephemeris.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.5), dpi=100, layout="constrained")
    rows = figure.subplots(3, 1, height_ratios=(1, 0.8, 1.2))
    first = star.files[0]
    figure.suptitle(
        f"{star.name}   sector {star.sectors}   Tmag {first.tmag:.2f}   "
        f"P(EB) {star.p_eb:.3f}\n"
        f"P = {ephemeris.period:.6f} ± {ephemeris.period_err:.1g} d   "
        f"depth {ephemeris.depth:.2%}   {' '.join(ephemeris.flags)}",
        fontsize=11,
    )
    _draw_light_curve(rows[0], time, flux)
    _draw_periodogram(rows[1], time, flux, ephemeris)
    _draw_folded(rows[2], time, flux, ephemeris)
    return figure


def _draw_light_curve(axes: Axes, time: Floats, flux: Floats) -> None:
    axes.plot(time, flux, ",", color=_INK, rasterized=True)
    axes.set_xlabel("BJD (TDB) - 2457000 [d]")
    axes.set_ylabel("relative flux")


def _draw_periodogram(
    axes: Axes, time: Floats, flux: Floats, ephemeris: Ephemeris
) -> None:
    # The grid of a light curve over years would have millions of frequencies.
    inside = time <= time[0] + 56
    t, y = time[inside], flux[inside]
    span = float(t[-1] - t[0])
    grid = frequencies(_SHORTEST, span, span)
    axes.semilogx(1 / grid, power(t, y, grid), color=_INK, linewidth=0.7)
    for period, style in ((ephemeris.period, "-"), (ephemeris.period / 2, ":")):
        axes.axvline(period, color=_MARK, linestyle=style, linewidth=0.8)
    axes.set_xlabel("period [d]; the lines are at P and P/2")
    axes.set_ylabel("GLS power")


def _draw_folded(axes: Axes, time: Floats, flux: Floats, ephemeris: Ephemeris) -> None:
    period, epoch = ephemeris.period, ephemeris.epoch
    x = (phases(time, period, epoch) + 0.25) % 1 - 0.25
    axes.plot(x, flux, ",", color=_INK, alpha=0.5, rasterized=True)
    bins = n_bins(period)
    means = profile(time, flux, period=period, bins=bins, epoch=epoch).mean
    centres = ((np.arange(bins) + 0.5) / bins + 0.25) % 1 - 0.25
    order = np.argsort(centres)
    axes.plot(centres[order], means[order], color=_MARK, linewidth=1)
    axes.set_xlabel("phase")
    axes.set_ylabel("relative flux")


def thumbnail(time: Floats, flux: Floats, ephemeris: Ephemeris) -> Floats:
    """Return the folded light curve of a candidate for the contact sheet.

    Parameters
    ----------
    time, flux, ephemeris
        See `draw`.

    Returns
    -------
    (96,) ndarray of float64
        Mean relative flux in even bins of phase from -0.25 to 0.75.
    """
    means = profile(
        *(time, flux),
        period=ephemeris.period,
        bins=_THUMBNAIL_BINS,
        epoch=ephemeris.epoch - 0.25 * ephemeris.period,
    )
    return means.filled


def draw_sheet(
    stars: Sequence[Star],
    ephemerides: Mapping[str, Ephemeris],
    thumbnails: Mapping[str, Floats],
) -> Figure:
    """Return the contact sheet, a figure of the folded light curves of candidates.

    Parameters
    ----------
    stars : sequence of Star
        The candidates, in the order of the sheet.
    ephemerides : mapping of str to Ephemeris
        Their ephemerides by name.
    thumbnails : mapping of str to (96,) ndarray of float64
        Their folded light curves by name; see `thumbnail`.
    """
    from matplotlib.figure import Figure

    n_rows = max(1, -(-len(stars) // _COLUMNS))
    figure = Figure(figsize=(16, 0.6 + 1.35 * n_rows), dpi=100, layout="constrained")
    figure.suptitle(f"{len(stars)} best candidates, folded", fontsize=11)
    grid = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
    x = (np.arange(_THUMBNAIL_BINS) + 0.5) / _THUMBNAIL_BINS - 0.25
    for axes, star in zip(grid, stars, strict=False):
        axes.plot(x, thumbnails[star.name], color=_INK, linewidth=0.8)
        axes.set_title(
            f"{star.name}\n{ephemerides[star.name].period:.4f} d  {star.p_eb:.2f}",
            fontsize=6,
        )
    for axes in grid:
        axes.set_axis_off()
    return figure
