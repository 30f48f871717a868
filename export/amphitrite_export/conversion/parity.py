"""Comparison of an ONNX file's outputs with those of its Keras network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite_export.conversion.convert import call

# float32 has a relative precision of 6e-8; sums over a few thousand products, whose
# order differs between the runtimes, lose up to some hundred times that.  A wrong
# kernel or axis gives far larger differences (0.09 in probability for a wrong bicubic
# kernel).
TOLERANCE = 2e-5

Answer = Callable[[bytes, Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


def parity(
    model: Any,
    content: bytes,
    samples: Mapping[str, NDArray[Any]],
    *,
    answer: Answer | None = None,
) -> dict[str, Any]:
    """Return the differences between a Keras network and its ONNX file.

    Parameters
    ----------
    model : keras.Model
        The network.
    content : bytes
        The ONNX file.
    samples : mapping of str to ndarray
        Inputs by tensor name, each with a leading batch axis.
    answer : callable, optional
        ``answer(content, samples)`` returns the network's outputs from a file that
        wraps the network; by default the file has the network's own tensors.

    Returns
    -------
    dict
        ``"samples"``, the number of inputs compared, and ``"max_abs_difference"`` by
        output, as JSON types, to be stored with the weights.

    Raises
    ------
    BadInput
        An output is not finite, or differs by more than 2e-5 times its largest absolute
        value (or 2e-5, if that is larger); or ONNX Runtime cannot run the file.
    """
    wanted = {name: np.asarray(each) for name, each in call(model, samples).items()}
    try:
        given = (answer or run)(content, samples)
    except Exception as error:  # ONNX Runtime's errors have no common base
        raise BadInput(
            f"ONNX Runtime cannot run the converted network: {error}. Check that no "
            "layer mixes up the batch axis; nothing was published."
        ) from error
    differences = {}
    for name, want in wanted.items():
        scale = max(1.0, float(np.abs(want).max()))
        difference = float(np.abs(given[name] - want).max())
        if not difference <= TOLERANCE * scale:  # NaN must not pass
            raise BadInput(
                f"the ONNX file differs from the Keras network by {difference:.1e} in "
                f"'{name}' (largest magnitude {scale:.3g}); at most "
                f"{TOLERANCE * scale:.1e} is rounding. A layer was converted wrongly, "
                "or an answer is not finite; nothing was published."
            )
        differences[name] = difference
    return {
        "samples": len(next(iter(samples.values()))),
        "max_abs_difference": dict(sorted(differences.items())),
    }


def run(content: bytes, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the outputs of an ONNX file, computed on this machine's CPU.

    Parameters
    ----------
    content : bytes
        The ONNX file.
    tensors : mapping of str to ndarray
        All inputs by name, each with a leading batch axis.

    Returns
    -------
    dict of str to ndarray
        All outputs by name.
    """
    running = session(content)
    names = [output.name for output in running.get_outputs()]
    return dict(zip(names, running.run(names, dict(tensors)), strict=True))


def session(content: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session with an ONNX file on this machine's CPU."""
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
