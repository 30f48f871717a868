"""The class maps of an image, written strip by strip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from astropy.wcs import WCS

from amphitrite.files.image_writing import Extension, ImageFile
from amphitrite.surveys.morpheus.interpret.sums import Sums

PLANES: Final = (
    Extension("MEAN", "float32"),
    Extension("VARIANCE", "float32"),
    Extension("RANK_VOTE", "float32"),
)


def write_maps(
    parts: Iterable[Sums],
    folder: Path,
    *,
    shape: tuple[int, int],
    labels: Sequence[str],
    wcs: WCS | None,
    cards: Mapping[str, str | int | float],
) -> None:
    """Write the class maps ``LABEL.fits`` of all labels, and ``count.fits``.

    Each label's file has the images MEAN, VARIANCE and RANK_VOTE.  Pixels that no
    window has classified have a count of 0, and 0 in all three images.

    Parameters
    ----------
    parts : iterable of Sums
        Sums that are complete for their rows; together they cover all classified rows.
    folder : Path
        The folder of the files.
    shape : tuple of int
        (ny, nx) of the image.
    labels : sequence of str
        The labels, in the order of the sums.
    wcs : WCS or None
        Celestial coordinates of the image.
    cards : mapping
        Provenance for the headers.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    with ExitStack() as stack:
        maps = [
            stack.enter_context(
                ImageFile(
                    folder / f"{label}.fits",
                    shape=shape,
                    extensions=PLANES,
                    wcs=wcs,
                    cards={**cards, "LABEL": label},
                )
            )
            for label in labels
        ]
        counts = stack.enter_context(
            ImageFile(
                folder / "count.fits",
                shape=shape,
                extensions=[Extension("COUNT", "int16")],
                wcs=wcs,
                cards=cards,
            )
        )
        for part in parts:
            planes = (part.mean(), part.variance(), part.rank_vote())
            for index, file in enumerate(maps):
                for plane, values in zip(PLANES, planes, strict=True):
                    file.write_rows(plane.name, part.first_row, values[index])
            counts.write_rows("COUNT", part.first_row, part.count.astype(np.int16))
