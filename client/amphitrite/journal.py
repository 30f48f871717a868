"""An append-only record of finished work, so that an interrupted run can go on.

The file begins with a magic string and a head (JSON: what the run is about); each
frame after it holds one finished unit of work as named arrays.  Every frame carries its
length and a checksum: a torn tail, left by a crash, is recognised and dropped.
"""

from __future__ import annotations

import io
import json
import os
import struct
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput

_MAGIC: Final = b"AMPHJNL1"
_FRAME: Final = struct.Struct("<QI16s")  # length of the body, of the key; checksum
_SYNC_SECONDS: Final = 5.0

Arrays = Mapping[str, NDArray[Any]]


class Journal:
    """The journal of one run; a context manager.

    Parameters
    ----------
    path : Path
        The journal's file.
    head : mapping
        What the run is about (JSON types); a resumed run must have the same.
    resume : bool
        Go on with the file if it exists, instead of starting it anew.

    Raises
    ------
    BadInput
        The file belongs to a run with another head, or is no journal.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self._where: dict[str, tuple[int, int]] = {}
        self._synced = time.monotonic()
        if resume and path.exists() and path.stat().st_size >= len(_MAGIC):
            self._file: BinaryIO = path.open("r+b")
            try:
                self._recover(head)
            except BaseException:
                self._file.close()
                raise
        else:
            self._file = path.open("w+b")
            self._file.write(_MAGIC)
            self._write("", json.dumps(head, sort_keys=True).encode())
        self.sync()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def __len__(self) -> int:
        return len(self._where)

    def append(self, key: str, arrays: Arrays) -> None:
        """Add one finished unit; on disk for good within a few seconds."""
        body = io.BytesIO()
        np.savez(body, allow_pickle=False, **arrays)
        at = self._write(key, body.getbuffer())
        self._where[key] = (at, body.getbuffer().nbytes)
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()

    def read(self, key: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a finished unit."""
        at, length = self._where[key]
        self._file.seek(at)
        with np.load(io.BytesIO(self._file.read(length)), allow_pickle=False) as arrays:
            return dict(arrays)

    def sync(self) -> None:
        """Force what was appended onto the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync and close the file; safe to call twice."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def _write(self, key: str, body: bytes | memoryview) -> int:
        """Write one frame at the end and return where its body begins."""
        name = key.encode()
        self._file.seek(0, os.SEEK_END)
        digest = blake2b(name, digest_size=16)
        digest.update(body)
        self._file.write(_FRAME.pack(len(body), len(name), digest.digest()))
        self._file.write(name)
        at = self._file.tell()
        self._file.write(body)
        self._file.flush()
        return at

    def _recover(self, head: Mapping[str, Any]) -> None:
        """Index the whole frames, drop a torn tail, compare the head."""
        if self._file.read(len(_MAGIC)) != _MAGIC:
            raise BadInput(f"{self.path} is no journal of amphitrite; remove it")
        frames = self._frames()
        first = next(frames, None)
        if first is None:
            self._file.seek(len(_MAGIC))
            self._file.truncate()
            self._write("", json.dumps(head, sort_keys=True).encode())
            return
        _, at, length = first
        self._file.seek(at)
        _compare(json.loads(self._file.read(length)), head, self.path)
        for key, at, length in frames:
            self._where[key] = (at, length)
        self._file.truncate(at + length)

    def _frames(self) -> Iterator[tuple[str, int, int]]:
        """Yield key, place and length of the body of each whole frame."""
        while True:
            head = self._file.read(_FRAME.size)
            if len(head) < _FRAME.size:
                return
            length, name_length, checksum = _FRAME.unpack(head)
            if self._file.tell() + name_length + length > self._size():
                return
            name = self._file.read(name_length)
            at = self._file.tell()
            body = self._file.read(length)
            digest = blake2b(name, digest_size=16)
            digest.update(body)
            if digest.digest() != checksum:
                return
            yield name.decode(), at, length
            self._file.seek(at + length)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


def _compare(found: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    """Refuse to mix two runs, and name the first difference."""
    wanted = json.loads(json.dumps(wanted))
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            raise BadInput(
                f"the interrupted run in {path.parent} had {key} = {found.get(key)!r}, "
                f"this one has {wanted.get(key)!r}; run it as it was begun, or start "
                "anew with --overwrite"
            )
