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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.floating]

FOLDER: Final = "pictures"
"""Where a card's pictures are, beside it."""

_INK: Final = "#1f3a5f"
_MARK: Final = "#c8553d"
_BAND: Final = "#9fb3c8"
_DPI: Final = 100
_COLOURS: Final = 32
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


def write(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write figures as PNG files.

    Parameters
    ----------
    figures : mapping of str to Figure
        By name, which becomes the file's.
    folder : Path
        Where; made if it does not exist.  Files of the same names are replaced.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    from PIL import Image

    folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for figure, path in zip(figures.values(), paths, strict=True):
        drawn = BytesIO()
        figure.savefig(drawn, dpi=_DPI)
        # A quarter of the size; and with no date or version inside, the same numbers
        # give the same file.
        Image.open(drawn).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
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
        A rate of 0 stands at the left edge, at half of the least one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    rates = np.concatenate([curve.false_positives for curve in curves.values()])
    left = float(rates[rates > 0].min(initial=0.1)) / 2
    markers = iter("os^Dv*")
    for (label, curve), colour in zip(curves.items(), (_INK, _MARK), strict=False):
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
    axes.set(
        xscale="log",
        xlim=(left, 1),
        ylim=(0.5, 1.005),
        xlabel="others that are taken (false-positive rate)",
        ylabel="share that is found (recall)",
        title=title,
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    return figure


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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_BAND, label="score = share")
    known = np.isfinite(score) & np.isfinite(share)
    score, share, interval = score[known], share[known], interval[known]
    errors = np.clip(np.abs(interval - share[:, None]).T, 0, None)
    axes.errorbar(
        *(score, share),
        yerr=errors,
        fmt="o-",
        color=_INK,
        capsize=3,
        label="simulated, 95 % intervals",
    )
    axes.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
        xlabel="score",
        ylabel=ylabel,
        title=title,
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


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
