"""Standard output and error that do not end a command when their reader is gone."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from amphitrite.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


# The reader is gone: a closed pipe, a terminal that hung up, a closed descriptor.
_UNHEARD: Final = (errno.EPIPE, errno.EIO, errno.EBADF)


class _Stream(io.FileIO):
    """A file descriptor that discards what is written once its reader is gone.

    It writes all that it is given, and nothing is buffered below it: an interruption
    just after a write would leave the text in the buffer, to be written once more.
    """

    def __init__(self, descriptor: int, *, needed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._needed = needed
        self._quiet = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or discard the data if nothing can be written, and return its size.

        Raises
        ------
        OutputError
            Needed output cannot be written, for instance because the disk is full.
        """
        if self._quiet:
            return memoryview(data).nbytes
        left = memoryview(data).cast("B")
        try:
            while left:
                if (n := super().write(left)) is None:  # not now: nobody has read yet
                    select.select([], [self], [])
                left = left[n or 0 :]
        except OSError as error:
            self._quiet = True
            if self._needed and error.errno not in _UNHEARD:
                raise OutputError(
                    f"standard output cannot be written: {error.strerror or error}"
                ) from error
        return memoryview(data).nbytes


def prepare() -> None:
    """Replace Python's standard output and error by streams that survive their reader.

    A closed standard output (``| head``, ``>&-``) does not end the command.  Closed
    descriptors are opened on the null device, since otherwise the next file opened
    would get their number and the messages written to it.  Characters that the
    encoding lacks are written as escapes.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(1, sys.stdout, needed=True)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(2, sys.stderr, needed=False)


def _text(
    descriptor: int, before: io.TextIOBase | None, *, needed: bool
) -> io.TextIOWrapper:
    raw = _Stream(descriptor, needed=needed)
    return io.TextIOWrapper(
        cast(BinaryIO, raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or not needed,
    )
