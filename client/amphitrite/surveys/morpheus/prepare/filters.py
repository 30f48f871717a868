"""The filters that the headers of the bands name, and the order that follows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.files.images import Image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS

# One wheel (WFC3, NICMOS), two wheels (ACS, WFPC2), and the pupil wheel of JWST.
_KEYWORDS: Final = ("FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FILTNAM2", "PUPIL")
_NO_FILTER: Final = re.compile(r"CLEAR\w*|OPEN|EMPTY|NONE|N/A|UNKNOWN|")


def filter_of(image: Image) -> str:
    """Return the filter that an image's headers name.

    Parameters
    ----------
    image : Image
        The image; its own header counts before the primary one.

    Returns
    -------
    str
        Such as ``"F606W"``, joined by ``+`` where light passed two filters; empty where
        none is named.  Clear positions of a filter wheel are left out.
    """
    named = (
        word
        for keyword in _KEYWORDS
        for word in re.split(r"[\s,;+]+", image.card(keyword).upper())
    )
    return "+".join(
        dict.fromkeys(word for word in named if not _NO_FILTER.fullmatch(word))
    )


def in_order(images: Sequence[Image], choices: Choices) -> dict[str, Image]:
    """Return the images by band, put in order where their headers name other bands.

    Parameters
    ----------
    images : sequence of Image
        Four images, in the order in which they were given.
    choices : Choices
        Told of another order.

    Returns
    -------
    dict of str to Image
        In the order of `amphitrite.surveys.morpheus.page.BANDS`.

    Raises
    ------
    BadInput
        Two headers name the same one of the four filters, or several images name none
        of them and stand in the place of another.
    """
    given = dict(zip(BANDS, images, strict=True))
    stated = {
        band: BANDS[FILTERS.index(name)]
        for band, image in given.items()
        if (name := filter_of(image)) in FILTERS
    }
    if all(band == own for band, own in stated.items()):
        return given
    if len({*stated.values()}) < len(stated):
        raise BadInput(
            "two images are of one filter by their headers:\n" + _table(given)
        )
    places = {own: given[band] for band, own in stated.items()}
    others = [band for band in BANDS if band not in stated]
    if len(others) > 1 and any(band in places for band in others):
        raise BadInput(
            "the filters in the headers contradict the order of the images, and not "
            f"all have one of the four:\n{_table(given)}"
        )
    left = [band for band in BANDS if band not in places]
    places |= {own: given[band] for own, band in zip(left, others, strict=True)}
    ordered = {band: places[band] for band in BANDS}
    choices.say(
        "the images are put in the order of the filters in their headers: "
        + ", ".join(f"{band} {image.label}" for band, image in ordered.items())
    )
    return ordered


def _table(given: dict[str, Image]) -> str:
    """Return the bands, filters and files as they were given, and what to do."""
    lines = [
        f"  given as {band} ({wanted}): {image.label}, header {filter_of(image) or '-'}"
        for (band, image), wanted in zip(given.items(), FILTERS, strict=True)
    ]
    return "\n".join(
        [*lines, f"Give the images in the order {', '.join(FILTERS)}, one of each."]
    )
