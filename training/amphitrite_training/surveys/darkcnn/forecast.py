"""What a sample of clusters would say of the cross-section, before it is observed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.interpret.sample import shift_on_grid
from amphitrite.surveys.darkcnn.learned import Learned, ScoreCurve
from amphitrite.surveys.darkcnn.page import CHANNELS, MODEL, TOTAL, XRAY
from amphitrite.triton.served import Server
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.darkcnn.curves import Kind
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.forecasting import mocks as drawing
from amphitrite_training.surveys.darkcnn.forecasting.mocks import Mocks
from amphitrite_training.surveys.darkcnn.forecasting.served import (
    Answers,
    answered,
    pieces,
)
from amphitrite_training.surveys.darkcnn.observing import View

POOL: Final = (1_000, 3_000)
"""The fewest and the most clusters of the true cross-section that are simulated."""
KNOWN_IDS: Final = 1_250
N_RANDOM: Final = 2
"""Ids of clusters with known cross-sections, and random ones of each."""
LEAST_DETECTABLE: Final = 0.005
"""Cross-section in cm2/g below which nobody asks for a detection."""
MOST_CLUSTERS: Final = 100_000
_POOL_IDS: Final = TEST_IDS + 700_000
_KNOWN_IDS: Final = TEST_IDS + 800_000
_SIZES: Final = (10, 30, 100, 300, 1_000, 3_000, 10_000)


@dataclass(frozen=True)
class Asked:
    """Of what a forecast is made.

    Parameters
    ----------
    sigma : float
        The true cross-section, cm2/g.
    n : int
        Clusters of the sample.
    n_gal : float
        Galaxies behind them whose shapes are measured, per arcmin2; 0 for no noise.
    ks : float
        Exposure of the X-rays in kiloseconds; 0 for no noise.
    channels : tuple of str
        The maps there are, of `amphitrite.surveys.darkcnn.page.CHANNELS`.
    mocks : int
        Samples that are drawn.
    seed : int
        Of all draws.

    Raises
    ------
    BadInput
        A value is out of its range, or a channel unknown.
    """

    sigma: float
    n: int = 1_000
    n_gal: float = 30.0
    ks: float = 30.0
    channels: tuple[str, ...] = CHANNELS
    mocks: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (
            ("sigma", 0, GRID[-1]),
            ("n", 1, MOST_CLUSTERS),
            ("n-gal", 0, 1e5),
            ("ks", 0, 1e5),
            ("mocks", 10, 10_000),
        ):
            value = getattr(self, name.replace("-", "_"))
            if not low <= value <= high:
                raise BadInput(
                    f"--{name} must be from {low:g} to {high:g}; received {value:g}"
                )
        if unknown := set(self.channels) - set(CHANNELS):
            raise BadInput(
                f"--channels must be of {', '.join(CHANNELS)}; received "
                f"{', '.join(sorted(unknown))}"
            )
        if TOTAL not in self.channels:
            raise BadInput(f"--channels must name {TOTAL}, the map of all mass")

    @property
    def view(self) -> View:
        """How each cluster is seen."""
        present = np.array([name in self.channels for name in CHANNELS], bool)
        exposure = self.ks if XRAY in self.channels else 0.0
        return View(present, False, self.n_gal, exposure)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise of all mass in a pixel, as a convergence."""
        return Kind(self.view.channels, False, self.n_gal).noise

    @property
    def kind(self) -> str:
        """The kind of cluster; see `amphitrite.surveys.darkcnn.learned.kind`."""
        return Kind(self.view.channels, False, self.n_gal).name

    @property
    def n_pool(self) -> int:
        """Clusters of the true cross-section that are simulated."""
        low, high = POOL
        return min(max(2 * self.n, low), high)


@dataclass(frozen=True)
class Forecast:
    """What a sample would say.  All cross-sections are in cm2/g.

    Parameters
    ----------
    asked : Asked
        Of what.
    model : str
        The network.
    n_pool, n_known : int
        Clusters of the true cross-section, and of known random ones, that count.
    left_out : float
        Share of clusters that the client would leave out as unlike its simulations.
    half_width : float
        Mean half-width of the interval of 68 %.
    statistical : float
        What it would be if the score curve had no error, as it has here and in every
        network that was calibrated with a few thousand clusters.
    upper_95 : float
        Mean upper end of the interval of 95 %.
    bias, bias_error : float
        Median less truth, mean over the samples, and the standard deviation that this
        mean has from the clusters that all samples share.
    scatter : float
        Standard deviation of the medians of the samples.
    coverage : float
        Share of samples whose interval of 68 % holds what they come to on average.
    product_bias : float
        Bias of the product of class probabilities.
    shifts : mapping of str to float
        How far each systematic would move the estimate.
    needed : int or None
        Clusters for a detection; None where none suffices, or none is asked for.
    widths : list of (int, float)
        Clusters, and the expected half-width with so many.
    """

    asked: Asked
    model: str
    n_pool: int
    n_known: int
    left_out: float
    half_width: float
    statistical: float
    upper_95: float
    bias: float
    bias_error: float
    scatter: float
    coverage: float
    product_bias: float
    shifts: Mapping[str, float]
    needed: int | None
    widths: list[tuple[int, float]]
    samples: Mocks

    @property
    def coverage_error(self) -> float:
        """Standard deviation of the coverage, as of independent samples."""
        share = 0.68
        return math.sqrt(share * (1 - share) / self.asked.mocks)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        values = {
            name: value
            for name, value in vars(self).items()
            if name not in ("asked", "samples", "shifts")
        }
        return {
            **asdict(self.asked),
            "channels": list(self.asked.channels),
            **values,
            "coverage_error": self.coverage_error,
            "systematics": dict(self.shifts),
        }


