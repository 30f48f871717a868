"""Catalogues, made from declared columns and written in the usual table formats.

A catalogue is an astropy `~astropy.table.QTable`.  Its columns carry their unit, a
description and, in ``column.info.meta``, their Unified Content Descriptor (``ucd``) and
the reference frame of positions and times (``frame``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits, votable
from astropy.io.votable.tree import Info
from astropy.table import QTable, Table
from astropy.units import Quantity, Unit
from numpy.typing import ArrayLike

from amphitrite.errors import BadInput
from amphitrite.files import frames
from amphitrite.files.cards import provenance_cards
from amphitrite.files.columns import Column
from amphitrite.files.replacing import aside
from amphitrite.files.standing import sighting
from amphitrite.files.texts import (
    cell_text,
    changed,
    fits_text,
    line_text,
    with_texts,
)

Provenance = Mapping[str, str | int | float]


def table(
    columns: Sequence[Column],
    data: Mapping[str, ArrayLike],
    meta: Mapping[str, Any] | None = None,
) -> QTable:
    """Return a catalogue with the declared columns.

    Parameters
    ----------
    columns : sequence of Column
        The columns, in their order.
    data : mapping of str to array_like
        (n,) values of every column by name; an empty mapping gives an empty table.
        Missing numbers are NaN.
    meta : mapping, optional
        Metadata of the table.

    Returns
    -------
    astropy.table.QTable
        Columns with a unit are quantities.

    Raises
    ------
    ValueError
        The names in `data` are not those of the declared columns.

    Examples
    --------
    >>> from amphitrite.files.columns import Column
    >>> columns = [Column("ra", "float64", "deg", "pos.eq.ra", "Right ascension")]
    >>> table(columns, {"ra": [53.1]})["ra"]
    <Quantity [53.1] deg>
    """
    names = {column.name for column in columns}
    if data and names != set(data):
        raise ValueError(
            f"data must hold exactly the declared columns; missing: "
            f"{sorted(names - set(data))}, not declared: {sorted(set(data) - names)}"
        )
    catalogue = QTable(meta=dict(meta or {}))
    for column in columns:
        values = np.asarray(data.get(column.name, ()), dtype=column.dtype)
        catalogue[column.name] = (
            Quantity(values, Unit(column.unit, format="fits"), dtype=values.dtype)
            if column.unit
            else values
        )
        info = catalogue[column.name].info
        info.description = column.description
        info.meta = {"ucd": column.ucd}
        if column.frame:
            info.meta["frame"] = column.frame
    return catalogue


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Refuse a file name whose suffix stands for no catalogue format.

    Raises
    ------
    BadInput
        The suffix is unknown; the message lists the known ones.
    """
    _writer(Path(path))


def write(
    catalogue: QTable,
    path: str | os.PathLike[str],
    *,
    provenance: Provenance | None = None,
    more: Mapping[str, QTable] | None = None,
) -> None:
    """Write a catalogue in the format of the file's suffix.

    The file appears under its name only when it is complete: it is written under a
    temporary name in the same directory, flushed to the disk and renamed.

    Parameters
    ----------
    catalogue : astropy.table.QTable
        The catalogue; see `table`.
    path : path
        ``.fits`` ``.fit`` (with TUNIT, TCOMM and TUCD cards, and RADESYS, TIMESYS and
        MJDREF for the frames), ``.vot`` ``.xml`` (VOTable, with COOSYS and TIMESYS),
        ``.ecsv``, ``.parquet``, or, values alone, ``.csv`` and ``.dat`` (astropy's
        ``ascii.fixed_width_two_line``).
    provenance : mapping, optional
        Named values on the origin of the catalogue: cards in FITS, INFO elements in a
        VOTable, metadata in ECSV and Parquet.  ``.csv`` and ``.dat`` do not hold them.
        Texts are made fit for each format, see `amphitrite.files.texts`.
    more : mapping of str to astropy.table.QTable, optional
        Further tables of a FITS file, by the names of their extensions; see `is_fits`.

    Raises
    ------
    BadInput
        The suffix is not known, or there are further tables in another format.
    OutputError
        The file cannot be written, or is a link, a pipe or a device.
    """
    path = Path(path)
    writer = _writer(path)
    if more and not is_fits(path):
        raise BadInput(f"{path.name} holds one table; write the others beside it")
    with aside(path, instead_of=sighting(path)) as other:
        writer(catalogue, other, provenance or {})
        if more:
            _append_fits(more, other)


