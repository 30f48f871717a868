"""What an image must have in common with those on which the network was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from astropy.wcs.utils import proj_plane_pixel_scales

from amphitrite.files.choices import Choices
from amphitrite.surveys.morpheus.page import BANDS, FILTERS, PIXEL_ARCSEC
from amphitrite.surveys.morpheus.prepare.bands import Band
from amphitrite.surveys.morpheus.prepare.filters import filter_of

SCALE_TOLERANCE: Final = 0.05
"""Largest relative difference of a pixel's side from 0.06 arcsec that is not said.

Headers round a scale to one in a million or better, and the other usual ones of HST's
mosaics (0.03, 0.04, 0.05, 0.065, 0.08, 0.1 and 0.128 arcsec) are further away.
"""


def outside_training(images: Mapping[str, Band], choices: Choices) -> set[str]:
    """Return the flags of an image that is not like those of the training.

    Parameters
    ----------
    images : mapping of str to Band
        The bands, on one pixel grid.
    choices : Choices
        Told of each difference.

    Returns
    -------
    set of str
        ``"pixel_scale"`` and ``"other_filter"``, where they apply; a header that says
        nothing of the scale or the filter is taken to be right.
    """
    flags = set()
    if (scale := _other_scale(images[BANDS[0]])) is not None:
        flags.add("pixel_scale")
        choices.say(
            f"the pixels are of {scale:.4g} arcsec, those of the network's training of "
            f"{PIXEL_ARCSEC}: classes may be wrong, and are flagged pixel_scale"
        )
    for wanted, band in zip(FILTERS, images.values(), strict=True):
        if (found := filter_of(band.image)) not in ("", wanted):
            flags.add("other_filter")
            choices.say(
                f"{band.image.label} is of {found}, the network's training of {wanted}:"
                " classes may be wrong, and are flagged other_filter"
            )
    return flags


def _other_scale(band: Band) -> float | None:
    """Return a side of the pixels in arcsec if it is far from the training's."""
    if band.wcs is None:
        return None
    sides = proj_plane_pixel_scales(band.wcs.celestial) * 3600
    off = np.abs(sides / PIXEL_ARCSEC - 1)
    return float(sides[off.argmax()]) if not off.max() <= SCALE_TOLERANCE else None
