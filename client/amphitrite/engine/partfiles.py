"""Parts: the file that one shard of a survey leaves for ``amphitrite merge``.

A catalogue is more than its rows put together: sources that two patches show are listed
once, the sectors of a star are folded together, a threshold follows from all the noise.
A shard therefore writes no catalogue, but what its run has kept in the journal: the
answers of the network, unit by unit.  ``merge`` puts these records into one journal and
runs the survey from there, as a run does that was interrupted after its last answer: it
asks no server, and its catalogue is that of a run without shards.

A part holds what this takes: the survey with its inputs and options as they were given;
the head of the journal, which says of which run it is; the models as they were served,
with their learned values; the units that were skipped, and why; and the records.  It
depends on nothing else, neither the time nor the order of the answers: the same shard
gives the same part to the bit.

The file is a magic string and frames (see `amphitrite.engine.frames`): a head in JSON,
the records in the order of their keys, and an end without which it is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from amphitrite.engine import frames
from amphitrite.engine.frames import Frame
from amphitrite.engine.journal import Journal
from amphitrite.engine.parts import JOURNAL
from amphitrite.errors import BadInput
from amphitrite.files.writing import writing

SUFFIX: Final = ".part"
_FAMILY: Final = b"AMPHPRT"
_MAGIC: Final = _FAMILY + b"1"
_HEAD: Final = "\0head"
_END: Final = "\0end"


@dataclass(frozen=True)
class Head:
    """What a part says of itself, in JSON types.

    Parameters
    ----------
    survey : str
        The survey's name.
    shard : (int, int)
        Which shard it is, counted from 0, and of how many.
    run : mapping
        The head of the run's journal: versions, weights, inputs and choices.
    options : mapping
        The survey's options; see `plain`.
    inputs : list of str
        Files, patterns, folders and lists, as they were given.
    folder : str
        The working directory if a name is relative to it; else empty.
    models : list of mapping
        The models as they were served, in the order in which they were asked for.
    skipped : mapping of str to str
        Units that could not be used, and why.
    """

    survey: str
    shard: tuple[int, int]
    run: Mapping[str, Any]
    options: Mapping[str, Any]
    inputs: list[str]
    folder: str
    models: list[Mapping[str, Any]]
    skipped: Mapping[str, str] = field(default_factory=dict)


def check_name(out: Path) -> None:
    """Refuse another suffix than that of parts.

    Raises
    ------
    BadInput
        Says which one is needed.
    """
    if out.suffix != SUFFIX:
        raise BadInput(
            f"a shard writes a part, not a catalogue: --output must end in {SUFFIX}; "
            f"received {out}; 'amphitrite merge' makes the catalogue of all parts"
        )


def check_lasting(inputs: Sequence[Path]) -> None:
    """Refuse lists that come through a pipe, and are gone when parts are merged.

    Raises
    ------
    BadInput
        Names the list.
    """
    for path in inputs:
        if str(path).startswith("@/dev/"):
            raise BadInput(
                f"the list {path} is gone when the parts are merged; with --shard, "
                "write it into a file"
            )


def write(path: Path, head: Head, journal: Journal) -> None:
    """Write a part.

    Parameters
    ----------
    path : Path
        The file; it must not exist.
    head : Head
        What it is a part of.
    journal : Journal
        The finished units.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    text = json.dumps(asdict(head), sort_keys=True).encode()
    with writing(path), path.open("xb") as file:
        file.write(_MAGIC + frames.beginning(0, _HEAD, text) + text)
        number = 0
        for number, (key, body) in enumerate(journal.records(), start=1):
            file.write(frames.beginning(number, key, body))
            file.write(body)
        file.write(frames.beginning(number + 1, _END, b""))


def read_head(path: Path) -> Head:
    """Return what a part says of itself, after checking all of the file.

    Parameters
    ----------
    path : Path
        The part.

    Raises
    ------
    BadInput
        It cannot be read, is no part, or is not whole.
    """
    with _opened(path) as descriptor:
        first, end = None, len(_MAGIC)
        frame = None
        for frame in frames.frames(descriptor, len(_MAGIC)):
            if frame.start != end:
                break
            if first is None:
                first = frame
            end = frame.end
        size = os.fstat(descriptor).st_size
        if frame is None or first is None or first.key != _HEAD:
            raise BadInput(f"{path} is damaged at its beginning; {_AGAIN}")
        head = _head(frames.read(descriptor, first.at, first.end - first.at), path)
        if frame.key != _END or frame.end != end or end != size:
            index, count = head.shard
            raise BadInput(
                f"{path}, the part of shard {index}/{count}, is cut off or damaged "
                f"behind byte {end:,} of {size:,}; {_AGAIN}"
            )
        return head


_AGAIN: Final = "copy it again, or run its shard again"


def records(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the units of a part and their packed arrays; see `read_head` for errors."""
    with _opened(path) as descriptor:
        for frame in frames.frames(descriptor, len(_MAGIC)):
            if frame.key not in (_HEAD, _END):
                yield frame.key, _body(descriptor, frame)


def plain(options: Any) -> dict[str, Any]:
    """Return a survey's options in JSON types, from which they can be made again."""
    return {name: _plain(value) for name, value in asdict(options).items()}


def folder_of(inputs: list[str], options: Any) -> str:
    """Return the working directory if a name is relative to it, else nothing."""
    files = [value for value in asdict(options).values() if isinstance(value, Path)]
    names = [*inputs, *map(str, files)]
    if all(name.removeprefix("@").startswith(("/", "~")) for name in names):
        return ""
    return str(Path.cwd())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _head(text: bytes, path: Path) -> Head:
    try:
        head = Head(**json.loads(text))
        index, count = head.shard
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path} is no part of a survey: {error}") from None
    return Head(**{**vars(head), "shard": (index, count)})


def _body(descriptor: int, frame: Frame) -> bytes:
    return frames.read(descriptor, frame.at, frame.end - frame.at)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Yield the descriptor of a part, open for reading."""
    if path.is_dir():
        known = (path / JOURNAL).exists()
        raise BadInput(
            f"{path} is the folder of a shard that has not finished; run that shard "
            "again with --resume"
            if known
            else f"{path} is a folder; give the parts in it, such as '{path}/*.part'"
        )
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise BadInput(f"the part {path} cannot be read: {error.strerror}") from error
    try:
        _check_kind(frames.read(descriptor, 0, len(_MAGIC)), path)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_kind(magic: bytes, path: Path) -> None:
    if magic == _MAGIC:
        return
    if magic[:-1] == _FAMILY and magic[-1:].isdigit():
        raise BadInput(
            f"{path} is a part of another version of amphitrite (its format is "
            f"{magic[-1:].decode()}, this one's is {_MAGIC[-1:].decode()}); merge with "
            "that version, or run the shards again"
        )
    raise BadInput(
        f"{path} is no part of a survey; give the files that runs with --shard wrote"
    )
