"""Small images, read from their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from amphitrite.surveys.stamps.page import SIDE
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.images import read_image


def read(path: Path) -> NDArray[np.float32]:
    """Return the (SIDE, SIDE) pixels of an image.

    Raises
    ------
    BadInput
        The file is no image of that size.
    """
    with read_image(path) as image:
        if image.shape != (SIDE, SIDE):
            raise BadInput(
                f"{path} has {image.shape} pixels; needed are {SIDE} x {SIDE}"
            )
        return image.rows(0, SIDE)
