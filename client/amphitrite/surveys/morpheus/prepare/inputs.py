"""The images of the four bands, opened and checked against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from amphitrite.errors import BadInput
from amphitrite.files import grids, image_hdus, lists, opening
from amphitrite.files.choices import Choices
from amphitrite.files.images import Image, read_image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS, WINDOW
from amphitrite.surveys.morpheus.prepare.bands import Band
from amphitrite.surveys.morpheus.prepare.blank import find_blank
from amphitrite.surveys.morpheus.prepare.filters import in_order
from amphitrite.surveys.morpheus.prepare.units import conversions

NamedHdu = tuple[Path, str | None]
_SAMPLED_ROWS: Final = 100


def files_of(inputs: Sequence[Path]) -> list[Path]:
    """Return the files that names, patterns, a folder or a list stand for.

    Parameters
    ----------
    inputs : sequence of Path
        See `amphitrite.files.lists.expand`.  A name that is repeated stays repeated,
        so that it is refused as one image for several bands.

    Raises
    ------
    BadInput
        A name stands for no file.
    """
    files = lists.expand(inputs)
    return files if len(files) >= len(inputs) else list(inputs)


def named_hdus(inputs: Sequence[Path], hdu: str | None) -> list[NamedHdu]:
    """Return the files, each with the name of its HDU or None.

    Parameters
    ----------
    inputs : sequence of Path
        Files, as ``FILE`` or ``FILE[HDU]``.
    hdu : str or None
        The HDU of those files that name none.

    Raises
    ------
    BadInput
        There are not four, or one is not a file that can be read.
    """
    if len(inputs) != len(BANDS):
        raise BadInput(
            f"morpheus needs {len(BANDS)} images, in the order "
            f"{', '.join(BANDS)} ({', '.join(FILTERS)}); received {len(inputs)}"
        )
    split = [image_hdus.split_name(path) for path in inputs]
    for path, _ in split:
        opening.check_readable(path)
    return [(path, own or hdu) for path, own in split]


@contextmanager
def open_bands(
    files: Sequence[NamedHdu], choices: Choices
) -> Iterator[dict[str, Band]]:
    """Yield the four bands, open until the end of the ``with`` block.

    Parameters
    ----------
    files : sequence of (Path, str or None)
        The four files, in the order of `amphitrite.surveys.morpheus.page.BANDS`, each
        with the name of its HDU or None; see `named_hdus`.
    choices : Choices
        Takes what is assumed where headers leave it open, and pixels without data.

    Yields
    ------
    dict of str to Band
        The bands by name.

    Raises
    ------
    BadInput
        The images are not four different ones, one cannot be read or is too small, or
        they do not share one pixel grid and one unit.
    """
    with ExitStack() as stack:
        images = [
            stack.enter_context(read_image(path, hdu=own, minimum=WINDOW))
            for path, own in files
        ]
        _check_different(images)
        _say_what_is_read(images, [own for _, own in files], choices)
        ordered = in_order(images, choices)
        grids.check_same_grid(ordered)
        units = conversions(ordered, choices)
        bands = {
            band: Band(image, units[band], find_blank(image))
            for band, image in ordered.items()
        }
        _say_blank(bands, choices)
        yield bands


def hdu_cards(bands: Mapping[str, Band]) -> dict[str, str]:
    """Return the HDUs that were read as cards: ``INHDU1`` that of ``INPUT1``."""
    return {
        f"INHDU{number}": bands[band].image.hdu
        for number, band in enumerate(BANDS, start=1)
    }


def object_card(band: Band) -> dict[str, str]:
    """Return the OBJECT card, which also marks simulated images; empty without one."""
    name = band.image.card("OBJECT")
    return {"OBJECT": name} if name else {}


def _check_different(images: Sequence[Image]) -> None:
    """Refuse one image in the place of several bands."""
    if len({(image.path.resolve(), image.hdu) for image in images}) < len(images):
        raise BadInput(
            "one image is given for several bands; morpheus needs four different ones; "
            f"received {', '.join(image.label for image in images)}"
        )


def _say_what_is_read(
    images: Sequence[Image], wanted: Sequence[str | None], choices: Choices
) -> None:
    """Say which HDUs are read where files hold several, and what else is remarkable."""
    chosen = [
        image.label
        for image, hdu in zip(images, wanted, strict=True)
        if image.others and hdu is None
    ]
    if chosen:
        choices.say(
            f"of several images in a file, these are read: {', '.join(chosen)}; name "
            "others as FILE[NAME] or with --hdu"
        )
    for image in images:
        for distortion in image.distortions:
            choices.say(
                f"the distortion {distortion} in the header of {image.label} is not "
                "applied: positions are those of the rest of its WCS"
            )
    weights = [
        image.label
        for image in images
        if image_hdus.names_weights(image.path.stem) or _is_flat(image)
    ]
    if weights:
        choices.say(
            "what looks like a map of weights or exposure is taken for an image of the "
            f"sky: {', '.join(weights)}"
        )


def _is_flat(image: Image) -> bool:
    """Return whether pixels are of one sign and within a factor of two of each other.

    No image with sources on a subtracted sky is; the middle rows are looked at, and
    pixels of 0 left out.
    """
    middle = image.shape[0] // 2
    rows = image.rows(max(0, middle - _SAMPLED_ROWS), middle + 1)
    pixels = np.abs(rows[np.isfinite(rows) & (rows != 0)])
    one_sign = not (rows > 0).any() or not (rows < 0).any()
    return bool(one_sign and pixels.size and pixels.max() < 2 * pixels.min())


def _say_blank(bands: Mapping[str, Band], choices: Choices) -> None:
    """Say how many pixels hold no data."""
    found = [
        f"{blank.n_pixels} of {blank.shape[0] * blank.shape[1]} in {band.image.label}"
        for band in bands.values()
        if (blank := band.blank).n_pixels
    ]
    if found:
        choices.say(
            "connected pixels that are exactly 0 count as no data and are not "
            f"classified: {', '.join(found)}"
        )
