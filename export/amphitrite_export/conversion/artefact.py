"""The result of a training, read from its folder without training's own code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.triton.artefact import EXPORTED, NETWORK, SAMPLES, SPEC, Artefact
from amphitrite.triton.spec import ModelSpec


def load(folder: Path) -> Artefact:
    """Return the artefact in a folder that ``amphitrite train`` wrote.

    Parameters
    ----------
    folder : Path
        The folder with ``model.keras``, ``spec.json`` and ``samples.npz``.

    Raises
    ------
    BadInput
        The folder lacks one of the files, or the samples do not agree with the spec.
    SpecMismatch
        ``spec.json`` is not a spec.
    """
    import keras

    for name in EXPORTED:
        if not (folder / name).is_file():
            raise BadInput(
                f"'{folder}' is no artefact: it has no {name}. Give a folder that "
                "`amphitrite train` wrote; weights alone cannot be exported."
            )
    spec = ModelSpec.from_json((folder / SPEC).read_text())
    with np.load(folder / SAMPLES) as archive:
        samples = dict(archive)
    check_samples(samples, spec)
    model = keras.saving.load_model(folder / NETWORK)
    return Artefact(model=model, spec=spec, samples=samples)


def check_samples(samples: Mapping[str, NDArray[Any]], spec: ModelSpec) -> None:
    """Check that sample inputs agree with a spec.

    Parameters
    ----------
    samples : mapping of str to ndarray
        Inputs by tensor name, each with a leading batch axis.
    spec : ModelSpec
        The spec.

    Raises
    ------
    BadInput
        A tensor is missing, unknown, or of another dtype or shape.
    """
    if set(samples) != {tensor.name for tensor in spec.inputs}:
        raise BadInput(
            f"the samples are of {sorted(samples)}; the spec of '{spec.name}' asks "
            f"for {[tensor.name for tensor in spec.inputs]}"
        )
    for tensor in spec.inputs:
        array = samples[tensor.name]
        free = len(array.shape) == len(tensor.shape) + 1 and all(
            want in (-1, have)
            for have, want in zip(array.shape[1:], tensor.shape, strict=True)
        )
        if not free or array.dtype != tensor.dtype:
            raise BadInput(
                f"the samples of '{tensor.name}' are {array.dtype}{array.shape}; the "
                f"spec of '{spec.name}' asks for {tensor.dtype}"
                f"{('batch', *tensor.shape)}"
            )
