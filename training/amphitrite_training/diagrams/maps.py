"""Maps of power over time and frequency.

The functions take plain arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

_SHADES: Final = (0.5, 0.999)  # quantiles that are white and black


@dataclass(frozen=True)
class Map:
    """A map of power.

    Parameters
    ----------
    power : (n_times, n_frequencies) ndarray
        Power.
    days, mhz : (float, float)
        Limits of the map in days and in mHz.
    tracks : mapping of str to (2, m) ndarray
        Lines to draw, times in days and frequencies in mHz, by label.
    """

    power: Floats
    days: tuple[float, float]
    mhz: tuple[float, float]
    tracks: Mapping[str, Floats]


def maps(panels: Mapping[str, Map], *, title: str) -> Figure:
    """Return a figure of maps side by side, with the same axes.

    Parameters
    ----------
    panels : mapping of str to Map
        The maps by title.
    title : str
        Title of the figure.

    Returns
    -------
    Figure
        The darker, the more power: from the median of each map to all but its loudest
        0.1 %.
    """
    from matplotlib.figure import Figure

    size = (4.6 * len(panels), 4.6)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (name, each) in zip(grid, panels.items(), strict=True):
        low, high = np.quantile(each.power, _SHADES)
        axes.imshow(
            each.power.T,
            origin="lower",
            aspect="auto",
            extent=(*each.days, *each.mhz),
            cmap="Greys",
            vmin=low,
            vmax=high,
            interpolation="nearest",
        )
        for (label, track), colour in zip(
            each.tracks.items(), COLOURS[1:], strict=False
        ):
            axes.plot(*track, color=colour, linewidth=1, label=label)
        if each.tracks:
            axes.legend(fontsize=8)
        axes.set_title(name, fontsize=10)
        axes.set(xlim=each.days, ylim=each.mhz, xlabel="time (d)")
    grid[0].set_ylabel("frequency (mHz)")
    return figure
