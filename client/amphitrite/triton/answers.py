"""Numbers on their way to a server and back, held against what its model declares.

Every request and every answer of every survey comes through here, so that no number
that cannot be reaches a network or a catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput, InferenceFailed
from amphitrite.triton.spec import ModelSpec, TensorSpec

Tensors = Mapping[str, NDArray[Any]]

_BATCH: Final = "the batch"
_NUMBERS: Final = "biuf"  # numpy's kinds of dtypes that have an order


def asked_for(spec: ModelSpec, outputs: Sequence[str]) -> list[str]:
    """Return outputs to ask for: the wanted ones, and those needed to check them.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    outputs : sequence of str
        The wanted ones.
    """
    fillers = {tensor.name: tensor.filled_by for tensor in spec.outputs}
    telling = (fillers.get(name) for name in outputs)
    return list(dict.fromkeys([*outputs, *(n for n in telling if n in fillers)]))


def check_request(spec: ModelSpec, tensors: Tensors) -> None:
    """Refuse to send numbers that a model does not take; a server lets NaN through.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    tensors : mapping of str to ndarray
        Its inputs.

    Raises
    ------
    BadInput
        A value is NaN or infinite, or outside its declared range.
    """
    for tensor in spec.inputs:
        if tensor.name in tensors and (wrong := _wrong(tensor, tensors[tensor.name])):
            raise BadInput(
                f"the input '{tensor.name}' of the model '{spec.name}' holds what it "
                f"does not take: {wrong}. Nothing was sent."
            )


def check_answer(
    spec: ModelSpec, sent: Tensors, answer: Mapping[str, NDArray[Any] | None]
) -> None:
    """Refuse an answer that is not what a model declares.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    sent : mapping of str to ndarray
        The inputs that it was sent, each with a leading batch axis.
    answer : mapping of str to ndarray or None
        The outputs that it was asked for; None for one that did not come.

    Raises
    ------
    InferenceFailed
        An output is missing or of another dtype or shape, or a value that stands for
        something is NaN, infinite or outside its declared range.
    """
    declared = {tensor.name: tensor for tensor in spec.outputs}
    lengths = {_BATCH: len(next(iter(sent.values())))}
    for tensor in spec.inputs:
        if tensor.name in sent:
            _shape(tensor, sent[tensor.name], lengths)
    there: dict[str, NDArray[Any]] = {}
    for name, values in answer.items():
        tensor = declared[name]
        if values is None:
            raise InferenceFailed(f"the output '{name}' is missing")
        wanted = _shape(tensor, values, lengths)
        if (values.dtype, values.shape) != (np.dtype(tensor.dtype), wanted):
            raise InferenceFailed(
                f"the output '{name}' is {values.dtype} of shape {values.shape}; "
                f"declared is {tensor.dtype} of shape {wanted}"
            )
        there[name] = values
    for name, values in there.items():
        tensor = declared[name]
        if tensor.filled_by:
            told = there.get(tensor.filled_by, sent.get(tensor.filled_by))
            values = values[_filled(told, values.shape[1])]
        if wrong := _wrong(tensor, values):
            raise InferenceFailed(f"the output '{name}' holds what cannot be: {wrong}")


def _shape(
    tensor: TensorSpec, values: NDArray[Any], lengths: dict[str, int]
) -> tuple[int, ...]:
    """Return the shape that values should have; free lengths are those seen first."""
    wanted = [lengths[_BATCH]]
    for place, (axis, length) in enumerate(
        zip(tensor.axes, tensor.shape, strict=True), start=1
    ):
        if length < 0 and place < values.ndim:
            length = lengths.setdefault(axis, values.shape[place])
        wanted.append(length)
    return tuple(wanted)


def _filled(told: NDArray[Any] | None, n_places: int) -> NDArray[np.bool_]:
    """Return which places of each row of a batch are filled: all, if nothing tells."""
    if told is None:
        return np.ones(n_places, bool)
    if told.dtype == bool:
        return told
    return np.asarray(np.arange(n_places) < told.reshape(-1, 1))


def _wrong(tensor: TensorSpec, values: NDArray[Any]) -> str:
    """Say which values are not finite or out of range; nothing if none is."""
    if not values.size or values.dtype.kind not in _NUMBERS:
        return ""
    least, most = tensor.bounds
    # two quick passes: NaN, where there is one, is both
    lowest, highest = float(values.min()), float(values.max())
    finite = math.isfinite(lowest) and math.isfinite(highest)
    if finite and least <= lowest and highest <= most:
        return ""
    bad = ~((values >= least) & (values <= most) & np.isfinite(values))
    return (
        f"{bad.sum()} of {bad.size} values, the first {values[bad][0]:g}; declared are "
        f"{_range(tensor)}"
    )


def _range(tensor: TensorSpec) -> str:
    """Return a declared range in words."""
    if tensor.minimum is None and tensor.maximum is None:
        return "finite numbers"
    if tensor.maximum is None:
        return f"finite numbers from {tensor.minimum:g}"
    if tensor.minimum is None:
        return f"finite numbers up to {tensor.maximum:g}"
    return f"numbers from {tensor.minimum:g} to {tensor.maximum:g}"
