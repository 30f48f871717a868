"""Small images side by side.

The function takes plain arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_FAINTEST: Final = 1e-3


@dataclass(frozen=True)
class Thumbnail:
    """A small image.

    Parameters
    ----------
    title : str
        Its title, which may have several lines.
    image : (ny, nx) ndarray
        Its pixels, the first row below.
    linear : bool
        Whether it is shown from its lowest to its highest value; else its logarithm,
        over three decades below the highest value.
    """

    title: str
    image: NDArray[np.floating]
    linear: bool = False


def thumbnails(shown: Sequence[Thumbnail], *, title: str, columns: int) -> Figure:
    """Return a figure of small images.

    Parameters
    ----------
    shown : sequence of Thumbnail
        The images, row by row from the left.
    title : str
        Title of the figure.
    columns : int
        Number of images in a row.
    """
    from matplotlib.figure import Figure

    n_rows = max(1, -(-len(shown) // columns))
    size = (1.75 * columns, 2.1 * n_rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, each in zip(grid, shown, strict=False):
        image = each.image
        if not each.linear:
            image = np.log10(np.maximum(image / image.max(), _FAINTEST))
        axes.imshow(image, origin="lower", cmap="magma", interpolation="nearest")
        axes.set_title(each.title, fontsize=8)
    return figure