def forecast(
    connection: Server, asked: Asked, *, progress: Progress, n_known_ids: int = 0
) -> Forecast:
    """Return what a sample of clusters would say.

    Parameters
    ----------
    connection : Server
        A server with the network.
    asked : Asked
        Of what.
    progress : Progress
        Shows how many clusters are done.
    n_known_ids : int
        Ids of clusters with known cross-sections, in the place of `KNOWN_IDS`.

    Raises
    ------
    ServerError
        The server does not answer, or serves another network.
    BadInput
        The network finds nearly all of such clusters unlike its simulations.
    """
    model = connection.model(MODEL)
    learned = Learned.of(model.spec)
    ids = n_known_ids or KNOWN_IDS
    true = pieces(_POOL_IDS, asked.n_pool, cross_sections=(asked.sigma,))
    random = pieces(_KNOWN_IDS, ids, cross_sections=(), n_random=N_RANDOM)
    with progress("clusters", asked.n_pool + ids * N_RANDOM) as advance:
        everything = answered(
            model, [*true, *random], asked.view, advance, seed=asked.seed
        )
    is_pool = everything.number < _KNOWN_IDS
    limit = learned.farthest(asked.kind, asked.noise)
    near = everything.distance <= limit
    pool, known = everything.take(is_pool & near), everything.take(~is_pool & near)
    if min(len(pool), len(known)) < 100:
        raise BadInput(
            f"the network finds {1 - near.mean():.0%} of such clusters unlike all that "
            "it was trained on, so that there is nothing to forecast; ask for less "
            "noise (--n-gal, --ks) or other --channels, or train it with such noise"
        )
    return _summary(asked, model.spec.identity, learned, pool, known, near[is_pool])


def _summary(
    asked: Asked,
    name: str,
    learned: Learned,
    pool: Answers,
    known: Answers,
    near: NDArray[np.bool_],
) -> Forecast:
    """Return the forecast from what the network answered."""
    n = max(1, round(asked.n * float(near.mean())))
    samples = drawing.mocks(pool, known, n, asked.mocks, seed=asked.seed)
    centre = drawing.limit(pool, known)
    inside = (samples.low <= centre) & (centre <= samples.high)
    sizes = sorted({*_SIZES, asked.n})
    share = float(near.mean())
    detectable = asked.sigma >= LEAST_DETECTABLE
    n_needed = drawing.needed(known, asked.sigma) if detectable else None
    return Forecast(
        asked=asked,
        model=name,
        n_pool=len(pool),
        n_known=len(known),
        left_out=1 - share,
        half_width=float(np.mean(samples.high - samples.low) / 2),
        statistical=drawing.half_width(known, asked.sigma, n, perfect=True),
        upper_95=float(np.mean(samples.high_95)),
        bias=float(np.mean(samples.median) - asked.sigma),
        bias_error=drawing.limit_error(pool, known, asked.sigma),
        scatter=float(np.std(samples.median)),
        coverage=float(np.mean(inside)),
        product_bias=float(np.mean(samples.product) - asked.sigma),
        shifts=_shifts(learned, asked.sigma),
        needed=None if n_needed is None else math.ceil(n_needed / share),
        widths=[
            (size, drawing.half_width(known, asked.sigma, max(1, round(size * share))))
            for size in sizes
        ],
        samples=samples,
    )


def _shifts(learned: Learned, sigma: float) -> dict[str, float]:
    """Return how far each systematic would move an estimate, in cm2/g.

    A population that moves the score moves the estimate to the cross-section whose
    score it is.  Both are taken from clear maps with all channels, for which shifts
    were measured: a systematic is a change of the clusters, not of the noise.
    """
    curves = learned.curves.get("+".join(CHANNELS))
    if not curves:
        return {}
    curve: ScoreCurve = curves[0]
    scores = curve.mean_at(GRID)
    here = int(np.abs(GRID - sigma).argmin())
    return {
        name: float(
            GRID[np.abs(scores - scores[here] - shift_on_grid(pairs)[here]).argmin()]
            - GRID[here]
        )
        for name, pairs in learned.shifts.items()
    }
