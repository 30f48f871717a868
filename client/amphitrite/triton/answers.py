"""Checks of requests and answers against the tensors that a model declares.

Every request and every answer of every survey is checked here, so that no NaN and no
value outside its declared range reaches a network or a catalogue.
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
_NUMBERS: Final = "biuf"  # numpy's codes of real dtypes: bool, integers, floats


def asked_for(spec: ModelSpec, outputs: Sequence[str]) -> list[str]:
    """Return the names of the outputs to request, with those needed for the checks.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    outputs : sequence of str
        Names of the wanted outputs.

    Returns
    -------
    list of str
        The wanted outputs, then the outputs by which they are filled (see
        `TensorSpec.filled_by`), each once.
    """
    fillers = {tensor.name: tensor.filled_by for tensor in spec.outputs}
    needed = (fillers.get(name) for name in outputs)
    return list(dict.fromkeys([*outputs, *(n for n in needed if n in fillers)]))


def check_request(spec: ModelSpec, tensors: Tensors) -> None:
    """Refuse inputs outside a model's declared ranges; Triton would accept even NaN.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    tensors : mapping of str to ndarray
        Its inputs, each with a leading batch axis.

    Raises
    ------
    BadInput
        A value is NaN or infinite, or outside its declared range.
    """
    for tensor in spec.inputs:
        if tensor.name in tensors and (wrong := _wrong(tensor, tensors[tensor.name])):
            raise BadInput(
                f"the input '{tensor.name}' of the model '{spec.name}' has values that "
                f"it does not take: {wrong}. Nothing was sent."
            )


def check_answer(
    spec: ModelSpec, sent: Tensors, answer: Mapping[str, NDArray[Any] | None]
) -> None:
    """Refuse an answer that does not agree with a model's declared outputs.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    sent : mapping of str to ndarray
        The inputs of the request, each with a leading batch axis.
    answer : mapping of str to ndarray or None
        The requested outputs; None for one that is missing from the answer.

    Raises
    ------
    InferenceFailed
        An output is missing or of another dtype or shape, or a value is NaN, infinite
        or outside its declared range.  Entries that are not filled (see
        `TensorSpec.filled_by`) may be NaN.
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
            filler = there.get(tensor.filled_by, sent.get(tensor.filled_by))
            values = values[_filled(filler, values.shape[1])]
        if wrong := _wrong(tensor, values):
            raise InferenceFailed(f"the output '{name}' has invalid values: {wrong}")


def _shape(
    tensor: TensorSpec, values: NDArray[Any], lengths: dict[str, int]
) -> tuple[int, ...]:
    """Return the declared shape of a tensor, with the batch axis.

    A free length is that of the first tensor with an axis of this name, as kept in
    `lengths`.
    """
    wanted = [lengths[_BATCH]]
    for place, (axis, length) in enumerate(
        zip(tensor.axes, tensor.shape, strict=True), start=1
    ):
        if length < 0 and place < values.ndim:
            length = lengths.setdefault(axis, values.shape[place])
        wanted.append(length)
    return tuple(wanted)


def _filled(filler: NDArray[Any] | None, n_places: int) -> NDArray[np.bool_]:
    """Return the mask of filled entries, (batch, n_places) bool.

    `filler` is that mask itself or the number of filled entries of each row; without
    it all are filled, and the mask is (n_places,).
    """
    if filler is None:
        return np.ones(n_places, bool)
    if filler.dtype == bool:
        return filler
    return np.asarray(np.arange(n_places) < filler.reshape(-1, 1))


def _wrong(tensor: TensorSpec, values: NDArray[Any]) -> str:
    """Return a text on values that are not finite or out of range; empty if none is."""
    if not values.size or values.dtype.kind not in _NUMBERS:
        return ""
    least, most = tensor.bounds
    # two fast passes suffice: a NaN anywhere makes minimum and maximum NaN
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
