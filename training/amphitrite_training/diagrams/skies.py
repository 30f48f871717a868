"""A map of the sky with the sources that a search found and missed.

The function takes plain arrays.
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
_KEY: Final = (1e-10, 1e-9, 1e-8)  # fluxes whose markers are in the legend
_FAINTEST: Final = 3e-11


@dataclass(frozen=True)
class Places:
    """Positions and fluxes of sources.

    Parameters
    ----------
    lon, lat : (n,) ndarray
        Galactic coordinates in deg.
    flux : (n,) ndarray
        Photon fluxes in cm-2 s-1; below 3e-11 all markers have the smallest size.
    """

    lon: Floats
    lat: Floats
    flux: Floats

    def __len__(self) -> int:
        return len(self.lon)


def sky(
    found: Places, missed: Places, false: Places, *, title: str, missed_label: str
) -> Figure:
    """Return an all-sky map of found and missed sources and of false detections.

    Parameters
    ----------
    found, missed, false : Places
        True sources in the catalogue, true sources that are not, and rows of the
        catalogue that are not true sources.
    title, missed_label : str
        Title of the map, and label of the missed sources.

    Returns
    -------
    Figure
        Mollweide projection of Galactic coordinates; longitude is 0 at the centre and
        increases to the left.  The brighter a source, the larger is its marker.
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
    """Return the coordinates in the projection, whose x increases to the right."""
    return np.radians((180 - places.lon) % 360 - 180), np.radians(places.lat)


def _area(flux: Floats) -> Floats:
    """Return the areas of markers, which increase with the logarithm of the flux."""
    decades = np.log10(np.maximum(flux, _FAINTEST) / _FAINTEST)
    return 1 + 3 * decades**2
