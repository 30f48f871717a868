"""Pictures of a classified image: its morphology in colour, and a quick-look report.

Row 0 is at the bottom, as in DS9.  Images of more than a few thousand pixels on a side
are reduced by averages of blocks while they are read, so that the required memory does
not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from astropy.table import QTable
from astropy.visualization import AsinhStretch, ImageNormalize
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray
from PIL import Image as PillowImage
from skimage.color import hsv2rgb
from skimage.measure import block_reduce

from amphitrite.errors import MissingExtra
from amphitrite.files.images import Box, PixelMap
from amphitrite.files.writing import writing
from amphitrite.surveys.morpheus.page import MORPHOLOGIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


HUES: Final = {
    "spheroid": 0.0,
    "disk": 0.7,
    "irregular": 0.3,
    "point_source": 0.18,
}
"""The hues of the original program: red, blue, green and yellow."""

MARKER_COLOUR: Final = "#00e5ff"
"""Cyan, which is the colour of no class and no segment."""

COLOUR_SIDE: Final = 4096
_REPORT_SIDE: Final = 1200
_STRIP_PIXELS: Final = 500_000
_MOST_NAMES: Final = 60
_PANEL_INCHES: Final = 5.6


def colour_image(
    votes: Mapping[str, PixelMap],
    count: PixelMap,
    path: Path,
    *,
    side: int = COLOUR_SIDE,
) -> None:
    """Write a picture of the morphology in colour, as the original program draws it.

    The hue is that of the leading class, the saturation its lead over the second one,
    the value 1 - background.  Pixels that are not classified are black.

    Parameters
    ----------
    votes : mapping of str to PixelMap
        For each label, (ny, nx) the fraction of windows in which it ranks first.
    count : PixelMap
        (ny, nx) the number of windows that classify the pixel.
    path : Path
        The PNG file.
    side : int
        Largest number of pixels on a side; a larger image is reduced.

    Raises
    ------
    OutputError
        The file cannot be written.

    References
    ----------
    Hausen & Robertson 2020, ApJS 248, 20, arXiv:1906.11248.
    """
    factor = _reduction(count.shape, side)
    rgb = _colours(votes, count, factor)
    picture = PillowImage.fromarray(np.rint(rgb[::-1] * 255).astype(np.uint8))
    with writing(path):
        picture.save(path)


def report(
    flux: PixelMap,
    votes: Mapping[str, PixelMap],
    count: PixelMap,
    labels: NDArray[np.int32],
    table: QTable,
    path: Path,
    *,
    wcs: WCS | None = None,
) -> None:
    """Write the quick-look report: image, classification and segments side by side.

    Every source of the catalogue has a circle in each panel.

    Parameters
    ----------
    flux : PixelMap
        (ny, nx) the H image.
    votes, count
        See `colour_image`.
    labels : ndarray of int32, shape (ny, nx)
        The segmentation map; 0 for sky, -1 for pixels that are not classified.
    table : QTable
        The catalogue.
    path : Path
        The PNG file.
    wcs : WCS, optional
        Celestial coordinates of the image; without it there is no scale bar.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    OutputError
        The file cannot be written.
    """
    figure = draw_report(flux, votes, count, labels, table, wcs=wcs)
    with writing(path):
        figure.savefig(path)


def draw_report(
    flux: PixelMap,
    votes: Mapping[str, PixelMap],
    count: PixelMap,
    labels: NDArray[np.int32],
    table: QTable,
    *,
    wcs: WCS | None = None,
) -> Figure:
    """Return the figure of the quick-look report; see `report`."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("report.png", "plots") from None
    ny, nx = count.shape
    factor = _reduction(count.shape, _REPORT_SIDE)
    height = _PANEL_INCHES * min(max(ny / nx, 0.4), 2.0)
    figure = Figure(figsize=(3 * _PANEL_INCHES + 0.9, height + 1.5), dpi=110)
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    grey = _reduced(flux, factor)
    shared = {
        "origin": "lower",
        "extent": (
            -0.5,
            grey.shape[1] * factor - 0.5,
            -0.5,
            grey.shape[0] * factor - 0.5,
        ),
        "interpolation": "nearest",
    }
    axes[0].set(xlim=(-0.5, nx - 0.5), ylim=(-0.5, ny - 0.5))
    axes[0].imshow(grey, cmap="gray", norm=_stretch(grey), **shared)
    axes[1].imshow(_colours(votes, count, factor), **shared)
    axes[2].imshow(_segment_colours(labels[::factor, ::factor]), **shared)
    for panel, title in zip(axes, ("H image", "morphology", "segments"), strict=True):
        panel.set_title(title, fontsize=12)
        panel.set_xlabel("x / pixels", fontsize=9)
        panel.tick_params(labelsize=8)
        _mark(panel, table)
    axes[0].set_ylabel("y / pixels", fontsize=9)
    if len(table) <= _MOST_NAMES:
        _name(axes[2], table)
    if wcs is not None:
        _scale_bar(axes[0], wcs, nx)
    _legend(figure, table)
    meta = table.meta
    figure.suptitle(
        "   ·   ".join(
            str(part)
            for part in (
                f"{len(table)} source{'' if len(table) == 1 else 's'}",
                meta.get("OBJECT"),
                meta.get("INPUT1"),
                meta.get("DATE"),
            )
            if part
        ),
        fontsize=12,
        y=0.985,
    )
    figure.subplots_adjust(
        left=0.045, right=0.99, bottom=1.05 / (height + 1.5), top=0.9, wspace=0.06
    )
    return figure


