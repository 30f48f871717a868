"""Pickles that are read without running anything in them.

A pickle is a program: Python's own `pickle` imports and calls whatever the file names.
Here its instructions are decoded by `pickletools`, which runs none of them, and
followed one by one as far as plain containers, numbers, texts and the arrays of numpy
need.  No name is looked up, no memory is taken for a size that the file only states,
and only texts and numbers become keys, so that deep nesting costs nothing.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import IO, Any, Final

from amphitrite.errors import BadInput
from amphitrite.files.opening import check_readable
from amphitrite.shown import shown
from amphitrite.surveys.darkcnn.prepare.pickle_steps import Machine, NotAdmittedError

MOST_BYTES: Final = 8_000_000_000
"""Size of the largest file that is read: 30,000 clusters of three maps in float64."""

_LONGEST_NAME: Final = 200
_DAMAGE: Final = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError),
    *(RecursionError, SystemError, TypeError, ValueError),
)


def load(path: Path) -> Any:
    """Return the contents of a pickle of plain containers, numbers, texts and arrays.

    Parameters
    ----------
    path : Path
        A pickle of any protocol, as Python and numpy 1 or 2 write it.

    Returns
    -------
    object
        Lists, tuples, dictionaries whose keys are texts or numbers, numbers, texts,
        bytes and arrays; arrays of records are plain arrays of a structured data type,
        scalars of numpy are those of Python.  Arrays cannot be written to.

    Raises
    ------
    BadInput
        The file cannot be read, is no pickle, is damaged or larger than `MOST_BYTES`;
        or it asks for anything else: another name, an object of a class, an entry of
        the registry of extensions, an object kept elsewhere, a set.
    """
    check_readable(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise BadInput(
            f"{path} has {size / 1e9:.3g} GB, more than the {MOST_BYTES / 1e9:g} GB "
            "that are read at once; divide it into several files"
        )
    with path.open("rb") as file:
        try:
            return _followed(_Bounded(file, size))
        except NotAdmittedError as error:
            raise BadInput(
                f"{path} holds {error}, which a database of maps has no need of; "
                "nothing in it was run. Use it only if you know who wrote it, and "
                "write its maps as .npz"
            ) from error
        except _DAMAGE as error:
            raise BadInput(
                f"{path} cannot be read as a pickle of maps, or is damaged: "
                f"{shown(str(error))[:_LONGEST_NAME]}; fetch it again, or write its "
                "maps as .npz"
            ) from error


def _followed(file: _Bounded) -> Any:
    """Return what the instructions of a pickle make."""
    machine = Machine()
    for opcode, argument, _ in pickletools.genops(file):  # type: ignore[arg-type]
        if opcode.name == "STOP":
            return machine.pop()
        machine.follow(opcode.name, argument)
    raise EOFError("it ends before its last instruction")


class _Bounded:
    """A file of which no more bytes can be asked for than are left.

    Parameters
    ----------
    file : file
        The file, open for reading.
    size : int
        Its size in bytes.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, n: int) -> bytes:
        """Return the next bytes."""
        if n > self._left:
            raise EOFError(f"{n:,} bytes are stated, and {self._left:,} are left")
        return self._counted(self._file.read(n))

    def readline(self) -> bytes:
        """Return the rest of a line."""
        return self._counted(self._file.readline())

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data
