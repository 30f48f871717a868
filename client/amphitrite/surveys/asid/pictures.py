"""A picture of the sky with the density of photons and the detected sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from astropy.table import QTable
from astropy.wcs import WCS
from astropy_healpix import healpy
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from amphitrite.errors import MissingExtra
from amphitrite.surveys.asid.prepare.patches import angles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure


# Regions with a larger radius are drawn on an all-sky map.
_LOCAL_DEGREES: Final = 40.0
_MARGIN: Final = 1.05
_LOCAL_PIXELS: Final = 300
_FINEST_PIXEL: Final = 0.05  # deg, half of the instrument's best resolution
_SMOOTHING_PIXELS: Final = 1.0
_SKY_NSIDE: Final = 64  # cells of 0.9 deg, about a pixel of the picture
_SKY_STEP: Final = 0.5  # deg
_STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_COLOURS: Final = "inferno"
_MARKER: Final = "#00e5ff"  # cyan, which the colour map does not contain

Vectors = NDArray[np.floating]


def write(path: Path, vectors: Vectors, table: QTable) -> None:
    """Write a picture of photons and sources, of all sky or of the observed region.

    Parameters
    ----------
    path : Path
        The file; its suffix determines the format.
    vectors : (n, 3) ndarray
        Galactic unit vectors of the photons.
    table : QTable
        A catalogue with Galactic coordinates in the columns ``l`` and ``b``.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    """
    draw(vectors, table).savefig(path)


def check_available() -> None:
    """Check that pictures can be drawn.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("A picture of the sky", "plots") from None


def draw(vectors: Vectors, table: QTable) -> Figure:
    """Return the figure of photons and sources; see `write`."""
    check_available()
    middle, radius = extent(vectors)
    if radius > _LOCAL_DEGREES:
        figure = _whole_sky(vectors, table)
    else:
        figure = _local(vectors, table, middle, radius)
    sources = f"{len(table):,} source{'s' * (len(table) != 1)}"
    figure.axes[0].set_title(f"{sources} among {len(vectors):,} photons", pad=14)
    return figure


def extent(vectors: Vectors) -> tuple[NDArray[np.float64], float]:
    """Return centre and radius of the region that some directions cover.

    Parameters
    ----------
    vectors : (n, 3) ndarray
        Unit vectors.

    Returns
    -------
    middle : (3,) ndarray of float64
        Unit vector of the mean direction.
    radius : float
        Largest distance from it in deg; 180 if the directions have no mean, or if there
        are none.
    """
    total = np.sum(vectors, axis=0, dtype=np.float64)
    length = float(np.linalg.norm(total))
    if length == 0:
        return np.array([1.0, 0.0, 0.0]), 180.0
    middle: NDArray[np.float64] = np.divide(total, length)
    lowest = float(np.clip((vectors @ middle).min(), -1, 1))
    return middle, float(np.degrees(np.arccos(lowest)))


def _whole_sky(vectors: Vectors, table: QTable) -> Figure:
    """Return an all-sky map; longitude is 0 at the centre and increases to the left."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.8), dpi=110, layout="constrained")
    axes = figure.add_subplot(projection="mollweide")
    edges = [np.arange(-h, h + _SKY_STEP / 2, _SKY_STEP) for h in (180, 90)]
    lon, lat = (0.5 * (edge[1:] + edge[:-1]) for edge in edges)
    # The projection's x increases to the right and is therefore minus the longitude.
    density = _cell_density(vectors, -lon[None, :], lat[:, None])
    mesh = axes.pcolormesh(
        *(np.radians(edge) for edge in edges),
        density,
        cmap=_COLOURS,
        norm=_stretch(density),
        rasterized=True,
    )
    turned = np.radians((180 - table["l"].to_value("deg")) % 360 - 180)
    axes.plot(turned, np.radians(table["b"].to_value("deg")), **_circles(4))
    ticks = np.arange(-150, 151, 30)
    axes.set_xticks(np.radians(ticks), [f"{-tick % 360}°" for tick in ticks])
    axes.tick_params(axis="x", colors="white", labelsize=8)
    axes.grid(color="white", alpha=0.25, linewidth=0.5)
    axes.set_xlabel("Galactic longitude l")
    axes.set_ylabel("Galactic latitude b")
    figure.colorbar(mesh, ax=axes, shrink=0.7, label="photons per square degree")
    return figure


def _cell_density(
    vectors: Vectors, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the photons per square degree, interpolated between HEALPix cells."""
    n_cells = 12 * _SKY_NSIDE**2
    cells = healpy.vec2pix(_SKY_NSIDE, *np.asarray(vectors, np.float64).T)
    counts = np.bincount(cells, minlength=n_cells).astype(np.float64)
    per_degree = n_cells / (4 * np.pi * np.degrees(1) ** 2)
    lon, lat = np.broadcast_arrays(lon, lat)
    shown = healpy.get_interp_val(counts * per_degree, lon % 360, lat, lonlat=True)
    return np.asarray(shown, np.float64)


