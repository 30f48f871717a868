"""The recipe of the source detector: the paper's, and the one that is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import Training
from amphitrite_training.surveys.asid.simulate.diffuse import VARIANTS

# Seeds of training skies are below those of validation.
MOST_SKIES: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """How the U-Net is built and trained.

    The defaults are the published ones [1]_ but for the number of skies, which are
    simulated here; `SHIPPED` is what the served weights were trained with.

    Parameters
    ----------
    width : float
        Factor on the number of filters; 1 is the paper's 2,436,386 parameters.
    l2 : float
        Penalty on the convolutions' weights.
    scaling : {"max", "sqrt"}
        ``"max"`` divides each band by its brightest pixel; ``"sqrt"`` takes the square
        root of the counts times a fixed factor per band.
    disc_radius_pixels : float
        Radius of the disc that marks a source on the 128 x 128 mask.
    disc_profile : {"flat", "dome"}
        ``"flat"``: 1 within the disc; ``"dome"``: sqrt(1 - d^2/r^2), so that discs that
        touch keep two maxima.
    disc_test_statistic : float
        A source gets a disc if its expected test statistic, summed over the bands
        present, is higher; see
        `amphitrite_training.surveys.asid.simulate.sky.Expected`.  16 stands for four
        standard deviations.
    log_sigma_pixels : float
        Width of the Laplacian of Gaussian on the mask.
    suppression_degrees : float
        Of two peaks within this angle the lower one is dropped.
    source_weight, background_weight : float
        Weights of the two halves of the cross-entropy.
    band_dropout : float
        Chance of each band to be missing from a training sample.
    few_bands : float
        Chance that a sample has only 2-7 GeV (half of them), only 7-20 GeV, or only
        these two (a quarter each): maps are often published in a band or two.
    vary_depth : float
        Chance that a sample gets an exposure between the next two factors.
    depth_low, depth_high : float
        Limits of the exposure over the simulated one, drawn evenly in its logarithm.
    event_type_cuts : float
        Chance that a simulated patch holds the sharper event types alone.
    cut_footprints : float
        Chance that a sample shows only part of the patch.
    n_skies : int
        Simulated skies of 768 patches.
    variants : str
        Diffuse variants to train on, taken in turn, such as ``"AB"``; see
        `amphitrite_training.surveys.asid.simulate.diffuse.VARIANTS`.

    Raises
    ------
    BadInput
        A value is out of its range, or there is no such variant.

    References
    ----------
    .. [1] https://github.com/suvoooo/Fermi-LATV2-DL (train_unet_LAT_MultiBins.py)
    """

    width: float = 1.0
    l2: float = 1e-3
    scaling: Literal["max", "sqrt"] = "max"
    disc_radius_pixels: float = 8.0
    disc_profile: Literal["flat", "dome"] = "flat"
    disc_test_statistic: float = 16.0
    log_sigma_pixels: float = 6.0
    suppression_degrees: float = 0.3
    source_weight: float = 0.60
    background_weight: float = 0.40
    band_dropout: float = 0.0
    few_bands: float = 0.0
    vary_depth: float = 0.0
    depth_low: float = 1.0
    depth_high: float = 1.0
    event_type_cuts: float = 0.0
    cut_footprints: float = 0.0
    n_skies: int = 10
    variants: str = "AB"
    batch_size: int = 32
    epochs: int = 250
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "plateau"] = "plateau"
    patience: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("width", "disc_radius_pixels", "log_sigma_pixels", "depth_low"):
            if not (value := getattr(self, name)) > 0:
                raise BadInput(
                    f"the recipe's {name} must be positive; received {value}"
                )
        if not 1 <= self.n_skies <= MOST_SKIES:
            raise BadInput(
                f"the recipe's n_skies must be from 1 to {MOST_SKIES}, beyond which "
                f"skies would be those of validation; received {self.n_skies}"
            )
        if not self.variants or set(self.variants) - set(VARIANTS):
            raise BadInput(
                f"the recipe's variants must be some of {', '.join(VARIANTS)}, written "
                f"together as in AB; received '{self.variants}'"
            )


SHIPPED = Recipe(
    width=0.5,
    l2=0.0,
    scaling="sqrt",
    disc_radius_pixels=5.0,
    disc_profile="dome",
    log_sigma_pixels=3.0,
    band_dropout=0.15,
    few_bands=0.3,
    vary_depth=0.7,
    depth_low=0.12,
    depth_high=1.3,
    event_type_cuts=0.3,
    cut_footprints=0.1,
    n_skies=16,
    batch_size=8,
    epochs=6,
    learning_rate=3e-3,
    schedule="cosine",
    warmup_steps=50,
    clip_norm=1.0,
    patience=0,
    keep="last",
)
