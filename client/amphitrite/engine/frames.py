"""Frames: named records in a file, each with a checksum.

Every frame begins with a magic of its own and carries its number, its lengths and a
checksum: a damaged one is recognised, and reading goes on with the next whole frame
behind it.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FRAME_MAGIC: Final = b"\xa7\x0e frame\n"
# Number of the frame, length of the body, length of the key; then a checksum of
# these, the key and the body.
_NUMBERS: Final = struct.Struct("<QQI")
_CHECKSUM: Final = 16
_FRAME_BYTES: Final = len(FRAME_MAGIC) + _NUMBERS.size + _CHECKSUM
_SEARCH_BYTES: Final = 1 << 20

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Frame:
    """A whole frame: its number, its key, and the places of frame and body.

    Parameters
    ----------
    number : int
        How many frames were written before it.
    key : str
        The name of the record.
    start, at, end : int
        Bytes of the file: where the frame begins, where its body does, and where both
        end.
    """

    number: int
    key: str
    start: int
    at: int
    end: int


def beginning(number: int, key: str, body: bytes | memoryview) -> bytes:
    """Return the bytes before the body of a frame."""
    name = key.encode("utf-8", "surrogateescape")
    numbers = _NUMBERS.pack(number, len(body), len(name))
    return FRAME_MAGIC + numbers + _digest(numbers, name, body) + name


def frames(descriptor: int, start: int) -> Iterator[Frame]:
    """Yield the whole frames of a file, whatever stands between them.

    Parameters
    ----------
    descriptor : int
        The file, open for reading.
    start : int
        The byte from which on to look.
    """
    place: int | None = start
    while place is not None:
        if (frame := _frame_at(descriptor, place)) is not None:
            yield frame
            place = frame.end
        else:
            place = _find(descriptor, place + 1)


def is_cut_off(tail: bytes) -> bool:
    """Return whether a frame, whose beginning is given, ends behind the given bytes."""
    if len(tail) < _FRAME_BYTES:
        return True
    _, length, name_length = _NUMBERS.unpack_from(tail, len(FRAME_MAGIC))
    return bool(_FRAME_BYTES + name_length + length > len(tail))


def pack(arrays: Arrays) -> memoryview:
    """Return named arrays as a body; the same bytes for the same arrays."""
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **arrays)
    return body.getbuffer()


def unpack(body: bytes) -> dict[str, NDArray[Any]]:
    """Return the named arrays of a body that `pack` made."""
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return dict(arrays)


def read(descriptor: int, at: int, length: int) -> bytes:
    """Return the bytes from a place on; fewer than asked for where the file ends."""
    parts = []
    while length > 0 and (part := os.pread(descriptor, length, at)):
        parts.append(part)
        at, length = at + len(part), length - len(part)
    return b"".join(parts)


def _find(descriptor: int, start: int) -> int | None:
    """Return the place of the next frame's magic; None if there is none."""
    while True:
        data = read(descriptor, start, _SEARCH_BYTES)
        if (found := data.find(FRAME_MAGIC)) >= 0:
            return start + found
        if len(data) < _SEARCH_BYTES:
            return None
        start += len(data) - len(FRAME_MAGIC) + 1


def _frame_at(descriptor: int, start: int) -> Frame | None:
    """Return the frame that begins at a place, if a whole one does."""
    head = read(descriptor, start, _FRAME_BYTES)
    if not head.startswith(FRAME_MAGIC) or len(head) < _FRAME_BYTES:
        return None
    numbers = head[len(FRAME_MAGIC) : -_CHECKSUM]
    number, length, name_length = _NUMBERS.unpack(numbers)
    at = start + _FRAME_BYTES + name_length
    if at + length > os.fstat(descriptor).st_size:
        return None
    name = read(descriptor, start + _FRAME_BYTES, name_length)
    if head[-_CHECKSUM:] != _digest(numbers, name, read(descriptor, at, length)):
        return None
    key = name.decode("utf-8", "surrogateescape")
    return Frame(number, key, start, at, at + length)


def _digest(numbers: bytes, name: bytes, body: bytes | memoryview) -> bytes:
    digest = blake2b(numbers + name, digest_size=_CHECKSUM)
    digest.update(body)
    return digest.digest()
