"""Compressed files, unpacked as they are read or as a whole."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from pathlib import Path
from typing import IO, Any, Final, cast

from amphitrite.errors import BadInput, OutputError

_MODULES: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "lzma"}
"""Modules of the standard library that unpack a file, by its first bytes."""


def module_of(start: bytes) -> Any:
    """Return the module that unpacks a file, by its first six bytes; else None."""
    for magic, name in _MODULES.items():
        if start.startswith(magic):
            return importlib.import_module(name)
    return None


def _module(path: Path) -> Any:
    """Return the module that unpacks a file; None if it is not packed."""
    with path.open("rb") as file:
        return module_of(file.read(6))


def is_packed(path: Path) -> bool:
    """Return whether a file is packed, by its first bytes."""
    return _module(path) is not None


def opened(path: Path) -> IO[bytes]:
    """Return a file open for reading, unpacked as it is read.

    Parameters
    ----------
    path : Path
        A file, plain or packed by gzip, bzip2 or xz whatever its name says.  Reading a
        packed one raises EOFError, OSError, `zlib.error` or `lzma.LZMAError` where it
        is damaged.
    """
    module = _module(path)
    return path.open("rb") if module is None else cast(IO[bytes], module.open(path))


def unpacked(path: Path) -> IO[bytes] | None:
    """Return a temporary unpacked copy of a file.

    Packed files have no random access, and astropy would keep a whole one in memory.

    Parameters
    ----------
    path : Path
        A file, packed by gzip, bzip2 or xz whatever its name says.

    Returns
    -------
    file or None
        The copy, which is removed when it is closed; None if the file is not packed.

    Raises
    ------
    BadInput
        The file is truncated or damaged.
    OutputError
        There is no room for the copy.
    """
    module = _module(path)
    if module is None:
        return None
    plain = tempfile.NamedTemporaryFile(prefix="amphitrite-", suffix=".fits")
    try:
        with module.open(path) as packed:
            shutil.copyfileobj(packed, plain, 1 << 20)
        plain.flush()
    except Exception as error:  # each of the modules has its own
        plain.close()
        if isinstance(error, OSError) and error.errno is not None:
            raise OutputError(
                f"{path} cannot be unpacked into {tempfile.gettempdir()}: "
                f"{error.strerror}\nFree some space or set TMPDIR to another directory."
            ) from error
        raise BadInput(
            f"{path} is truncated or damaged: {error}\nCopy the file again."
        ) from error
    return plain
