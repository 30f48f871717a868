"""Make sure that an ONNX file answers as its Keras network does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite_export.conversion.convert import call

# float32 keeps 6e-8 of a value; sums over a few thousand products, in another order in
# each runtime, lose up to some hundred times that.  A wrong kernel or axis is off by
# far more (a bicubic kernel of the wrong coefficient: 0.09 in probability).
TOLERANCE = 2e-5

Answer = Callable[[bytes, Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]


def parity(
    model: Any,
    content: bytes,
    samples: Mapping[str, NDArray[Any]],
    *,
    answer: Answer | None = None,
) -> dict[str, Any]:
    """Compare a Keras network with its ONNX file on realistic inputs.

    Parameters
    ----------
    model : keras.Model
        The network.
    content : bytes
        The ONNX file.
    samples : mapping of str to ndarray
        Inputs by tensor name, each with a leading batch axis.
    answer : callable, optional
        ``answer(content, samples)`` asks a file that wraps the network for what the
        network gives; by default the file has the network's own tensors.

    Returns
    -------
    dict
        ``"samples"``, how many were compared, and ``"max_abs_difference"`` by output:
        JSON types, to be kept with the weights.

    Raises
    ------
    BadInput
        An output is not finite, or differs by more than 2e-5 of its largest
        magnitude (or of one, where that is larger).
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
    """Run an ONNX file on this machine's processor.

    Parameters
    ----------
    content : bytes
        The ONNX file.
    tensors : mapping of str to ndarray
        Every input, each with a leading batch axis.

    Returns
    -------
    dict of str to ndarray
        Every output by name.
    """
    running = session(content)
    names = [output.name for output in running.get_outputs()]
    return dict(zip(names, running.run(names, dict(tensors)), strict=True))


def session(content: bytes) -> onnxruntime.InferenceSession:
    """Open an ONNX file on this machine's processor."""
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
