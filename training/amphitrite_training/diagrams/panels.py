"""Diagrams of score distributions and of many small curves.

The functions take plain arrays, so that the cards of all surveys can have them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import _SURE, COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

_INK, _MARK = COLOURS[:2]


def scores(
    groups: Mapping[str, Floats], *, threshold: float, wanted: Sequence[str], title: str
) -> Figure:
    """Return a figure of the distribution of scores of each class.

    Parameters
    ----------
    groups : mapping of str to (n,) ndarray
        Scores from 0 to 1, by class.
    threshold : float
        Score that is marked by a line.
    wanted : sequence of str
        The classes whose scores should be high.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        A histogram for each class, with the same height, against the odds of the score
        on a logarithmic axis, which resolves both ends of the scale.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.42 * len(groups) + 1.4), layout="constrained")
    axes = figure.subplots()
    edges = np.linspace(-_SURE, _SURE, 81)
    for row, (name, values) in enumerate(reversed(groups.items())):
        counts, _ = np.histogram(log_odds(values), edges)
        heights = 0.85 * counts / max(1, counts.max())
        colour = _MARK if name in wanted else _INK
        axes.stairs(row + heights, edges, baseline=row, fill=True, color=colour)
        axes.axhline(row, color=colour, linewidth=0.5)
    at = float(log_odds(np.array([threshold]))[0])
    axes.axvline(at, color="black", linestyle=":")
    ticks = np.array([0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999])
    axes.set_xticks(log_odds(ticks), [f"{tick:g}" for tick in ticks])
    names = [f"{name} ({len(values):,})" for name, values in reversed(groups.items())]
    axes.set_yticks(np.arange(len(groups)) + 0.1, names)
    axes.tick_params(axis="y", length=0)
    axes.set(
        xlabel=f"score; the line is at the threshold {threshold:g}",
        title=title,
        xlim=(-_SURE, _SURE),
        ylim=(-0.1, len(groups)),
    )
    return figure


def log_odds(score: Floats) -> Floats:
    """Return the decimal logarithm of score / (1 - score), limited to -4 to 4."""
    score = np.asarray(score, dtype=float)
    with np.errstate(divide="ignore"):
        return np.clip(np.log10(score) - np.log10(1 - score), -_SURE, _SURE)


@dataclass(frozen=True)
class Panel:
    """One of many small curves.

    Parameters
    ----------
    title : str
        Its title, which may have several lines.
    x, y : (n,) ndarray
        Coordinates of the points.
    """

    title: str
    x: Floats
    y: Floats


def panels(shown: Sequence[Panel], *, title: str, xlabel: str, columns: int) -> Figure:
    """Return a figure of small curves side by side, each with its own scale.

    Parameters
    ----------
    shown : sequence of Panel
        The curves, row by row from the left.
    title, xlabel : str
        Title and label of the x axis of the whole figure.
    columns : int
        Number of curves in a row.
    """
    from matplotlib.figure import Figure

    n_rows = max(1, -(-len(shown) // columns))
    size = (3.2 * columns, 1.7 * n_rows + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=10)
    figure.supxlabel(xlabel, fontsize=8)
    grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, shown, strict=False):
        _draw_panel(axes, panel)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.plot(panel.x, panel.y, ".", markersize=1, color=_INK)
    axes.set_title(panel.title, fontsize=7)
    axes.tick_params(labelsize=6)
