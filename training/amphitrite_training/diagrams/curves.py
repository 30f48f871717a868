"""Diagrams of labelled curves in panels side by side.

The function takes plain arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import BAND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]
Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Curve:
    """A curve.

    Parameters
    ----------
    x, y : (n,) ndarray
        Its points; on a logarithmic axis those that are not above 0 are left out.
    colour : str
        Of matplotlib.
    style : str
        Format of matplotlib: ``-`` for a line, ``o`` for markers, ``o--`` for both.
    error : (n,) ndarray, optional
        Half-lengths of bars through the points.
    """

    x: Floats
    y: Floats
    colour: str
    style: str = "-"
    error: Floats | None = None


@dataclass(frozen=True)
class Panel:
    """A panel of curves.

    Parameters
    ----------
    curves : mapping of str to Curve
        The curves by label.
    xlabel, ylabel : str
        Names of the axes.
    xscale, yscale : str
        Their scales.
    marks : mapping of str to tuple of float and str
        Vertical lines by label: where, and their style.
    diagonal : str
        Label of a line through the origin with slope 1; none if empty.
    limits : tuple of float, optional
        Of the x axis.
    legend : str
        Where the legend stands.
    """

    curves: Mapping[str, Curve]
    xlabel: str
    ylabel: str
    xscale: Scale = "linear"
    yscale: Scale = "linear"
    marks: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    diagonal: str = ""
    limits: Sequence[float] | None = None
    legend: str = "best"


def curves(panels: Mapping[str, Panel], *, title: str, columns: int) -> Figure:
    """Return a figure of curves.

    Parameters
    ----------
    panels : mapping of str to Panel
        The panels by title, row by row from the left.
    title : str
        Title of the whole figure.
    columns : int
        Number of panels in a row.
    """
    from matplotlib.figure import Figure

    n_rows = -(-len(panels) // columns)
    size = (4.8 * columns, 4.0 * n_rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title)
    grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for axes, (name, panel) in zip(grid, panels.items(), strict=False):
        axes.set_title(name, fontsize=10)
        _draw(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set(
        xscale=panel.xscale,
        yscale=panel.yscale,
        xlabel=panel.xlabel,
        ylabel=panel.ylabel,
    )
    for label, each in panel.curves.items():
        shown = np.isfinite(each.x) & np.isfinite(each.y)
        shown &= (panel.xscale != "log") | (each.x > 0)
        shown &= (panel.yscale != "log") | (each.y > 0)
        axes.errorbar(
            *(each.x[shown], each.y[shown]),
            yerr=None if each.error is None else each.error[shown],
            fmt=each.style,
            color=each.colour,
            markersize=3.5,
            elinewidth=0.8,
            label=label,
        )
    for label, (place, style) in panel.marks.items():
        axes.axvline(place, color="black", linestyle=style, linewidth=1, label=label)
    if panel.diagonal:
        axes.axline((0, 0), slope=1, color=BAND, zorder=0, label=panel.diagonal)
    if panel.limits is not None:
        axes.set_xlim(*panel.limits)
    axes.grid(alpha=0.3)
    axes.legend(loc=panel.legend, fontsize=8)
