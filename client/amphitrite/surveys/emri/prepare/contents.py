"""What stands in a strain file, whatever its format: named columns and attributes.

HDF5, FITS tables and numpy's archives are read alike: a file has columns of numbers
with names and attributes, and attributes of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE, check_readable, open_lazily

if TYPE_CHECKING:
    import h5py

MOST_NUMBERS: Final = 400_000_000
"""Numbers of the longest column that is read: 380 years at steps of 30 s."""

_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_ZIP: Final = b"PK\x03\x04"
_READ: Final = (
    "emri reads strain in HDF5, in FITS tables and in numpy's .npz; convert it to one "
    "of these"
)


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Parameters
    ----------
    values : (n,) ndarray
        The numbers, as they are in the file.
    attributes : dict
        What is said of them, by name in small letters.
    """

    values: NDArray[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """The columns of a file.

    Parameters
    ----------
    columns : dict of str to Column
        By name; in HDF5 with the groups that they stand in, as in ``"strain/I"``.
    attributes : dict
        What is said of the file as a whole, by name in small letters.
    """

    columns: Mapping[str, Column]
    attributes: Mapping[str, Any]


def contents(path: Path) -> Contents:
    """Return what stands in a strain file.

    Parameters
    ----------
    path : Path
        An HDF5 file, a FITS file (plain or packed), or an archive of numpy.

    Raises
    ------
    BadInput
        The file cannot be read, is of another format, or is damaged.
    """
    check_readable(path)
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
    if start == _HDF5:
        return _hdf5(path)
    if start.startswith(_ZIP):
        return _archive(path)
    if path.suffix.lower() in (".h5", ".hdf5", ".hdf"):
        raise BadInput(f"{path} is no HDF5 file, whatever its name says: {_READ}")
    return _fits(path)


def _hdf5(path: Path) -> Contents:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            columns = dict(_datasets(file, path))
            return Contents(columns, _attributes(file.attrs))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise BadInput(
            f"{path} cannot be read as HDF5: {error}; check that it is whole, for "
            "example with h5dump -H, or fetch it again"
        ) from error


def _datasets(group: h5py.Group, path: Path) -> Iterator[tuple[str, Column]]:
    """Yield the columns of a group and those below it."""
    import h5py

    for name, entry in group.items():
        if isinstance(entry, h5py.Group):
            above = _attributes(entry.attrs)
            for below, column in _datasets(entry, path):
                merged = {**above, **column.attributes}
                yield f"{name}/{below}", Column(column.values, merged)
        elif isinstance(entry, h5py.Dataset):
            if entry.size is None or entry.size == 0:  # such as a note
                continue
            check_size(path, name, entry.size)
            said = _attributes(entry.attrs)
            for part, values in _split(name, np.asarray(entry[()])):
                yield part, Column(values, said)


def check_size(path: Path, name: str, size: int) -> None:
    """Refuse a column that is longer than any strain.

    Raises
    ------
    BadInput
        It has more than `MOST_NUMBERS` numbers.
    """
    if size > MOST_NUMBERS:
        raise BadInput(
            f"{path}: {name} has {size:,} numbers, more than the {MOST_NUMBERS:,} that "
            "are read at once; cut it into several files"
        )


def _split(name: str, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns of an array: its fields, its rows if few, or itself."""
    if values.dtype.names:
        for part in values.dtype.names:
            yield part, values[part].reshape(-1)
    elif values.ndim == 1:
        yield name, values
    elif values.ndim == 2 and min(values.shape) < 8:
        rows = values if values.shape[0] <= values.shape[1] else values.T
        for number, row in enumerate(rows, 1):
            yield f"{name}[{number}]", row


def _attributes(attributes: Any) -> dict[str, Any]:
    """Return attributes as text and numbers, by name in small letters."""
    found = {}
    for key, value in attributes.items():
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(())[()]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, str | int | float):
            found[key.lower()] = value
    return found


def _archive(path: Path) -> Contents:
    columns: dict[str, Column] = {}
    said: dict[str, Any] = {}
    try:
        # opened here, since numpy leaves the file of a damaged archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            for name in archive.files:
                values = archive[name]
                check_size(path, name, values.size)
                if values.ndim == 0:
                    said |= _attributes({name: values})
                    continue
                columns |= {key: Column(row) for key, row in _split(name, values)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise BadInput(
            f"{path} cannot be read as an archive of numpy: {error}; check that it is "
            "whole, and written by numpy.savez"
        ) from error
    return Contents(columns, said)


def _fits(path: Path) -> Contents:
    try:
        with (
            warnings.catch_warnings(action="ignore", category=AstropyWarning),
            open_lazily(path) as hdus,
        ):
            primary = _attributes(dict(hdus[0].header))
            for hdu in hdus[1:]:
                if not isinstance(hdu, fits.BinTableHDU) or len(hdu.columns) < 2:
                    continue
                said = primary | _attributes(dict(hdu.header))
                return Contents(_fits_columns(path, hdu), said)
    except BadInput:
        raise
    except UNREADABLE as error:
        raise BadInput(
            f"{path} cannot be read as FITS: {error}; check it, for example with "
            "fitsverify, or fetch it again"
        ) from error
    raise BadInput(f"{path} has no table with columns of strain: {_READ}")


def _fits_columns(path: Path, hdu: fits.BinTableHDU) -> dict[str, Column]:
    """Return the columns of a table that hold one number a row."""
    found = {}
    for column in hdu.columns:
        check_size(path, column.name, hdu.header["NAXIS2"])
        values = np.asarray(hdu.data[column.name])
        if values.ndim == 2 and len(values) == 1:  # one row with the whole series
            values = values[0]
        if values.ndim == 1:
            said = {"unit": column.unit} if column.unit else {}
            found[column.name] = Column(values, said)
    return found
