"""The result of a training: a folder that export turns into a served model.

``model.keras``
    The network with its weights.
``spec.json``
    The contract and the learned values (`amphitrite.triton.spec.ModelSpec`).
``samples.npz``
    Realistic inputs by tensor name, on which export compares Keras with ONNX Runtime.
``recipe.json``
    The values with which the network was built and trained.
``metrics.json``
    Measurements, the origin of the weights, and the course of the training.
``curve.png``
    The losses and the learning rate during training (with the ``plots`` extra, and if
    the network was trained here).
``MODEL_CARD.md``
    What is to be known of a network that somebody trained on data of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from numpy.typing import NDArray

from amphitrite.triton.spec import ModelSpec

NETWORK: Final = "model.keras"
SPEC: Final = "spec.json"
SAMPLES: Final = "samples.npz"
RECIPE: Final = "recipe.json"
METRICS: Final = "metrics.json"
CURVE: Final = "curve.png"
CARD: Final = "MODEL_CARD.md"
EXPORTED: Final = (NETWORK, SPEC, SAMPLES)
"""The files that export needs."""
FILES: Final = (*EXPORTED, RECIPE, METRICS, CURVE, CARD)


@dataclass(frozen=True)
class Artefact:
    """A trained network with everything that belongs to it.

    Parameters
    ----------
    model : keras.Model
        The network with its weights.
    spec : ModelSpec
        Its contract, with the learned values.
    samples : mapping of str to ndarray
        Realistic inputs by tensor name, each with a leading batch axis.
    recipe : mapping, optional
        The recipe's values (JSON types); not needed by export.
    metrics : mapping, optional
        Counts and measurements (JSON types); ``history``, if there is one, is drawn as
        the learning curve.  Not needed by export.
    card : str, optional
        The model card, in Markdown; none where it is empty.  Not needed by export.
    """

    model: Any
    spec: ModelSpec
    samples: Mapping[str, NDArray[Any]]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""