def _reduction(shape: tuple[int, ...], side: int) -> int:
    """Return the factor by which an image is reduced along each axis."""
    return -(-max(shape) // side)


def _boxes(shape: tuple[int, ...], factor: int) -> Iterator[Box]:
    """Yield strips of whole rows, each with a whole number of blocks."""
    height = max(1, _STRIP_PIXELS // (shape[1] * factor)) * factor
    for y0 in range(0, shape[0], height):
        yield slice(y0, min(y0 + height, shape[0])), slice(None)


def _reduced(pixels: PixelMap, factor: int) -> NDArray[np.float32]:
    """Return an image reduced by averages of blocks; NaN and infinities count as 0."""
    return np.concatenate(
        [
            _average(np.nan_to_num(pixels[box], posinf=0, neginf=0), factor)
            for box in _boxes(pixels.shape, factor)
        ]
    )


def _average(pixels: NDArray[Any], factor: int) -> NDArray[Any]:
    if factor == 1:
        return pixels
    blocks = (factor, factor, 1)[: pixels.ndim]
    return np.asarray(block_reduce(pixels, blocks, np.nanmean, cval=np.nan))


def _colours(
    votes: Mapping[str, PixelMap], count: PixelMap, factor: int
) -> NDArray[np.float32]:
    """Return the reduced picture of the morphology, (ny, nx, 3), from 0 to 1."""
    hues = np.array([HUES[label] for label in MORPHOLOGIES], np.float32)
    strips = []
    for box in _boxes(count.shape, factor):
        shares = np.stack([votes[label][box] for label in MORPHOLOGIES])
        ranked = np.sort(shares, axis=0)
        hsv = np.stack(
            [
                hues[shares.argmax(axis=0)],
                ranked[-1] - ranked[-2],
                np.where(count[box] > 0, 1 - votes["background"][box], 0),
            ],
            axis=-1,
        )
        strips.append(_average(hsv2rgb(hsv).astype(np.float32), factor))
    return np.concatenate(strips)


def _stretch(pixels: NDArray[Any]) -> ImageNormalize:
    """Return a grey scale that shows faint noise and does not saturate in cores."""
    sky = np.median(pixels)
    noise = 1.4826 * np.median(np.abs(pixels - sky))
    low, high = sky - 2 * noise, float(np.max(pixels))
    if not high > low:
        low, high = float(sky) - 1, float(sky) + 1
    softening = min(max(2 * noise / (high - low), 1e-4), 1.0)
    return ImageNormalize(vmin=low, vmax=high, stretch=AsinhStretch(softening))


def _segment_colours(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return colours of segments, (ny, nx, 3), none of them cyan; the sky is dark."""
    hue = (labels * 0.381966) % 0.8  # by the golden ratio, so that neighbours differ
    hue = np.where(hue > 0.4, hue + 0.2, hue)  # leaves out green-blue to azure
    value = np.where(labels > 0, 0.62 + 0.3 * ((labels * 0.618) % 1), 0.07)
    saturation = np.where(labels > 0, 0.6, 0.0)
    value = np.where(labels < 0, 0.2, value)
    return np.asarray(hsv2rgb(np.stack([hue, saturation, value], axis=-1)))


def _mark(panel: Axes, table: QTable) -> None:
    """Draw a circle around the brightest pixel of each source."""
    from matplotlib.collections import EllipseCollection

    if len(table) == 0:
        return
    width = 2 * _reach(table)
    centres = np.column_stack([table["x"].value, table["y"].value])
    panel.add_collection(
        EllipseCollection(
            width,
            width,
            np.zeros_like(width),
            units="xy",
            offsets=centres,
            transOffset=panel.transData,
            facecolors="none",
            edgecolors=MARKER_COLOUR,
            linewidths=1.1 if len(table) <= _MOST_NAMES else 0.6,
        )
    )


def _reach(table: QTable) -> NDArray[np.float64]:
    """Return the radii of the circles in pixels, from the areas of the segments."""
    radius = 1.35 * np.sqrt(table["area"].value / np.pi)
    return np.asarray(np.clip(radius, 4.0, 12.0))


def _name(panel: Axes, table: QTable) -> None:
    """Write each source's id beside its circle."""
    for row, reach in zip(table, _reach(table), strict=True):
        panel.annotate(
            str(row["id"]),
            (row["x"].value + 0.72 * reach, row["y"].value + 0.72 * reach),
            xytext=(1, 1),
            textcoords="offset points",
            color="white",
            fontsize=8,
            annotation_clip=True,
        )


def _scale_bar(panel: Axes, wcs: WCS, nx: int) -> None:
    """Draw a scale bar of a round number of arcseconds."""
    scale = float(np.mean(proj_plane_pixel_scales(wcs.celestial))) * 3600
    rough = 0.25 * nx * scale
    power = 10.0 ** np.floor(np.log10(rough))
    arcsec = power * max(step for step in (1, 2, 5) if step * power <= rough)
    length = arcsec / scale / nx
    panel.plot(
        [0.05, 0.05 + length], [0.05, 0.05],
        transform=panel.transAxes, color="white", linewidth=2.5,
    )  # fmt: skip
    panel.text(
        0.05 + length / 2, 0.065, f"{arcsec:g}″",
        transform=panel.transAxes, color="white", ha="center", fontsize=9,
    )  # fmt: skip


def _legend(figure: Figure, table: QTable) -> None:
    """Draw a legend with the colours of the classes and their numbers of sources."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(
            facecolor=hsv2rgb(np.array([HUES[label], 1.0, 0.9])),
            label=f"{label.replace('_', ' ')} "
            f"({int(np.sum(table['morphology'] == label))})",
        )
        for label in MORPHOLOGIES
    ]
    circle = Line2D([], [], marker="o", linestyle="none", label="catalogue")
    circle.set(markersize=9, markerfacecolor="none", markeredgecolor=MARKER_COLOUR)
    handles.append(circle)
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        frameon=False,
        fontsize=10,
        handlelength=1.2,
    )
