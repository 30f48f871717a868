"""The recipes of darkCNN's networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amphitrite.errors import BadInput
from amphitrite_training.fitting.recipe import Training

MOST_IDS: Final = 1_000_000
"""Ids of a set are below those of the next one."""
MOST_MEMBERS: Final = 3
"""Networks in one graph, which must stay below 30 MB."""
SIZES: Final = (100, 50)
"""Pixels of a side that a network may see; 50 are means of 2 x 2."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Training):
    """How a network for clusters is built and trained.

    The paper's way, with which its tables are reproduced, is ``scaling=maximum``,
    ``multipoles=False``, ``continuous=False`` and ``noisy_share=0``: every map over its
    own maximum, seen by convolutions alone, three classes, and no noise (Harvey 2024,
    arXiv:2405.17566).

    Parameters
    ----------
    network : {"simple", "inception"}
        Three convolutions with strides; or blocks of the Inception.
    width : float
        The number of filters over that of the full network.  One member of the
        Inception has 13.7 million parameters (55 MB) at 1, and 1.9 million (8 MB) at
        0.37; one of the simple network has 1.3 million at 0.37.
    members : int
        Networks of the graph, whose answers are averaged.
    pixels : {100, 50}
        Pixels of a side: those of the maps, or means of 2 x 2.
    multipoles : bool
        Whether the multipoles of rings are told beside the maps; see `multipoles`.
    scaling : {"absolute", "maximum"}
        Whether a network sees densities, or every map over its own maximum.
    continuous : bool
        Whether the cross-section is learned, from random ones, too; else its logarithm
        is the mean of the classes' by their probabilities.
    n_ids, n_validation_ids, n_calibration_ids : int
        Simulated clusters, each with all cross-sections.
    n_systematic_ids : int
        Clusters with which each other population is compared.
    n_random : int
        Random cross-sections of each id, beside the three classes; 0 are used unless
        `continuous`.
    relative_share : float
        Share of clusters whose map of all mass is over its maximum, and without noise.
    noisy_share : float
        Share of the other clusters that are seen through noise.
    galaxies : tuple of float
        Limits of the galaxies per arcmin2, even in their logarithm.
    kiloseconds : tuple of float
        Limits of the exposure of the X-rays, even in its logarithm.
    channel_shares : tuple of float
        Shares of clusters with all mass alone, with X-rays, with stars, and with both.
    attribute_drop : float
        Probability that an attribute is absent; the redshift never is.
    free_turns : float
        Share of clusters that are turned by any angle, which smooths them a little;
        the others are turned by quarters.
    drop : float
        Share of the body's answers that are left out in a step of training.

    Raises
    ------
    BadInput
        A value is out of its range.
    """

    network: Literal["simple", "inception"] = "simple"
    width: float = 0.37
    members: int = 1
    pixels: int = 100
    multipoles: bool = True
    scaling: Literal["absolute", "maximum"] = "absolute"
    continuous: bool = True
    n_ids: int = 6000
    n_validation_ids: int = 300
    n_calibration_ids: int = 16_000
    n_systematic_ids: int = 300
    n_random: int = 1
    relative_share: float = 0.15
    noisy_share: float = 0.5
    galaxies: tuple[float, ...] = (30.0, 800.0)
    kiloseconds: tuple[float, ...] = (10.0, 100.0)
    channel_shares: tuple[float, ...] = (0.4, 0.1, 0.2, 0.3)
    attribute_drop: float = 0.3
    free_turns: float = 0.1
    drop: float = 0.3
    batch_size: int = 64
    epochs: int = 16
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_network()
        self._check_sizes()
        for name in SHARES:
            if not 0 <= (share := getattr(self, name)) <= 1:
                raise BadInput(
                    f"the recipe's {name} must be from 0 to 1; received {share}"
                )
        if self.drop == 1:
            raise BadInput(f"the recipe's drop must be below 1; received {self.drop}")
        shares = self.channel_shares
        if len(shares) != 4 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise BadInput(
                "the recipe's channel_shares must be four shares that sum to 1; "
                f"received {', '.join(map(str, shares))}"
            )
        for name in ("galaxies", "kiloseconds"):
            limits = getattr(self, name)
            if len(limits) != 2 or not 0 < limits[0] <= limits[1]:
                raise BadInput(
                    f"the recipe's {name} must be two rising numbers above 0; received "
                    f"{', '.join(map(str, limits))}"
                )

    def _check_network(self) -> None:
        if not 0 < self.width <= 2:
            raise BadInput(
                f"the recipe's width must be above 0, up to 2; received {self.width}"
            )
        if not 1 <= self.members <= MOST_MEMBERS:
            raise BadInput(
                f"the recipe's members must be 1 to {MOST_MEMBERS}; received "
                f"{self.members}"
            )
        if self.pixels not in SIZES:
            raise BadInput(
                f"the recipe's pixels must be {' or '.join(map(str, SIZES))}; received "
                f"{self.pixels}"
            )

    def _check_sizes(self) -> None:
        for name in SIZES_OF_SETS:
            if not 2 <= (value := getattr(self, name)) <= MOST_IDS:
                raise BadInput(
                    f"the recipe's {name} must be from 2 to {MOST_IDS:,}, beyond which "
                    f"clusters would be those of another set; received {value:,}"
                )
        if self.n_random < 0:
            raise BadInput(
                f"the recipe's n_random must not be negative; received {self.n_random}"
            )

    @property
    def n_drawn(self) -> int:
        """Random cross-sections of each id that a network learns from."""
        return self.n_random if self.continuous else 0


SIZES_OF_SETS: Final = (
    "n_ids",
    "n_validation_ids",
    "n_calibration_ids",
    "n_systematic_ids",
)
SHARES: Final = (
    "relative_share",
    "noisy_share",
    "attribute_drop",
    "free_turns",
    "drop",
)
