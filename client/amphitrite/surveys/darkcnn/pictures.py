"""A picture of the sample: its estimate, profiles by class, and single clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.judgement import Judgement
from amphitrite.surveys.darkcnn.interpret.posterior import GRID, SHARES
from amphitrite.surveys.darkcnn.interpret.profiles import MIDDLES_KPC
from amphitrite.surveys.darkcnn.page import (
    CHANNELS,
    CROSS_SECTIONS,
    FIELD_KPC,
    LABELS,
    TOTAL,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE: Final = "simulated training; not for publication"
"""Stands at the head of the picture."""
N_SHOWN: Final = 3
"""How many of the most and of the least certain clusters are shown."""

_COLOURS: Final = ("#1f3a5f", "#c8553d", "#d9a441")
_BANDS: Final = ("#e3a08f", "#f0d3cb")  # of `SHARES`
_TOTAL: Final = CHANNELS.index(TOTAL)
_FAINT: Final = 1e-3  # of a map's maximum, where its colours end


@dataclass(frozen=True)
class Shown:
    """A cluster that is shown.

    Parameters
    ----------
    name : str
    probabilities : (3,) ndarray of float64
        Of the classes.
    maps : (100, 100, 3) ndarray of float32
        See `amphitrite.surveys.darkcnn.prepare.tensors.Prepared`.
    """

    name: str
    probabilities: NDArray[np.float64]
    maps: NDArray[np.float32]


def extremes(probabilities: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Return the rows of the most and of the least certain clusters.

    Parameters
    ----------
    probabilities : (n, 3) ndarray of float64
        Of the classes.

    Returns
    -------
    most, least : list of int
        `N_SHOWN` each, or fewer; the most certain first, and the least certain first.
    """
    rising = np.argsort(probabilities.max(axis=1), kind="stable")
    return rising[::-1][:N_SHOWN].tolist(), rising[:N_SHOWN].tolist()


def sample(
    clusters: Clusters,
    judgement: Judgement,
    most: Sequence[Shown],
    least: Sequence[Shown],
) -> Figure:
    """Return a figure of the sample.

    Parameters
    ----------
    clusters : Clusters
        The clusters.
    judgement : Judgement
        What they say together.
    most, least : sequence of Shown
        The most and the least certain clusters; see `extremes`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), dpi=100, layout="constrained")
    figure.suptitle(TITLE, color="#b00020", fontsize=14, fontweight="bold")
    grid = figure.add_gridspec(2, 2 * N_SHOWN, height_ratios=(1.7, 1))
    _draw_posterior(figure.add_subplot(grid[0, :N_SHOWN]), judgement)
    _draw_profiles(figure.add_subplot(grid[0, N_SHOWN:]), clusters)
    for first, word, shown in ((0, "most", most), (N_SHOWN, "least", least)):
        for number, cluster in enumerate(shown):
            axes = figure.add_subplot(grid[1, first + number])
            _draw_map(axes, cluster, f"{word} certain {number + 1}")
    return figure


def _draw_posterior(axes: Axes, judgement: Judgement) -> None:
    """Draw the calibrated estimate, and where the original's would be."""
    posterior, n = judgement.posterior, int(judgement.in_sample.sum())
    axes.set(xlabel="cross-section per mass [cm$^2$/g]", ylabel="density [g/cm$^2$]")
    if not posterior.is_known:
        axes.set_title("no cluster counts: no estimate")
        return
    ends = [posterior.interval(share) for share in SHARES]
    for share, (low, high), colour in reversed(
        [*zip(SHARES, ends, _BANDS, strict=True)]
    ):
        axes.axvspan(low, high, color=colour, label=f"{share:.0%} interval")
    axes.plot(GRID, posterior.density, color=_COLOURS[0], label="calibrated posterior")
    product = judgement.product.mean
    axes.axvline(
        product,
        color="0.4",
        linestyle=":",
        label="product of probabilities: overconfident",
    )
    # the interval and as much again on either side, but never beyond the prior
    low, high = ends[-1]
    width = max(high - low, 0.05)
    left = max(min(low - width, product - 0.02), -0.01)
    axes.set_xlim(left, min(max(high + width, product + 0.02), 1.51))
    axes.set_ylim(0, 1.35 * posterior.density.max())
    (inner_low, inner_high) = ends[0]
    axes.set_title(
        f"{n} clusters: {posterior.median:.3f} ({inner_low:.3f} to {inner_high:.3f}) "
        "cm$^2$/g"
    )
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)


def _draw_profiles(axes: Axes, clusters: Clusters) -> None:
    """Draw the mean profiles of clusters by their most probable class."""
    absolute = ~clusters.relative
    used = absolute if absolute.any() else ~absolute
    best = clusters.probabilities.argmax(axis=1)
    for number, (label, sigma) in enumerate(zip(LABELS, CROSS_SECTIONS, strict=True)):
        rows = used & (best == number)
        if not rows.any():
            continue
        mean = clusters.profile[rows].mean(axis=0)
        axes.plot(
            *(MIDDLES_KPC, np.where(mean > 0, mean, np.nan)),
            color=_COLOURS[number],
            marker="o",
            markersize=3,
            label=f"{label} ({sigma:g} cm$^2$/g): {rows.sum()} clusters",
        )
    unit = "convergence at redshift 0.3" if absolute.any() else "over the maximum"
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="distance from the centre [kpc]",
        ylabel=f"all mass, {unit}",
        title="mean profiles by most probable class",
    )
    axes.legend(fontsize=8)


def _draw_map(axes: Axes, cluster: Shown, title: str) -> None:
    """Draw the map of all mass of a cluster, in steps of its logarithm."""
    total = cluster.maps[..., _TOTAL]
    highest = float(total.max())
    half = FIELD_KPC / 2
    axes.imshow(
        np.log10(np.maximum(total / highest, _FAINT)),
        origin="lower",
        extent=(-half, half, -half, half),
        cmap="magma",
    )
    best = int(cluster.probabilities.argmax())
    axes.set_title(
        f"{title}\n{cluster.name}\n{LABELS[best]} {cluster.probabilities[best]:.2f}",
        fontsize=9,
    )
    axes.set_xlabel("[kpc]", fontsize=8)
    axes.set(xticks=(-half / 2, 0, half / 2), yticks=(-half / 2, 0, half / 2))
    axes.tick_params(labelsize=7)
