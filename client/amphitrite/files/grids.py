"""Check that images of several bands share one pixel grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from astropy.coordinates import angular_separation
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

from amphitrite.errors import BadInput
from amphitrite.files.images import Image
from amphitrite.files.wcs import _NOT_GRID

GRID_TOLERANCE_PIXELS: Final = 0.01
"""Largest allowed separation in pixels of the same corner of two bands on the sky.

Headers of one mosaic round their scale differently (1.666667e-05 and 1.6666666915e-05
deg for the same CANDELS grid): 0.004 pixel across 20,000 pixels.  The limit leaves room
for that and stays far below the width of any point spread function.
"""


def check_same_grid(images: Mapping[str, Image]) -> None:
    """Refuse bands that do not share one pixel grid.

    Parameters
    ----------
    images : mapping of str to Image
        The bands by name; the first one is the reference.

    Raises
    ------
    BadInput
        Shapes differ, only some bands have a WCS, or a corner of the image lies more
        than `GRID_TOLERANCE_PIXELS` apart on the sky.  Names the bands and values.

    Notes
    -----
    The coordinates' numbers are compared, not their frames: headers of one mosaic
    often name ICRS in one band and nothing, which means FK5, in another.
    """
    (name, reference), *others = images.items()
    for other, image in others:
        if image.shape != reference.shape:
            raise BadInput(
                f"bands {name} and {other} differ in shape (NAXIS1 x NAXIS2): received "
                f"{reference.shape[1]} x {reference.shape[0]} ({reference.path}) and "
                f"{image.shape[1]} x {image.shape[0]} ({image.path}).\n"
                "Resample the bands to one pixel grid first."
            )
        if reference.wcs is None and image.wcs is None:
            continue
        if reference.wcs is None or image.wcs is None:
            without, holder = (name, other) if reference.wcs is None else (other, name)
            raise BadInput(
                f"band {without} has no celestial WCS ({images[without].path}) while "
                f"band {holder} has one ({images[holder].path}), so that their grids "
                "cannot be compared.\nCopy the WCS cards, or remove them from all."
            )
        offset = _largest_corner_offset(reference.wcs, image.wcs, reference.shape)
        if not offset <= GRID_TOLERANCE_PIXELS:
            raise BadInput(
                f"bands {name} and {other} differ in WCS by up to {offset:.3g} pixels "
                f"at the corners (allowed: {GRID_TOLERANCE_PIXELS}):\n"
                + "\n".join(_wcs_differences(name, reference.wcs, other, image.wcs))
                + "\nResample the bands to one pixel grid first."
            )


def _largest_corner_offset(a: WCS, b: WCS, shape: tuple[int, int]) -> float:
    """Return the largest separation of a corner in two WCS in pixels.

    NaN where a WCS does not map a corner to the sky.
    """
    x, y = np.meshgrid([0, shape[1] - 1], [0, shape[0] - 1])
    sky_a, sky_b = (np.deg2rad(wcs.celestial.all_pix2world(x, y, 0)) for wcs in (a, b))
    apart = np.rad2deg(angular_separation(*sky_a, *sky_b))
    return float(np.max(apart) / np.min(proj_plane_pixel_scales(a.celestial)))


def _wcs_differences(name: str, a: WCS, other: str, b: WCS) -> list[str]:
    """List the WCS keywords whose values differ."""
    left, right = (wcs.to_header(relax=True) for wcs in (a, b))
    return [
        f"  {key}: {name} has {left.get(key)!r}, {other} has {right.get(key)!r}"
        for key in dict.fromkeys([*left, *right])
        if left.get(key) != right.get(key) and key not in _NOT_GRID
    ]
