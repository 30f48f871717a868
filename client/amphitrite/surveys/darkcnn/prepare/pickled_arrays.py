"""Arrays, data types and scalars of numpy, built from what a pickle says of them.

Nothing of numpy is called as the file asks.  What its constructors would make is made
here, once the sizes that are stated agree with the bytes that are there, so that an
array is never larger than the file it comes from.
"""

from __future__ import annotations

import math
import re
from enum import Enum, auto
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


class Constructor(Enum):
    """What a pickle may name."""

    RECONSTRUCT = auto()
    FROM_BUFFER = auto()
    SCALAR = auto()
    ENCODE = auto()
    DTYPE = auto()
    ARRAY = auto()
    RECORD = auto()


_CORES: Final = ("numpy.core", "numpy._core")  # of numpy 1 and numpy 2
_NUMPY: Final = ("numpy", "numpy.rec", *(f"{core}.records" for core in _CORES))
ADMITTED: Final = {
    ("_codecs", "encode"): Constructor.ENCODE,
    ("numpy", "dtype"): Constructor.DTYPE,
    ("numpy", "ndarray"): Constructor.ARRAY,
    **{(module, "recarray"): Constructor.ARRAY for module in _NUMPY},
    **{(module, "record"): Constructor.RECORD for module in _NUMPY},
    **{
        (f"{core}.{module}", name): constructor
        for core in _CORES
        for module, name, constructor in (
            ("multiarray", "_reconstruct", Constructor.RECONSTRUCT),
            ("multiarray", "scalar", Constructor.SCALAR),
            ("numeric", "_frombuffer", Constructor.FROM_BUFFER),
        )
    },
}
"""The names that a pickle may use, by module and name."""

_PLAIN: Final = re.compile(r"[biufcSUVO]\d{1,7}|\?|O")
_MOST_AXES: Final = 8
_MOST_FIELDS: Final = 1000
_MOST_ITEM_BYTES: Final = 1 << 20


class Unbuilt:
    """An array or a data type before its state is known.

    Parameters
    ----------
    kind : Constructor
        `Constructor.ARRAY` or `Constructor.DTYPE`.
    code : str
        The code of a data type, such as ``"f8"``.
    """

    def __init__(self, kind: Constructor, code: str = "") -> None:
        self.kind = kind
        self.code = code
        self.memo_keys: list[int] = []

    def built(self, state: Any) -> Any:
        """Return the array or the data type with its state; see `called`."""
        if self.kind is Constructor.DTYPE:
            return _dtype(self.code, state)
        _version, shape, dtype, fortran, raw = state
        return _array(shape, dtype, raw, "F" if fortran else "C")


def called(constructor: Any, arguments: Any) -> Any:
    """Return what a constructor makes of its arguments.

    Parameters
    ----------
    constructor : Constructor
        The constructor.
    arguments : tuple
        Its arguments, made of plain values, arrays and data types.

    Returns
    -------
    Unbuilt, ndarray, bytes, float, int, complex, str or bool
        Arrays of records are plain arrays of a structured data type.

    Raises
    ------
    ValueError, TypeError
        The arguments are not those that numpy writes, or state another size than they
        have.
    """
    match constructor, arguments:
        case Constructor.RECONSTRUCT, (Constructor.ARRAY, (0,), b"b" | "b"):
            return Unbuilt(Constructor.ARRAY)
        case Constructor.DTYPE, (str(code), *_):
            return Unbuilt(Constructor.DTYPE, code)
        case Constructor.DTYPE, (Constructor.RECORD, *_):
            return Unbuilt(Constructor.DTYPE, "V0")
        case Constructor.SCALAR, (np.dtype() as dtype, raw) if not dtype.hasobject:
            return _array((1,), dtype, raw, "C")[0].item()
        case Constructor.FROM_BUFFER, (raw, dtype, shape, "C" | "F" as order):
            return _array(shape, dtype, raw, order)
        case Constructor.ENCODE, (str(text), "latin1" | "latin-1"):
            return text.encode("latin1")
    raise ValueError("a constructor with arguments that numpy does not write")


def _dtype(code: str, state: Any) -> np.dtype[Any]:
    """Return a data type from its code and its state."""
    if not _PLAIN.fullmatch(code):
        raise ValueError("a data type that maps have no need of")
    _version, order, subarray, names, fields, item_bytes, *_ = state
    if names is not None:
        return _structured(names, fields, item_bytes)
    if subarray is not None:
        base, shape = subarray
        return _checked(np.dtype((_of_numbers(base), _shape(shape))))
    if order not in ("|", "<", ">", "="):
        raise ValueError("a byte order that does not exist")
    return _checked(np.dtype(code).newbyteorder(order))


def _structured(names: Any, fields: Any, item_bytes: Any) -> np.dtype[Any]:
    """Return the data type of a record."""
    if not isinstance(names, tuple) or len(names) > _MOST_FIELDS:
        raise ValueError("a record with more fields than maps have need of")
    if not all(isinstance(name, str) for name in names):
        raise ValueError("a field whose name is no text")
    parts = [fields[name] for name in names]
    if not all(type(size) is int for size in (item_bytes, *(p[1] for p in parts))):
        raise ValueError("a record with places that are no whole numbers")
    if not 0 <= item_bytes <= _MOST_ITEM_BYTES:
        raise ValueError("a record of impossible size")
    layout = {
        "names": list(names),
        "formats": [_of_numbers(part[0]) for part in parts],
        "offsets": [part[1] for part in parts],
        "itemsize": item_bytes,
    }
    return np.dtype(layout)  # type: ignore[call-overload,no-any-return]


def _of_numbers(dtype: Any) -> np.dtype[Any]:
    """Return a data type if it is one of numbers or text, not of fields or objects."""
    if not isinstance(dtype, np.dtype) or dtype.names or dtype.hasobject:
        raise ValueError("a field of a record that is no number or text")
    return dtype


def _checked(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a data type if its items are of a sensible size."""
    if dtype.itemsize > _MOST_ITEM_BYTES:
        raise ValueError("a data type of impossible size")
    return dtype


def _shape(shape: Any) -> tuple[int, ...]:
    """Return a shape if it is one."""
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        raise ValueError("a shape that maps have no need of")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError("a shape that is none")
    return shape


def _array(shape: Any, dtype: Any, raw: Any, order: Any) -> NDArray[Any]:
    """Return an array of the numbers, or of the objects, that are there."""
    n = math.prod(_shape(shape))
    if not isinstance(dtype, np.dtype):
        raise TypeError("an array without a data type")
    if dtype.kind == "O":
        if not isinstance(raw, list) or len(raw) != n:
            raise ValueError("an array of another size than its objects have")
        values = np.empty(n, object)
        for place, value in enumerate(raw):
            values[place] = value
        return values.reshape(shape, order=order)
    if isinstance(raw, str):  # as Python 2 writes bytes
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray) or len(raw) != n * dtype.itemsize:
        raise ValueError("an array of another size than its numbers have")
    if n and not raw:
        raise ValueError("an array of items without bytes")
    if not n:
        return np.zeros(shape, dtype)
    return np.frombuffer(raw, dtype).reshape(shape, order=order)
