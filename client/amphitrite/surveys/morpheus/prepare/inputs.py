"""The images of the four bands, opened and checked against each other."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from amphitrite.errors import BadInput
from amphitrite.files import grids, opening
from amphitrite.files.images import Image, read_image
from amphitrite.surveys.morpheus.page import BANDS, FILTERS, WINDOW

logger = logging.getLogger(__name__)


@contextmanager
def open_bands(inputs: Sequence[Path]) -> Iterator[dict[str, Image]]:
    """Yield the images of the four bands, open until the end of the ``with`` block.

    Parameters
    ----------
    inputs : sequence of Path
        The four files, in the order of `amphitrite.surveys.morpheus.page.BANDS`.

    Yields
    ------
    dict of str to Image
        The images by band.

    Raises
    ------
    BadInput
        There are not four different images, one cannot be read or is too small, or they
        do not share one pixel grid.
    """
    if len(inputs) != len(BANDS):
        raise BadInput(
            f"morpheus needs {len(BANDS)} images, in the order "
            f"{', '.join(BANDS)} ({', '.join(FILTERS)}); received {len(inputs)}"
        )
    for path in inputs:
        opening.check_readable(path)
    if len({path.resolve() for path in inputs}) < len(inputs):
        raise BadInput(
            "one file is given for several bands; morpheus needs four different ones; "
            f"received {', '.join(map(str, inputs))}"
        )
    with ExitStack() as stack:
        images = {
            band: stack.enter_context(read_image(path, minimum=WINDOW))
            for band, path in zip(BANDS, inputs, strict=True)
        }
        grids.check_same_grid(images)
        for (band, image), wanted in zip(images.items(), FILTERS, strict=True):
            found = str(image.header.get("FILTER", wanted)).strip().upper()
            if found in FILTERS and found != wanted:
                logger.warning(
                    "%s is given for band %s (%s), but the FILTER in its header is %s",
                    image.path,
                    band,
                    wanted,
                    found,
                )
        yield images


def object_card(image: Image) -> dict[str, str]:
    """Return the OBJECT card, which also marks simulated images; empty without one."""
    name = str(image.header.get("OBJECT", "")).strip()
    return {"OBJECT": name} if name else {}
