"""Diagrams of measured shares with their confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import BAND, COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Shares:
    """Shares measured in bins.

    Parameters
    ----------
    at, share : (n,) ndarray
        Position of each bin, and the share in it; bins with NaN are left out.
    interval : (n, 2) ndarray or None
        Confidence limits of the shares; None for shares that are known exactly, which
        are drawn as a line.
    few : (n,) ndarray of bool
        Whether a bin has few members; such bins have hollow markers.
    """

    at: Floats
    share: Floats
    interval: Floats | None
    few: NDArray[np.bool_]


def reliability(
    score: Floats, share: Floats, interval: Floats, *, title: str, ylabel: str
) -> Figure:
    """Return a reliability diagram: the true share against the score.

    Parameters
    ----------
    score, share : (n,) ndarray
        Mean score and true share in each bin; bins with NaN are left out.
    interval : (n, 2) ndarray
        Confidence limits of the shares.
    title, ylabel : str
        Title of the figure, and name of the share.

    Returns
    -------
    Figure
        With the diagonal, on which the score is the true probability.
    """
    few = np.zeros(len(score), bool)
    return reliabilities(
        {title: Shares(score, share, interval, few)}, xlabel="score", ylabel=ylabel
    )


def reliabilities(panels: Mapping[str, Shares], *, xlabel: str, ylabel: str) -> Figure:
    """Return reliability diagrams in panels side by side.

    Parameters
    ----------
    panels : mapping of str to Shares
        True shares against predicted probabilities, by the panel's title.
    xlabel, ylabel : str
        Names of the predicted probability and of the share.

    Returns
    -------
    Figure
        With the diagonals, on which the predicted probability is the true one.
    """
    from matplotlib.figure import Figure

    size = (4.2 * len(panels) + 0.6, 4.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, shares) in zip(grid, panels.items(), strict=True):
        axes.plot([0, 1], [0, 1], color=BAND, label=f"{xlabel} = share")
        _draw_shares(axes, shares, COLOURS[0], "simulated, 95 % intervals")
        axes.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
            xlabel=xlabel,
            ylabel=ylabel,
            title=title,
        )
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def binned(
    panels: Mapping[str, Mapping[str, Shares]],
    *,
    columns: int,
    title: str,
    xlabel: str,
    ylabel: str,
    xscale: Literal["log", "linear"] = "log",
    same_labels: bool = False,
) -> Figure:
    """Return a figure of shares against a quantity, in a grid of panels.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Shares
        Shares by the panel's title, row by row from the left, and then by label; up to
        five per panel.
    columns : int
        Number of panels in a row.
    title, xlabel, ylabel : str
        Title and axis labels of the whole figure.
    xscale : str
        Scale of the quantity's axis.
    same_labels : bool
        Whether all panels have the same labels, so that one legend beside them is
        enough.
    """
    from matplotlib.figure import Figure

    n_rows = -(-len(panels) // columns)
    size = (4.2 * columns + 0.8, 2.9 * n_rows + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title)
    figure.supxlabel(xlabel, fontsize=10)
    figure.supylabel(ylabel, fontsize=10)
    grid = figure.subplots(n_rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, (name, curves) in zip(grid.ravel(), panels.items(), strict=False):
        colours = iter(COLOURS)
        for label, shares in curves.items():
            colour = BAND if shares.interval is None else next(colours)
            _draw_shares(axes, shares, colour, label)
        axes.set(xscale=xscale, ylim=(-0.02, 1.02))
        axes.set_title(name, fontsize=10)
        axes.grid(alpha=0.3)
        if not same_labels:
            axes.legend(loc="lower right", fontsize=8)
    if same_labels:
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize=8)
    return figure


def _draw_shares(axes: Axes, shares: Shares, colour: str, label: str) -> None:
    known = np.isfinite(shares.at) & np.isfinite(shares.share)
    at, share, few = shares.at[known], shares.share[known], shares.few[known]
    if shares.interval is None:
        axes.plot(at, share, color=colour, label=label)
        return
    errors = np.clip(np.abs(shares.interval[known] - share[:, None]).T, 0, None)
    axes.errorbar(
        *(at, share), yerr=errors, fmt="o-", color=colour, capsize=3, label=label
    )
    if few.any():
        axes.plot(
            *(at[few], share[few], "o"),
            color=colour,
            markerfacecolor="white",
            zorder=3,
        )
