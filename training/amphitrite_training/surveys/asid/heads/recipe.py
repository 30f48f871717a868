"""The recipes of the networks that describe a source: published and shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import Training
from amphitrite_training.surveys.asid.recipe import MOST_SKIES
from amphitrite_training.surveys.asid.simulate.diffuse import VARIANTS

CALIBRATION: Final = "calibration"
"""Name of the layer whose weights calibration sets; at first it changes nothing."""

MOST_VALIDATION: Final = 900
"""Largest number of validation skies of these networks."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """The common part of the recipes of the three networks.

    Parameters
    ----------
    width : float
        Factor on the number of filters and units.
    least_score : float
        The network learns from peaks with a higher score.
    n_skies : int
        Simulated skies that the detector is run over.
    n_draws : int
        How often the photons of each sky are drawn.
    n_validation_skies : int
        Skies to validate and calibrate with, photons drawn once.
    variants : str
        Diffuse variants, taken in turn; see
        `amphitrite_training.surveys.asid.simulate.diffuse.VARIANTS`.

    Raises
    ------
    BadInput
        A value is out of its range, or there is no such variant.
    """

    width: float = 1.0
    least_score: float = 0.1
    n_skies: int = 12
    n_draws: int = 2
    n_validation_skies: int = 4
    variants: str = "AB"
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("width", "members", "n_draws"):
            if not (value := getattr(self, name, 1)) > 0:
                raise BadInput(
                    f"the recipe's {name} must be positive; received {value}"
                )
        for name, most in (
            ("n_skies", MOST_SKIES),
            ("n_validation_skies", MOST_VALIDATION),
        ):
            if not 1 <= (value := getattr(self, name)) <= most:
                raise BadInput(
                    f"the recipe's {name} must be from 1 to {most}, beyond which "
                    f"skies would be those of another set; received {value}"
                )
        if not self.variants or set(self.variants) - set(VARIANTS):
            raise BadInput(
                f"the recipe's variants must be some of {', '.join(VARIANTS)}, written "
                f"together as in AB; received '{self.variants}'"
            )


@dataclass(frozen=True, kw_only=True)
class FluxRecipe(Recipe):
    """How the flux's network is built and trained: three towers, as published [1]_.

    Departures: counts enter as square roots and are not divided by their maximum, so
    that they keep the brightness; the auxiliary inputs and the counts in four squares
    around the peak join the hidden layer; of 20 pixels the 19 that are symmetric around
    the peak are used; every tower learns from all peaks in their true proportion,
    turned and mirrored.

    Parameters
    ----------
    members : int
        Towers of the ensemble, each with its own initial weights.

    References
    ----------
    .. [1] https://github.com/suvoooo/Fermi-LATV2-DL (flux network)
    """

    members: int = 3
    batch_size: int = 64
    epochs: int = 300
    learning_rate: float = 5e-5
    schedule: Literal["cosine", "plateau", "constant"] = "plateau"
    patience: int = 20


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe(Recipe):
    """How the classifier is built and trained [1]_.

    Departures: a counts map has no time axis, so that the bands are the channels of
    two-dimensional convolutions, where the paper's run over the bands and have time in
    the channels; square roots, auxiliary inputs and 19 pixels as in `FluxRecipe`.

    References
    ----------
    .. [1] https://github.com/suvoooo/Fermi-LATV2-DL (classifier)
    """

    least_score: float = 0.05
    batch_size: int = 32
    epochs: int = 300
    learning_rate: float = 5e-5
    optimiser: Literal["adam", "amsgrad", "rmsprop"] = "rmsprop"
    schedule: Literal["cosine", "plateau", "constant"] = "constant"
    patience: int = 20


@dataclass(frozen=True, kw_only=True)
class LocationRecipe(Recipe):
    """How the position's network is built and trained: twelve towers [1]_.

    Departures: square roots as in `FluxRecipe`; the score is the fifth auxiliary
    input, where the paper has the Galactic latitude, which a simulated sky should not
    teach; the photons' centroids in two squares join them, and all of these numbers
    also go directly to the means; the network learns from all sources within 0.3 deg.

    Parameters
    ----------
    members : int
        Towers of the ensemble, each with its own initial weights.

    References
    ----------
    .. [1] https://github.com/suvoooo/Fermi-LATV2-DL (location network)
    """

    members: int = 12
    batch_size: int = 32
    epochs: int = 300
    learning_rate: float = 9e-5
    schedule: Literal["cosine", "plateau", "constant"] = "plateau"
    patience: int = 25


_SHIPPED: Final = {
    "batch_size": 128,
    "learning_rate": 2e-3,
    "optimiser": "adam",
    "schedule": "cosine",
    "warmup_steps": 100,
    "clip_norm": 1.0,
    "patience": 0,
    "keep": "last",
    "epochs": 8,
}
SHIPPED_FLUX: Final = FluxRecipe(**_SHIPPED)  # type: ignore[arg-type]
SHIPPED_CLASSIFIER: Final = ClassifierRecipe(**_SHIPPED)  # type: ignore[arg-type]
SHIPPED_LOCATION: Final = LocationRecipe(
    width=0.5,
    members=5,
    **_SHIPPED,  # type: ignore[arg-type]
)
