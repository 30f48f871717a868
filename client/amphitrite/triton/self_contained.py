"""Check that an ONNX file needs no other files and no foreign operators.

An ONNX file can name other files that hold its weights, and operators that are not part
of ONNX and may read files.  The file is examined field by field [1]_, since a light
installation has no ``onnx`` package; the weights themselves are skipped.

References
----------
.. [1] https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput

# Operators of ONNX itself; none of them reads a file.
DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
# The largest published model has 60,000 fields; each takes about a microsecond.
MOST_FIELDS: Final = 20_000_000

_LFS: Final = b"version https://git-lfs"
_VARINT, _FIXED64, _TEXT, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class _Message:
    """The fields to examine in one type of protobuf message, by field number.

    Parameters
    ----------
    parts : dict of int to _Message
        Fields with a message of their own to examine.
    domain : int or None
        The field with the domain of an operator.
    external : tuple of int
        Fields that name other files.
    metadata : int or None
        The field with metadata of the model.
    """

    parts: dict[int, _Message] = field(default_factory=dict)
    domain: int | None = None
    external: tuple[int, ...] = ()
    metadata: int | None = None


def _grammar() -> _Message:
    """Return the messages of ONNX that can hold tensors or operators."""
    tensor = _Message(external=(13, 14))  # external_data, data_location
    sparse = _Message({1: tensor, 2: tensor})
    attribute = _Message({5: tensor, 10: tensor, 22: sparse, 23: sparse})
    node = _Message({5: attribute}, domain=7)
    graph = _Message({1: node, 5: tensor, 15: sparse})
    attribute.parts.update({6: graph, 11: graph})  # subgraphs of loops and conditions
    function = _Message({7: node, 11: attribute})
    training = _Message({1: graph, 2: graph})
    return _Message({7: graph, 20: training, 25: function}, metadata=14)


_MODEL: Final = _grammar()


def check_self_contained(path: Path) -> None:
    """Refuse a file that is not an ONNX model, or that needs anything beside itself.

    Raises
    ------
    BadInput
        The file cannot be read as ONNX, keeps weights in other files, has operators
        that are not part of ONNX, or carries settings of ONNX Runtime.
    """
    if path.stat().st_size == 0:
        raise BadInput(f"{path} is empty; fetch it again")
    with path.open("rb") as file:
        if file.read(len(_LFS)) == _LFS:
            raise BadInput(
                f"{path} is only a pointer to a file in Git LFS, not the file; fetch "
                "it with: git lfs pull"
            )
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                _check(data, path)
            except (IndexError, ValueError) as error:
                raise BadInput(
                    f"{path} is no ONNX file, or is damaged ({error}); fetch it again"
                ) from error


def _check(data: mmap.mmap, path: Path) -> None:
    if data[4:8] == b"ORTM":  # the signature of ONNX Runtime's own format
        raise ValueError("it is in ONNX Runtime's own format")
    waiting = [(_MODEL, 0, len(data))]
    left = MOST_FIELDS
    graphs = 0
    while waiting:
        message, start, end = waiting.pop()
        for number, kind, value, size in _fields(data, start, end):
            left -= 1
            if left < 0:
                raise ValueError(f"it has more than {MOST_FIELDS} fields")
            if number in message.external and (kind == _TEXT or value):
                raise BadInput(
                    f"{path} keeps weights in other files, which are not served; "
                    "save the model with all of its weights inside"
                )
            if kind != _TEXT:
                continue
            stop = value + size
            if part := message.parts.get(number):
                graphs += message is _MODEL and number == 7
                waiting.append((part, value, stop))
            elif number == message.domain:
                _check_domain(data[value:stop], path)
            elif number == message.metadata and b"ort_config" in data[value:stop]:
                raise BadInput(
                    f"{path} carries settings of ONNX Runtime (ort_config); only the "
                    "configuration may have settings"
                )
    if not graphs:
        raise ValueError("it has no graph")


def _check_domain(domain: bytes, path: Path) -> None:
    """Refuse operators that are not part of ONNX itself."""
    name = domain.decode(errors="replace")
    if name not in DOMAINS:
        raise BadInput(
            f"{path} has operators of '{name}', which are not served; only those of "
            "ONNX itself are"
        )


def _fields(
    data: mmap.mmap, position: int, end: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, value and size in bytes of each field of a message.

    The value of a text or of a nested message is the position where it begins.
    """
    while position < end:
        tag, position = _varint(data, position, most=5)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"a field has the number {number}")
        value, size = position, _SIZES.get(kind, 0)
        if kind == _VARINT:
            value, position = _varint(data, position, most=10)
        elif kind == _TEXT:
            size, position = _varint(data, position, most=5)
            value = position
        elif kind not in _SIZES:
            raise ValueError(f"a field is of the kind {kind}")
        position += size
        if position > end:
            raise ValueError("a field is longer than what holds it")
        yield number, kind, value, size


_SIZES: Final[Mapping[int, int]] = {_FIXED64: 8, _FIXED32: 4}


def _varint(data: mmap.mmap, position: int, *, most: int) -> tuple[int, int]:
    """Return a number stored with seven bits per byte, and the position of its end."""
    value = 0
    for place in range(most):
        byte = data[position + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, position + place + 1
    raise ValueError("a number does not end")