def is_fits(path: Path) -> bool:
    """Return whether a file of this name holds several tables: whether it is FITS."""
    return _WRITERS.get(path.suffix.lower()) is _write_fits


def _write_fits(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    plain = with_texts(catalogue, fits_text)
    plain.meta = changed(catalogue.meta, fits_text)
    plain.write(path, format="fits", overwrite=True)
    with fits.open(path, mode="update") as hdus:
        _describe(hdus[1].header, catalogue, "CATALOGUE")
        hdus[0].header.extend(provenance_cards(provenance), end=True)


def _append_fits(tables: Mapping[str, QTable], path: Path) -> None:
    """Append tables to a FITS file."""
    with fits.open(path, mode="append") as hdus:
        for name, each in tables.items():
            plain = with_texts(each, fits_text)
            plain.meta = changed(each.meta, fits_text)
            hdu = fits.table_to_hdu(plain)
            _describe(hdu.header, each, name)
            hdus.append(hdu)


def _describe(header: fits.Header, catalogue: QTable, name: str) -> None:
    """Put the name of a table and what its columns are into its header."""
    header["EXTNAME"] = name
    for number, column in enumerate(catalogue.colnames, start=1):
        info = catalogue[column].info
        after = next(
            key for key in (f"TUNIT{number}", f"TFORM{number}") if key in header
        )
        header.set(f"TUCD{number}", info.meta["ucd"], after=after)
        header.set(f"TCOMM{number}", info.description, after=after)
    header.update(frames.fits_cards(_frames(catalogue).values()))


def _write_votable(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    # A plain Table, since from_table takes units from columns; no metadata, since
    # from_table would write it as the text of a Python object.
    plain = Table(with_texts(catalogue, line_text), copy=False)
    plain.meta.clear()
    document = votable.from_table(plain)
    resource = document.resources[0]
    declared = _frames(catalogue)
    resource.coordinate_systems.extend(frames.sky_systems(declared.values()))
    resource.time_systems.extend(frames.time_systems(declared.values()))
    for field in document.get_first_table().fields:
        if (frame := declared.get(field.name)) is not None:
            field.ref = frames.identifier(frame)
    resource.infos.extend(
        # Without an explicit ID, astropy makes one from the name and warns.
        Info(ID=f"provenance_{number}", name=name, value=str(value))
        for number, (name, value) in enumerate(
            changed(provenance, line_text).items(), start=1
        )
    )
    document.to_xml(str(path))


def _write_ecsv(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    _with_meta(catalogue, provenance).write(path, format="ascii.ecsv", overwrite=True)


def _write_csv(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    with_texts(catalogue, cell_text).write(path, format="ascii.csv", overwrite=True)


def _write_fixed_width(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    if len(catalogue):
        plain = with_texts(catalogue, line_text)
        plain.write(path, format="ascii.fixed_width_two_line", overwrite=True)
    else:  # astropy cannot find the widths of empty columns
        names = catalogue.colnames
        rules = ["-" * len(name) for name in names]
        path.write_text(f"{' '.join(names)}\n{' '.join(rules)}\n")


def _write_parquet(catalogue: QTable, path: Path, provenance: Provenance) -> None:
    _with_meta(catalogue, provenance).write(path, format="parquet", overwrite=True)


def _frames(catalogue: QTable) -> dict[str, str]:
    """Return the frames of the columns that have one, by name."""
    return {
        name: info.meta["frame"]
        for name in catalogue.colnames
        if "frame" in ((info := catalogue[name].info).meta or {})
    }


def _with_meta(catalogue: QTable, provenance: Provenance) -> QTable:
    """Return a shallow copy with the provenance in its metadata."""
    copy = with_texts(catalogue, line_text)
    copy.meta = changed({**catalogue.meta, **provenance}, line_text)
    return copy


_Writer = Callable[[QTable, Path, Provenance], None]

_WRITERS: Final[Mapping[str, _Writer]] = {
    ".fits": _write_fits,
    ".fit": _write_fits,
    ".vot": _write_votable,
    ".xml": _write_votable,
    ".ecsv": _write_ecsv,
    ".csv": _write_csv,
    ".dat": _write_fixed_width,
    ".parquet": _write_parquet,
}


def _writer(path: Path) -> _Writer:
    """Return the function that writes a file of this name."""
    with contextlib.suppress(KeyError):
        return _WRITERS[path.suffix.lower()]
    raise BadInput(
        f"the suffix of {path.name} stands for no known catalogue format; received "
        f"{path.suffix or 'none'!r}, known are {' '.join(_WRITERS)}"
    )
