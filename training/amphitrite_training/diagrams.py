"""Pictures of how well a served model does, for its card.

They take plain arrays, so that every survey's card can have them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import MissingExtra
from amphitrite.replacing import aside
from amphitrite.standing import sighting
from amphitrite.storing import writing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.floating]

FOLDER: Final = "pictures"
"""Where a card's pictures are, beside it."""

COLOURS: Final = ("#1f3a5f", "#c8553d", "#5aa9d6")
"""Of the things that are compared; a colour-blind eye tells them by their lightness."""

BAND: Final = "#9fb3c8"
"""Of what things are compared with."""

_INK, _MARK = COLOURS[:2]
_DPI: Final = 100
_PALETTE: Final = 64
_SURE: Final = 4.0  # decades of a score's odds that are shown


def require() -> None:
    """Make sure that pictures can be drawn.

    Raises
    ------
    MissingExtra
        Matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("A card with pictures", "plots") from None


def write(
    figures: Mapping[str, Figure], folder: Path, *, replace: bool = False
) -> list[Path]:
    """Write figures as PNG files.

    Parameters
    ----------
    figures : mapping of str to Figure
        By name, which becomes the file's.
    folder : Path
        Where; made if it does not exist.
    replace : bool
        Whether files of the same names are replaced.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        A file cannot be written, or exists and may not be replaced.
    """
    from PIL import Image

    with writing(folder):
        folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for figure, path in zip(figures.values(), paths, strict=True):
        drawn = BytesIO()
        figure.savefig(drawn, dpi=_DPI)
        # A quarter of the size; and with no date or version inside, the same numbers
        # give the same file.
        drawing = Image.open(drawn).convert("RGB")
        # keeps the colours of thin lines, where others take those of wide areas
        palette = drawing.quantize(_PALETTE, Image.Quantize.MAXCOVERAGE)
        with aside(path, instead_of=sighting(path) if replace else None) as file:
            palette.save(file, optimize=True)
    return paths


@dataclass(frozen=True)
class Roc:
    """A ROC curve.

    Parameters
    ----------
    false_positives, hits : (n,) ndarray
        Shares of the others and of the wanted that are taken, at falling thresholds.
    marks : mapping of str to (float, float)
        Points to mark, such as that of the recommended threshold, by label.
    """

    false_positives: Floats
    hits: Floats
    marks: Mapping[str, tuple[float, float]]


def roc(curves: Mapping[str, Roc], *, title: str) -> Figure:
    """Draw ROC curves, the false positives on a logarithmic axis.

    Parameters
    ----------
    curves : mapping of str to Roc
        By label.
    title : str
        What stands above.

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
    panels: Mapping[str, Mapping[str, Roc]], *, xlabel: str, ylabel: str
) -> Figure:
    """Draw ROC curves in panels side by side, false positives on a logarithmic axis.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Roc
        By title, then by label; up to three in each.
    xlabel, ylabel : str
        What the false positives and the hits are.

    Returns
    -------
    Figure
        A rate of 0 stands at the left edge, at half of the least one; hits below one
        half are shown if a mark is there.
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
    grid[0].set_ylabel(ylabel)
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
    axes.legend(loc="best", fontsize=8)


@dataclass(frozen=True)
class Shares:
    """Shares that were counted in bins.

    Parameters
    ----------
    at, share : (n,) ndarray
        Where each bin stands, and the share in it; bins with NaN are left out.
    interval : (n, 2) ndarray or None
        Limits of the shares; None of a share that is known and not measured, which
        gets a line alone.
    few : (n,) ndarray of bool
        Bins of too few to say much, which are drawn hollow.
    """

    at: Floats
    share: Floats
    interval: Floats | None
    few: NDArray[np.bool_]


def reliability(
    score: Floats, share: Floats, interval: Floats, *, title: str, ylabel: str
) -> Figure:
    """Draw the share that is really wanted against the score.

    Parameters
    ----------
    score, share : (n,) ndarray
        Mean score and share of each bin; bins with NaN are left out.
    interval : (n, 2) ndarray
        Limits of the shares.
    title, ylabel : str
        What stands above, and what the share is of.

    Returns
    -------
    Figure
        With the diagonal, on which a score is the chance that it is right.
    """
    few = np.zeros(len(score), bool)
    return reliabilities(
        {title: Shares(score, share, interval, few)}, xlabel="score", ylabel=ylabel
    )


def reliabilities(panels: Mapping[str, Shares], *, xlabel: str, ylabel: str) -> Figure:
    """Draw shares against what was said of them, in panels side by side.

    Parameters
    ----------
    panels : mapping of str to Shares
        By title.
    xlabel, ylabel : str
        What was said, and what the shares are of.

    Returns
    -------
    Figure
        With the diagonal, on which what was said is true.
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
) -> Figure:
    """Draw shares in bins of something that spans decades, in a grid of panels.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Shares
        By title, in rows from the left; then by label.
    columns : int
        How many in a row.
    title, xlabel, ylabel : str
        Above all, below them, and beside them.
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
        axes.set(xscale="log", ylim=(-0.02, 1.02))
        axes.set_title(name, fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", fontsize=8)
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


def scores(
    groups: Mapping[str, Floats], *, threshold: float, wanted: Sequence[str], title: str
) -> Figure:
    """Draw how the scores of each class are distributed.

    Parameters
    ----------
    groups : mapping of str to (n,) ndarray
        Scores from 0 to 1 by class.
    threshold : float
        Gets a line.
    wanted : sequence of str
        The classes whose scores should be high.
    title : str
        What stands above.

    Returns
    -------
    Figure
        A histogram for each class, each with a height of 1, over the odds of the score
        on a logarithmic axis: both ends of the scale matter.
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
    """Return the decimal logarithm of score / (1 - score), kept within -4 and 4."""
    score = np.asarray(score, dtype=float)
    with np.errstate(divide="ignore"):
        return np.clip(np.log10(score) - np.log10(1 - score), -_SURE, _SURE)


@dataclass(frozen=True)
class Panel:
    """One of many small curves.

    Parameters
    ----------
    title : str
        What stands above it; may have several lines.
    x, y : (n,) ndarray
        The points.
    """

    title: str
    x: Floats
    y: Floats


def panels(shown: Sequence[Panel], *, title: str, xlabel: str, columns: int) -> Figure:
    """Draw small curves side by side, each to its own scale.

    Parameters
    ----------
    shown : sequence of Panel
        In rows, from the left.
    title, xlabel : str
        Above all, and below them.
    columns : int
        How many in a row.
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
