"""The training of a network on a user's own maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.learned import OWN
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import MODEL
from amphitrite.triton.artefact import NETWORK, RECIPE, SPEC, Artefact
from amphitrite_training.fitting.task import Data, OwnData, Task
from amphitrite_training.surveys.darkcnn.data import Batches
from amphitrite_training.surveys.darkcnn.recipe import SIZES_OF_SETS, Recipe
from amphitrite_training.surveys.darkcnn.retrain.maps import Maps, read
from amphitrite_training.surveys.darkcnn.retrain.split import SHARES, TRAINING, split
from amphitrite_training.surveys.darkcnn.tasks import TASKS

if TYPE_CHECKING:
    import keras

STEPS: Final = 60
"""Steps of an epoch at least: few maps come several times, each time seen otherwise."""
_N_SAMPLES: Final = 16
_GENTLE: Final[Mapping[str, Any]] = {"epochs": 8, "learning_rate": 3e-4}
"""What is other than in the recipe when training starts with given weights."""
_BUILT: Final = (
    *("network", "width", "members", "pixels", "multipoles", "scaling", "continuous"),
)
"""Values of the recipe on which the weights depend."""
SHIPPED: Final = Path(__file__).with_name("shipped")
"""The served network as it was trained; `--from-weights` knows it by this name."""


def own(asked: OwnData) -> Task[Recipe]:
    """Return the training on a user's maps.

    They are divided by group (see `retrain.split`) into maps for training, for
    validation, for calibration, and for the test of which the card tells.  Maps are
    seen as they are, turned and with channels and attributes left out as in the usual
    recipe; noise is added only where ``noisy_share`` is set above 0.

    Parameters
    ----------
    asked : OwnData
        The files, of any format that the client reads, with the names of labels and
        groups.

    Raises
    ------
    BadInput
        The files or their labels cannot be used; see `retrain.maps.read` and
        `retrain.split.split`.  Or the weights with which to start cannot be read.
    """
    given = None if asked.weights is None else _Weights.of(asked.weights)
    maps, account = read(asked, Options(**asked.stated).reading)
    sets = {name: maps.take(rows) for name, rows in split(maps.groups).items()}
    for name in ("calibration", TRAINING):
        values = np.unique(sets[name].truth["cross_section"])
        if len(values) < 2:
            raise BadInput(
                f"all maps for {name} have the cross-section {values[0]:g} cm2/g; give "
                "more groups, so that each set has several cross-sections"
            )
    sizes = {name: len(set(sets[name].groups.tolist())) for name in SHARES}
    recipe = replace(
        Recipe() if given is None else given.recipe,
        noisy_share=0.0,
        n_random=0,
        n_ids=sizes[TRAINING],
        n_validation_ids=sizes["validation"],
        n_calibration_ids=sizes["calibration"],
        **(_GENTLE if given else {}),
    )
    facts = {
        "files": account.files,
        "labels": asked.labels,
        "group": asked.group,
        "maps_by_cross_section": account.labels,
        "sets": {name: [sizes[name], len(sets[name])] for name in SHARES},
        "skipped": len(account.skipped),
        "choices": account.choices,
        "weights": "random" if given is None else given.digest,
    }
    training = _Own(sets, recipe, given)
    return Task(
        recipe=recipe,
        spec=replace(MODEL, learned={OWN: facts}),
        build=training.build,
        loss=TASKS[MODEL.name].loss,
        data=training.data,
        samples=training.samples,
        learn=training.learn,
        card=_card,
    )


@dataclass(frozen=True)
class _Weights:
    """The weights of an artefact, and the recipe of its network."""

    file: Path
    recipe: Recipe
    digest: str

    @classmethod
    def of(cls, folder: Path) -> _Weights:
        """Return the weights in the folder of an artefact, or those of `SHIPPED`."""
        if str(folder) == SHIPPED.name:
            folder = SHIPPED
        try:
            values = json.loads((folder / RECIPE).read_text())
            name = json.loads((folder / SPEC).read_text())["name"]
            known = {field.name for field in fields(Recipe)}
            recipe = Recipe(
                **{
                    key: tuple(value) if isinstance(value, list) else value
                    for key, value in values.items()
                    if key in known
                }
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"{folder} is no folder of a trained network: {error}; give "
                "--from-weights the folder that 'amphitrite train' wrote"
            ) from error
        if name != MODEL.name or not (folder / NETWORK).is_file():
            raise BadInput(
                f"{folder} holds no network of {MODEL.name}; give --from-weights the "
                "folder that 'amphitrite train' wrote"
            )
        from amphitrite.files.checksums import checksum

        return cls(folder / NETWORK, recipe, f"sha256:{checksum(folder / NETWORK)}")

    def put_into(self, model: keras.Model, recipe: Recipe) -> None:
        """Give a network these weights."""
        changed = [
            name
            for name in _BUILT
            if getattr(recipe, name) != getattr(self.recipe, name)
        ]
        if changed:
            raise BadInput(
                f"the recipe's {', '.join(changed)} cannot be set with --from-weights, "
                "since the weights belong to another network; leave it out, or train "
                "from scratch"
            )
        try:
            model.load_weights(self.file)
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(f"{self.file} cannot be read: {error}") from error


@dataclass(frozen=True)
class _Own:
    """The parts of a training on a user's maps, by the names of `Task`."""

    sets: Mapping[str, Maps]
    recipe: Recipe
    given: _Weights | None

    def build(self, recipe: Recipe) -> keras.Model:
        """Return the network, with the weights that were given."""
        model = TASKS[MODEL.name].build(recipe)
        if self.given is not None:
            self.given.put_into(model, recipe)
        return model

    def data(self, recipe: Recipe) -> Data:
        """Return the maps for training and validation."""
        for name in (*SIZES_OF_SETS, "n_random"):
            if getattr(recipe, name) != getattr(self.recipe, name):
                raise BadInput(
                    f"{name} cannot be set with --maps: the files say how many maps "
                    "there are"
                )
        training = self.sets[TRAINING]
        passes = -(-STEPS * recipe.batch_size // len(training))
        return Data(
            Batches(training, recipe, vary=True, passes=passes),
            Batches(self.sets["validation"], recipe, vary=False),
        )

    def samples(self, recipe: Recipe) -> Mapping[str, NDArray[Any]]:
        """Return maps of the validation set, seen in many ways."""
        few = self.sets["validation"].take(
            np.arange(_N_SAMPLES) % len(self.sets["validation"])
        )
        return Batches(few, replace(recipe, batch_size=_N_SAMPLES), False).batch(0, 0)[
            0
        ]

    def learn(
        self, model: keras.Model, recipe: Recipe, data: Data
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Calibrate the network, and measure it with the maps of the test."""
        from amphitrite_training.surveys.darkcnn.retrain.learn import learn

        return learn(model, recipe, self.sets)


def _card(artefact: Artefact) -> str:
    from amphitrite_training.surveys.darkcnn.retrain.card import card

    return card(artefact)
