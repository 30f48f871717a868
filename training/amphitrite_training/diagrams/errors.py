"""Diagrams of measured values against true ones, and of errors in units of the stated.

The functions take plain arrays.  The distribution expected for correctly stated errors
is drawn as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from amphitrite_training.diagrams.style import BAND, COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

HELD: Final = 0.68
"""The share of positions that should be within a radius of 1."""

_FARTHEST: Final = 5.0
_FARTHEST_RADII: Final = 4.0
_BINS: Final = 40
_BINS_OF_VALUES: Final = 10
_SHOWN: Final = (0.16, 0.5, 0.84)
_LEAST: Final = 10  # values in a bin whose scatter is drawn
_APART: Final = 1.06  # factor between markers of the same bin


@dataclass(frozen=True)
class Measured:
    """Measured and true values on a logarithmic scale.

    Parameters
    ----------
    true, measured : (n,) ndarray
        Decimal logarithms of the values.
    sigma : (n,) ndarray
        Stated standard deviation of the measured one in dex.
    """

    true: Floats
    measured: Floats
    sigma: Floats

    @property
    def pull(self) -> Floats:
        """Errors in units of the stated ones; of unit variance if these are right."""
        return (self.measured - self.true) / self.sigma


def pulls(groups: Mapping[str, Measured], *, title: str, quantity: str) -> Figure:
    """Return a figure of the pulls' distribution, and of measured against true values.

    Parameters
    ----------
    groups : mapping of str to Measured
        Values by label; up to three groups.
    title, quantity : str
        Title of the figure, and name of the measured quantity with its unit.

    Returns
    -------
    Figure
        Left: histograms of the pulls, each with an area of 1, and a unit Gaussian;
        pulls beyond 5 are in the outermost bins.  Right: a point for each value, and
        medians in bins of the true one with bars from the 16 % to the 84 % quantile.
    """
    figure, left, right = _pair(title)
    edges = np.linspace(-_FARTHEST, _FARTHEST, _BINS + 1)
    _stated(left, edges, norm.pdf, "unit Gaussian")
    for (name, group), colour in zip(groups.items(), COLOURS, strict=False):
        _histogram(left, group.pull, edges, colour, f"{name}\n{_summary(group.pull)}")
    left.set_xlabel("(measured - true) / stated error, of the logarithm")
    # room for the legend, with two lines for each group
    left.set_ylim(0, (1.1 + 0.17 * len(groups)) * left.get_ylim()[1])
    _finish(left, "upper left")
    _draw_values(right, groups, quantity)
    return figure


def radii(
    groups: Mapping[str, Floats], *, outer: tuple[float, float], title: str
) -> Figure:
    """Return a figure of separations from true positions, in units of the 68 % radius.

    Parameters
    ----------
    groups : mapping of str to (n,) ndarray
        Separations in units of the radius that should hold 68 %, by label; up to three
        groups.
    outer : (float, float)
        Another radius in the same unit, and the share that it should hold.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        Left: histograms, each with an area of 1; separations beyond 4 are in the
        outermost bin.  Right: the share within each radius.  Both with the Rayleigh
        distribution, whose share within x is 1 - 0.32 ** x ** 2.
    """
    figure, left, right = _pair(title)
    edges = np.linspace(0, _FARTHEST_RADII, _BINS + 1)
    _stated(left, edges, _rayleigh_density, "Rayleigh")
    right.plot(edges, _rayleigh(edges), color=BAND, linewidth=4, label="Rayleigh")
    for (name, values), colour in zip(groups.items(), COLOURS, strict=False):
        label = f"{name}: {len(values):,}"
        _histogram(left, values, edges, colour, label)
        within = np.arange(1, len(values) + 1) / max(1, len(values))
        right.step(np.sort(values), within, where="post", color=colour, label=label)
    for radius, share in ((1.0, HELD), outer):
        right.plot([0, radius, radius], [share, share, 0], "k:", linewidth=0.8)
        right.annotate(f"{100 * share:.0f} %", (0.05, share + 0.01), fontsize=8)
    for axes in (left, right):
        axes.set(xlim=(0, _FARTHEST_RADII), xlabel="separation / stated 68 % radius")
    right.set(ylim=(0, 1.02), ylabel="share within")
    _finish(left, "upper right")
    _finish(right, "lower right")
    return figure


def _rayleigh(radius: Floats) -> Floats:
    return np.asarray(1 - (1 - HELD) ** (radius**2))


def _rayleigh_density(radius: Floats) -> Floats:
    rate = -np.log(1 - HELD)
    return np.asarray(2 * rate * radius * np.exp(-rate * radius**2))


def _pair(title: str) -> tuple[Figure, Axes, Axes]:
    """Return a figure with two panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    return figure, left, right


def _stated(
    axes: Axes, edges: Floats, shape: Callable[[Floats], Floats], label: str
) -> None:
    grid = np.linspace(edges[0], edges[-1], 401)
    axes.fill_between(grid, shape(grid), color=BAND, alpha=0.5, label=label)


def _histogram(
    axes: Axes, values: Floats, edges: Floats, colour: str, label: str
) -> None:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    density = counts / max(1, counts.sum()) / np.diff(edges)
    axes.stairs(density, edges, color=colour, linewidth=1.4, label=label)
    axes.set(xlim=(edges[0], edges[-1]), ylabel="density")


def _finish(axes: Axes, legend: str) -> None:
    axes.grid(alpha=0.3)
    axes.legend(loc=legend, fontsize=8)


def _summary(pull: Floats) -> str:
    if not len(pull):
        return "none"
    low, middle, high = np.quantile(pull, _SHOWN)
    return f"{len(pull):,}, median {middle:+.2f}, width {(high - low) / 2:.2f}"


def _draw_values(axes: Axes, groups: Mapping[str, Measured], quantity: str) -> None:
    true, measured = (
        np.concatenate(
            [np.zeros(0), *(getattr(group, name) for group in groups.values())]
        )
        for name in ("true", "measured")
    )
    axes.plot(10**true, 10**measured, ".", color=BAND, markersize=2)
    edges = np.linspace(*_limits(true), _BINS_OF_VALUES + 1)
    ends = 10 ** edges[[0, -1]]
    axes.plot(ends, ends, color="black", linewidth=0.8, label="measured = true")
    for number, (name, group) in enumerate(groups.items()):
        at, quantiles = _quantiles(group, edges)
        low, middle, high = 10**quantiles
        axes.errorbar(
            *(10**at * _APART**number, middle),
            yerr=(middle - low, high - middle),
            fmt="o",
            color=COLOURS[number],
            markersize=4,
            capsize=2,
            label=name,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=f"true {quantity}",
        ylabel=f"measured {quantity}",
    )
    _finish(axes, "upper left")


def _limits(values: Floats) -> tuple[float, float]:
    """Return the lowest and the highest value; (0, 1) without values."""
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _quantiles(group: Measured, edges: Floats) -> tuple[Floats, Floats]:
    """Return the median true value in n bins, and quantiles of the measured, (3, n)."""
    bins = np.searchsorted(edges[1:-1], group.true, side="right")
    rows = [
        (np.median(group.true[here]), *np.quantile(group.measured[here], _SHOWN))
        for here in (bins == number for number in range(len(edges) - 1))
        if here.sum() >= _LEAST
    ]
    at, *quantiles = np.reshape(rows, (-1, 1 + len(_SHOWN))).T
    return at, np.array(quantiles)
