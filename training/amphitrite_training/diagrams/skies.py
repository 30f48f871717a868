"""A map of what a search of the whole sky found and missed.

It takes plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite_training.diagrams.style import BAND, COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Floats = NDArray[np.floating]

_GRID: Final = np.arange(-120, 121, 60)  # deg
_KEY: Final = (1e-10, 1e-9, 1e-8)  # fluxes whose markers the legend explains
_FAINTEST: Final = 3e-11


@dataclass(frozen=True)
class Places:
    """Sources, where they are and how bright.

    Parameters
    ----------
    lon, lat : (n,) ndarray
        Galactic coordinates, deg.
    flux : (n,) ndarray
        Photons/cm2/s; of whatever is fainter than 3e-11 the marker is the smallest.
    """

    lon: Floats
    lat: Floats
    flux: Floats

    def __len__(self) -> int:
        return len(self.lon)


def sky(
    found: Places, missed: Places, false: Places, *, title: str, missed_label: str
) -> Figure:
    """Draw a map of the whole sky with what was found, missed, and only seemed to be.

    Parameters
    ----------
    found, missed, false : Places
        True sources that are in the catalogue, some that are not, and what is in it
        without being one.
    title, missed_label : str
        What stands above, and which sources are shown as missed.

    Returns
    -------
    Figure
        Mollweide's projection of Galactic coordinates, longitude 0 in its middle and
        growing to the left.  The brighter a source, the larger is its marker.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    axes = figure.add_subplot(projection="mollweide")
    looks: tuple[tuple[str, Places, float, dict[str, Any]], ...] = (
        ("found", found, 0, {"facecolor": BAND, "edgecolor": "none"}),
        (missed_label, missed, 12, {"facecolor": "none", "edgecolor": COLOURS[0]}),
        ("false", false, 20, {"facecolor": COLOURS[1], "linewidth": 0, "marker": "X"}),
    )
    for label, places, extra, look in looks:
        axes.scatter(
            *_projected(places),
            s=_area(places.flux) + extra,
            label=f"{label}: {len(places):,}",
            **look,
        )
    for flux in _KEY:
        label = f"$10^{{{np.log10(flux):.0f}}}$ cm$^{{-2}}$ s$^{{-1}}$"
        axes.scatter([], [], s=_area(np.array([flux])), color=BAND, label=label)
    axes.set_xticks(np.radians(_GRID), [""] * len(_GRID))
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.5, linewidth=0.5)
    axes.set_title(title, pad=12)
    axes.set_xlabel("Galactic longitude, 0° in the middle, growing to the left")
    axes.set_ylabel("Galactic latitude")
    figure.legend(loc="outside lower center", ncols=6, fontsize=8)
    return figure


def _projected(places: Places) -> tuple[Floats, Floats]:
    """Return the projection's coordinates; its x grows to the right."""
    return np.radians((180 - places.lon) % 360 - 180), np.radians(places.lat)


def _area(flux: Floats) -> Floats:
    """Return the area of markers, which grows with the flux's logarithm."""
    decades = np.log10(np.maximum(flux, _FAINTEST) / _FAINTEST)
    return 1 + 3 * decades**2
