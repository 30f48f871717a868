"""Diagrams of receiver operating characteristics (ROC)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Roc:
    """A ROC curve.

    Parameters
    ----------
    false_positives, hits : (n,) ndarray
        False-positive rate and true-positive rate (recall), at decreasing thresholds.
    marks : mapping of str to (float, float)
        Points to mark, such as that of the recommended threshold, by label.
    """

    false_positives: Floats
    hits: Floats
    marks: Mapping[str, tuple[float, float]]


def roc(curves: Mapping[str, Roc], *, title: str) -> Figure:
    """Return a figure of ROC curves, with false positives on a logarithmic axis.

    Parameters
    ----------
    curves : mapping of str to Roc
        The curves by label, up to five.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        See `rocs`.
    """
    return rocs(
        {title: curves},
        xlabel="others that are taken (false-positive rate)",
        ylabel="share that is found (recall)",
    )


def rocs(
    panels: Mapping[str, Mapping[str, Roc]],
    *,
    xlabel: str,
    ylabel: str,
    same_labels: bool = False,
) -> Figure:
    """Return a figure of ROC curves in panels, with a logarithmic x axis.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Roc
        The curves by the panel's title and then by label; up to five per panel.
    xlabel, ylabel : str
        Names of the false-positive and true-positive rates.
    same_labels : bool
        Whether all panels have the same labels, so that one legend beside them is
        enough.

    Returns
    -------
    Figure
        A false-positive rate of 0 is drawn at the left edge, at half the lowest
        positive one.  The y axis begins at 0.5, or at 0 if a mark is below that.
    """
    from matplotlib.figure import Figure

    size = (3.2 * (len(panels) + 1), 4.8)
    figure = Figure(figsize=size, layout="constrained")
    rates = np.concatenate(
        [
            curve.false_positives
            for curves in panels.values()
            for curve in curves.values()
        ]
    )
    left = float(rates[rates > 0].min(initial=0.1)) / 2
    marked = [
        hits
        for curves in panels.values()
        for curve in curves.values()
        for _, hits in curve.marks.values()
    ]
    low = 0.5 if min(marked, default=1.0) > 0.5 else 0.0
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (title, curves) in zip(grid, panels.items(), strict=True):
        axes.set_title(title, fontsize=12 if len(panels) == 1 else 10)
        axes.set(xlabel=xlabel, ylim=(low, 1.005))
        _draw_roc(axes, curves, left)
        if not same_labels:
            axes.legend(loc="best", fontsize=8)
    grid[0].set_ylabel(ylabel)
    if same_labels:
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize=8)
    return figure


def _draw_roc(axes: Axes, curves: Mapping[str, Roc], left: float) -> None:
    markers = iter("os^Dv*")
    for (label, curve), colour in zip(curves.items(), COLOURS, strict=False):
        axes.plot(
            *(np.maximum(curve.false_positives, left), curve.hits),
            drawstyle="steps-post",
            color=colour,
            label=label,
        )
        for name, (false_positives, hits) in curve.marks.items():
            axes.plot(
                *(max(false_positives, left), hits, next(markers)),
                color=colour,
                clip_on=False,
                label=f"{label}, {name}",
                linestyle="none",
            )
    axes.set(xscale="log", xlim=(left, 1))
    axes.grid(alpha=0.3)
