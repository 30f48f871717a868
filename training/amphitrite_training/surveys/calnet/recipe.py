"""The recipe of CALNet: the paper's, and the one that is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import Training

# Seeds of training stars are below those of validation.
MOST_STARS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """How CALNet is built and trained.

    The defaults are the published ones [1]_ [2]_, except that the stars are simulated
    here; `SHIPPED` is what the served weights were trained with.

    Parameters
    ----------
    width : float
        Factor on the number of filters and units; 1 is the paper's.
    spatial_gate : {"time", "channels"}
        The axis that the second half of each attention block pools over: ``"time"``, as
        published, gives one number that scales the whole curve; ``"channels"``, as the
        block's authors [3]_ define it, gives a weight for every step of time.
    standardise : bool
        Bring each curve to mean 0 and variance 1 after the scaling to 0..1.
    batch_norm : bool
        Normalise the convolutions' outputs over the batch.
    dropout : float
        Share of the hidden layer that is dropped in training.
    mirror : bool
        Show each light curve backwards in time in half of its visits.
    interpolation : {"spline", "pchip"}
        How a segment is brought onto its 4000 points: by the published cubic spline,
        or by a shape-preserving one, which does not overshoot in gaps.
    n_stars : int
        Simulated stars, half of them eclipsing binaries, with about two segments each.
    n_validation_stars : int
        Simulated stars to validate with and to choose the threshold on.
    archive : str
        A folder with real light curves to learn from instead; see
        `amphitrite_training.surveys.calnet.archive`.
    others_per_sector : int
        How many stars that are not known binaries are taken from each sector of the
        archive.

    Raises
    ------
    BadInput
        A value is out of its range.

    References
    ----------
    .. [1] CALNet, arXiv:2504.15875
    .. [2] https://github.com/wangleon/CALNet (train.py)
    .. [3] Woo et al. 2018, arXiv:1807.06521
    """

    width: float = 1.0
    spatial_gate: Literal["time", "channels"] = "time"
    standardise: bool = False
    batch_norm: bool = False
    dropout: float = 0.5
    mirror: bool = False
    interpolation: Literal["spline", "pchip"] = "spline"
    n_stars: int = 36_000
    n_validation_stars: int = 2_000
    archive: str = ""
    others_per_sector: int = 430
    batch_size: int = 128
    epochs: int = 30
    learning_rate: float = 1e-3
    optimiser: Literal["adam", "amsgrad", "rmsprop"] = "amsgrad"
    schedule: Literal["cosine", "plateau", "constant"] = "constant"
    clip_norm: float = 1e6  # the paper clips nothing
    keep: Literal["best", "last"] = "last"
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width > 0:
            raise BadInput(
                f"the recipe's width must be positive; received {self.width}"
            )
        if not 0 <= self.dropout < 1:
            raise BadInput(
                "the recipe's dropout must be at least 0 and below 1; received "
                f"{self.dropout}"
            )
        if self.others_per_sector < 0:
            raise BadInput(
                "the recipe's others_per_sector must not be negative; received "
                f"{self.others_per_sector}"
            )
        for name in ("n_stars", "n_validation_stars"):
            if not 2 <= (value := getattr(self, name)) <= MOST_STARS:
                raise BadInput(
                    f"the recipe's {name} must be from 2 to {MOST_STARS:,}, beyond "
                    "which stars would be those of another set; received "
                    f"{value:,}"
                )


SHIPPED: Final = Recipe(
    width=0.5,
    spatial_gate="channels",
    standardise=True,
    batch_norm=True,
    mirror=True,
    interpolation="pchip",
    n_stars=60_000,
    n_validation_stars=4_000,
    batch_size=64,
    epochs=6,
    learning_rate=2e-3,
    schedule="cosine",
    warmup_steps=200,
    clip_norm=1.0,
)
