"""An append-only record of finished work, so that an interrupted run can go on.

The file begins with a magic string and a head (JSON: survey, model, inputs); each
frame after it (see `amphitrite.engine.frames`) holds one finished unit of work as named
arrays.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from numpy.typing import NDArray

from amphitrite.engine import frames
from amphitrite.engine.frames import FRAME_MAGIC, Arrays, Frame, is_cut_off
from amphitrite.errors import BadInput, OutputError
from amphitrite.files.writing import sync, writing

logger = logging.getLogger(__name__)

_FAMILY: Final = b"AMPHJNL"
_MAGIC: Final = _FAMILY + b"2"
_SYNC_SECONDS: Final = 5.0
# Keys that are no unit's.
_HEAD: Final = "\0head"
_GAPS: Final = "\0gaps"


class Journal:
    """The journal of one run; a context manager.

    Parameters
    ----------
    path : Path
        The journal's file.
    head : mapping
        Survey, model, inputs, options (JSON types): the same in a resumed run.
    resume : bool
        Go on with the file if it exists, instead of starting it anew.

    Raises
    ------
    BadInput
        The file belongs to a run with another head, is no journal or one of an older
        version, or its head is damaged.
    OutputError
        It cannot be written; so do the methods that write.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self._where: dict[str, tuple[int, int]] = {}
        self._next = 0
        self._synced = time.monotonic()
        head = json.loads(json.dumps(head))
        if not (resume and path.exists()):
            self._create(head)
        self._file: BinaryIO = path.open("r+b", buffering=0)
        try:
            self._recover(head)
            self.sync()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        with suppress(*([OutputError] if raised else [])):  # hiding what was raised
            self.close()

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def __len__(self) -> int:
        return len(self._where)

    def append(self, key: str, arrays: Arrays) -> None:
        """Add one finished unit; on disk for good within a few seconds.

        A unit that is there already is replaced.
        """
        self.put(key, frames.pack(arrays))

    def put(self, key: str, body: bytes | memoryview) -> None:
        """Add one finished unit whose arrays are packed; see `append`."""
        self._where[key] = self._append(key, body)
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()

    def read(self, key: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a finished unit."""
        return frames.unpack(self._read(*self._where[key]))

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield the finished units and their packed arrays, in the order of the keys.

        See `amphitrite.engine.frames.unpack`.
        """
        for key in sorted(self._where):
            yield key, self._read(*self._where[key])

    def forget(self, key: str) -> None:
        """Take a unit for unfinished, so that it is done again."""
        del self._where[key]

    def sync(self) -> None:
        """Force what was appended onto the disk."""
        with writing(self.path):
            os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync and close the file; safe to call twice."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()

    def _create(self, head: Mapping[str, Any]) -> None:
        """Make the file, which appears with its head or not at all."""
        aside = self.path.with_name(self.path.name + ".new")
        text = json.dumps(head, sort_keys=True).encode()
        with writing(self.path):
            aside.write_bytes(_MAGIC + frames.beginning(0, _HEAD, text) + text)
            sync(aside)
            aside.replace(self.path)
            sync(self.path.parent)

    def _append(self, key: str, body: bytes | memoryview) -> tuple[int, int]:
        """Write one frame at the end; return the place and the length of its body."""
        start = self._file.seek(0, os.SEEK_END)
        beginning = frames.beginning(self._next, key, body)
        try:
            with writing(self.path):
                for part in (beginning, body):
                    _write(self._file, part)
        except BaseException:
            with suppress(OSError):  # which would hide why the frame is not whole
                self._file.truncate(start)
            raise
        self._next += 1
        return start + len(beginning), len(body)

    def _recover(self, head: Mapping[str, Any]) -> None:
        """Compare the head, index the whole frames, and report lost ones."""
        self._check_kind()
        found = frames.frames(self._file.fileno(), len(_MAGIC))
        first = next(found, None)
        if first is None or first.start != len(_MAGIC) or first.key != _HEAD:
            raise BadInput(
                f"the beginning of the journal {self.path} is damaged, so that nobody "
                "can tell of which run it is; start anew with --overwrite"
            )
        _compare(self._json(first), head, self.path)
        before, gaps, known = first, [], []
        for frame in found:
            if frame.start != before.end:
                lost = frame.number - before.number - 1
                gaps.append([before.end, frame.start, lost])
            if frame.key == _GAPS:
                known += self._json(frame)
            else:
                self._where[frame.key] = (frame.at, frame.end - frame.at)
            before = frame
        self._next = before.number + 1
        if new := [gap for gap in gaps if gap not in known]:
            n_bytes = sum(end - start for start, end, _ in new)
            self._report_lost(n_bytes, sum(lost for *_, lost in new))
        self._drop_tail(before.end)
        if new:
            self._append(_GAPS, json.dumps(new).encode())

    def _check_kind(self) -> None:
        magic = self._read(0, len(_MAGIC))
        if magic == _MAGIC:
            return
        if magic[:-1] == _FAMILY and magic[-1:].isdigit():
            raise BadInput(
                f"the journal {self.path} was begun by another version of amphitrite "
                f"(its format is {magic[-1:].decode()}, this one's is "
                f"{_MAGIC[-1:].decode()}); go on with that version, or start anew with "
                "--overwrite"
            )
        raise BadInput(
            f"{self.path} is no journal of amphitrite, or its beginning is damaged; "
            "start anew with --overwrite"
        )

    def _drop_tail(self, end: int) -> None:
        """Cut off the bytes behind the last whole frame, and report them."""
        size = os.fstat(self._file.fileno()).st_size
        if end == size:
            return
        tail = self._read(end, size - end)
        n_frames = tail.count(FRAME_MAGIC)
        torn = n_frames == 1 and tail.startswith(FRAME_MAGIC) and is_cut_off(tail)
        if torn or FRAME_MAGIC.startswith(tail):
            logger.warning(
                "the journal %s ends in the middle of a part (%d bytes), which will be "
                "done again",
                self.path,
                len(tail),
            )
        else:
            self._report_lost(len(tail), max(1, n_frames))
        with writing(self.path):
            self._file.truncate(end)

    def _report_lost(self, n_bytes: int, n_parts: int) -> None:
        logger.warning(
            "%d bytes of the journal %s are damaged: %d finished part%s lost and will "
            "be done again",
            n_bytes,
            self.path,
            n_parts,
            " is" if n_parts == 1 else "s are",
        )

    def _json(self, frame: Frame) -> Any:
        return json.loads(self._read(frame.at, frame.end - frame.at))

    def _read(self, at: int, length: int) -> bytes:
        return frames.read(self._file.fileno(), at, length)


def _write(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of it: a disk that is nearly full may take a part."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _compare(found: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    """Refuse to mix two runs, and name the first difference."""
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            raise BadInput(
                f"the interrupted run in {path.parent} had {key} = {found.get(key)!r}, "
                f"this one has {wanted.get(key)!r}; run it as it was begun, or start "
                "anew with --overwrite"
            )