def _local(
    vectors: Vectors, table: QTable, middle: NDArray[np.float64], radius: float
) -> Figure:
    """Return a map of a region in an equal-area projection about its centre."""
    from matplotlib.figure import Figure

    wcs, side = _local_wcs(middle, radius)
    pixel = wcs.wcs.cdelt[1]
    x, y = wcs.wcs_world2pix(*angles(vectors), 0)
    counts, _, _ = np.histogram2d(
        *(y, x), bins=side, range=[[-0.5, side - 0.5], [-0.5, side - 0.5]]
    )
    density = gaussian_filter(counts, _SMOOTHING_PIXELS) / pixel**2
    figure = Figure(figsize=(9, 7.6), dpi=110, layout="constrained")
    axes = figure.add_subplot(projection=wcs)
    image = axes.imshow(density, origin="lower", cmap=_COLOURS, norm=_stretch(density))
    sources = wcs.wcs_world2pix(
        table["l"].to_value("deg"), table["b"].to_value("deg"), 0
    )
    axes.plot(*sources, **_circles(9))
    axes.set_xlim(-0.5, side - 0.5)
    axes.set_ylim(-0.5, side - 0.5)
    axes.coords.grid(color="white", alpha=0.25, linewidth=0.5)
    axes.coords[0].set_axislabel("Galactic longitude l")
    axes.coords[1].set_axislabel("Galactic latitude b")
    for coordinate, side_of_label in zip(axes.coords, "bl", strict=True):
        coordinate.set_major_formatter("d.d" if radius < 5 else "d")
        # by default, astropy may put them at the place of the title
        coordinate.set_ticklabel_position(side_of_label)
        coordinate.set_axislabel_position(side_of_label)
    _scale_bar(axes, side, pixel)
    figure.colorbar(image, ax=axes, label="photons per square degree")
    return figure


def _local_wcs(middle: NDArray[np.float64], radius: float) -> tuple[WCS, int]:
    """Return a projection about a direction, and the number of pixels on a side."""
    half = max(radius * _MARGIN, 10 * _FINEST_PIXEL)
    pixel = max(_FINEST_PIXEL, 2 * half / _LOCAL_PIXELS)
    side = int(np.ceil(2 * half / pixel))
    lon, lat = angles(middle)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "GLON-ZEA", "GLAT-ZEA"
    wcs.wcs.crval = float(lon), float(lat)
    wcs.wcs.crpix = (side + 1) / 2, (side + 1) / 2
    wcs.wcs.cdelt = -pixel, pixel
    wcs.wcs.set()
    return wcs, side


def _scale_bar(axes: Axes, side: int, pixel: float) -> None:
    """Draw a scale bar of a round length, at most a quarter of the map's width."""
    width = side * pixel
    length = max((s for s in _STEPS if s <= width / 4), default=_STEPS[0])
    right, low = 0.95 * side, 0.04 * side
    left = right - length / pixel
    axes.plot([left, right], [low, low], color="white", linewidth=2)
    axes.text(
        *((left + right) / 2, low + 0.01 * side, f"{length:g}°"),
        color="white",
        ha="center",
        va="bottom",
    )


def _stretch(density: NDArray[np.float64]) -> Normalize:
    """Return a square-root colour scale on which the brightest pixels saturate."""
    from matplotlib.colors import PowerNorm

    shown = density[density > 0]
    top = float(np.percentile(shown, 99.8)) if shown.size else 1.0
    return PowerNorm(0.5, vmin=0.0, vmax=top, clip=True)


def _circles(size: float) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": size,
        "markerfacecolor": "none",
        "markeredgecolor": _MARKER,
        "markeredgewidth": 0.8,
    }
