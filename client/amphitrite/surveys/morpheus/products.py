"""The products of a classified image: maps, segments, catalogue and pictures."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from astropy.table import QTable

from amphitrite.errors import MissingExtra
from amphitrite.files import catalogues
from amphitrite.files.image_writing import Extension, ImageFile
from amphitrite.files.images import read_image
from amphitrite.files.writing import writing
from amphitrite.surveys.morpheus import pictures as morpheus_pictures
from amphitrite.surveys.morpheus.catalogue import columns_for, interpret
from amphitrite.surveys.morpheus.interpret import measurement, segmentation
from amphitrite.surveys.morpheus.interpret.mosaics import write_maps
from amphitrite.surveys.morpheus.interpret.sums import Sums
from amphitrite.surveys.morpheus.page import BANDS, LABELS, MORPHOLOGIES
from amphitrite.surveys.morpheus.pictures import colour_image
from amphitrite.surveys.morpheus.prepare.bands import Band

logger = logging.getLogger(__name__)

_ROWS = 512  # written together; each write copies its rows
_SEGMAP_COMMENT = "-1 where nothing was classified, 0 sky, else the catalogue's id"


def write_products(
    parts: Iterable[Sums],
    images: Mapping[str, Band],
    folder: Path,
    *,
    catalogue: str,
    report: bool,
    flags: Collection[str],
    cards: Mapping[str, str | int | float],
) -> QTable:
    """Write all products of ``amphitrite morpheus`` into a folder.

    Parameters
    ----------
    parts : iterable of Sums
        Sums of the windows' answers, complete for their rows.
    images : mapping of str to Band
        The four bands.
    folder : Path
        Where the files go; made if need be.
    catalogue : str
        The catalogue's file name.
    report : bool
        Draw ``report.png``; left out with a warning where matplotlib is missing.
    flags : collection of str
        The words in `amphitrite.surveys.morpheus.catalogue.FLAGS` that apply to the
        image, and so to every source.
    cards : mapping
        Provenance for the headers.

    Returns
    -------
    QTable
        The catalogue, as written.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    with writing(folder):
        folder.mkdir(exist_ok=True)
    flux = images[BANDS[0]]
    write_maps(
        parts, folder, shape=flux.shape, labels=LABELS, wcs=flux.wcs, cards=cards
    )
    with ExitStack() as stack:
        votes, variances = (
            {
                label: stack.enter_context(
                    read_image(folder / f"{label}.fits", hdu=plane)
                )
                for label in LABELS
            }
            for plane in ("RANK_VOTE", "VARIANCE")
        )
        count = stack.enter_context(read_image(folder / "count.fits"))
        labels = segmentation.segment(votes["background"], count, flux)
        with ImageFile(
            folder / "segmap.fits",
            shape=flux.shape,
            extensions=[Extension("SEGMAP", "int32")],
            wcs=flux.wcs,
            cards={**cards, "SEGMAP": _SEGMAP_COMMENT},
        ) as file:
            for y0 in range(0, flux.shape[0], _ROWS):
                file.write_rows("SEGMAP", y0, labels[y0 : y0 + _ROWS])
        measured = measurement.measure(
            labels,
            flux,
            {label: votes[label] for label in MORPHOLOGIES},
            {label: variances[label] for label in MORPHOLOGIES},
            flux.wcs,
        )
        columns = interpret(measured, flags)
        table = catalogues.table(columns_for(flux.conversion.unit), columns, meta=cards)
        catalogues.write(table, folder / catalogue, provenance=cards)
        colour_image(votes, count, folder / "colour.png")
        if report:
            try:
                morpheus_pictures.report(
                    flux,
                    votes,
                    count,
                    labels,
                    table,
                    folder / "report.png",
                    wcs=flux.wcs,
                )
            except MissingExtra as error:
                logger.warning("report.png is left out: %s", error)
    return table
