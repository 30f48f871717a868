"""Training data of the networks that describe a source: peaks of the detector.

The peaks are kept in the cache folder; each time that one is used, it is turned and
mirrored anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers as engine_workers
from amphitrite.errors import BadInput
from amphitrite.places import cache_directory
from amphitrite.surveys.asid.bands import ALL_BANDS, BANDS
from amphitrite_training.fitting.caching import made_aside
from amphitrite_training.fitting.task import Arrays, Data
from amphitrite_training.surveys.asid.data import TRAINING_SKIES, VALIDATION_SKIES
from amphitrite_training.surveys.asid.heads.labelled_peaks import LabelledPeaks, search
from amphitrite_training.surveys.asid.heads.published import (
    PublishedDetector,
    published,
)
from amphitrite_training.surveys.asid.heads.recipe import Recipe
from amphitrite_training.surveys.asid.simulate.diffuse import VARIANTS
from amphitrite_training.surveys.asid.simulate.sky import make_sky

logger = logging.getLogger(__name__)

What = Literal["flux", "fake", "offset"]

# Earlier seeds are those of the detector's own validation.
FIRST_VALIDATION_SKY: Final = VALIDATION_SKIES + 100
# Raised when the same sky would give other peaks.
_VERSION: Final = 1
# With each set of bands only every fourth patch of a sky is searched.
_EVERY: Final = 4


@dataclass(frozen=True)
class Batches:
    """Labelled peaks in batches of inputs and targets.

    Parameters
    ----------
    peaks : LabelledPeaks
        The peaks to learn from.
    what : {"flux", "fake", "offset"}
        The target, under the name ``members`` or ``fake_logit``: log10 of the true flux
        (the graph itself accounts for the exposure); 1 for a false peak and 0 for a
        source; or the offset, deg.
    batch_size, seed : int
        See `amphitrite_training.fitting.recipe.Training`.
    vary : bool
        Shuffle, turn and mirror the peaks anew every epoch; else leave them as they
        are.
    """

    peaks: LabelledPeaks
    what: What
    batch_size: int
    seed: int
    vary: bool

    def __len__(self) -> int:
        return len(self.peaks) // self.batch_size

    def batch(self, epoch: int, index: int) -> tuple[Arrays, Arrays]:
        """Return the inputs and the targets of a batch; the same for the same call."""
        n = len(self.peaks)
        order = (
            np.random.default_rng([self.seed, epoch]).permutation(n)
            if self.vary
            else np.arange(n)
        )
        some = self.peaks.where(order[index * self.batch_size :][: self.batch_size])
        if self.vary:
            rng = np.random.default_rng([self.seed, epoch, index + 1])
            some = turned(some, rng.integers(8, size=len(some)))
        return inputs(some, self.what), targets(some, self.what)


def inputs(peaks: LabelledPeaks, what: What) -> dict[str, NDArray[np.float32]]:
    """Return the inputs of a network, by tensor name; the first axis is the peaks'."""
    given = {
        "cutouts": peaks.cutouts.astype(np.float32),
        "auxiliary": peaks.auxiliary,
    }
    return given | {"exposure": peaks.exposure} if what == "flux" else given


def targets(peaks: LabelledPeaks, what: What) -> dict[str, NDArray[np.float32]]:
    """Return the targets of a network, by the name of the output in the loss."""
    if what == "fake":
        return {"fake_logit": (~peaks.is_real).astype(np.float32)}
    if what == "flux":
        return {"members": np.log10(peaks.flux)[:, None]}
    return {"members": peaks.offset}


def turned(peaks: LabelledPeaks, turns: NDArray[np.integer]) -> LabelledPeaks:
    """Return peaks flipped and turned by quarters.

    Parameters
    ----------
    peaks : LabelledPeaks
        The peaks to turn.
    turns : (n,) ndarray of int
        0 to 7: bits for a flip of the rows, a flip of the columns, and an exchange of
        both, in this order.

    Returns
    -------
    LabelledPeaks
        Flipped about the peak's pixel, which has 10 pixels before it and 9 behind it:
        the first row and column become zero.
    """
    image = peaks.cutouts[:, 1:, 1:]
    auxiliary, offset = peaks.auxiliary.copy(), peaks.offset.copy()
    rows, columns, swap = ((turns & bit) > 0 for bit in (1, 2, 4))
    image = np.where(rows[:, None, None, None], image[:, ::-1], image)
    image = np.where(columns[:, None, None, None], image[:, :, ::-1], image)
    image = np.where(swap[:, None, None, None], image.transpose(0, 2, 1, 3), image)
    # auxiliary: row, column; offset: along a row (with the column), along a column
    for chosen, fraction, along in ((rows, 2, 1), (columns, 3, 0)):
        auxiliary[chosen, fraction] *= -1
        offset[chosen, along] *= -1
    auxiliary[swap, 2:4] = auxiliary[swap, 3:1:-1]
    offset[swap] = offset[swap, ::-1]
    values = {field.name: getattr(peaks, field.name) for field in fields(peaks)}
    cutouts = np.zeros_like(peaks.cutouts)
    cutouts[:, 1:, 1:] = image
    return LabelledPeaks(
        **{**values, "cutouts": cutouts, "auxiliary": auxiliary, "offset": offset}
    )


def data(recipe: Recipe, what: What) -> Data:
    """Return the published detector's peaks on a recipe's skies, searched or cached.

    Parameters
    ----------
    recipe : Recipe
        How many skies, and which peaks.
    what : {"flux", "fake", "offset"}
        See `Batches`.  Fluxes and offsets are learned on real sources alone.

    Returns
    -------
    Data
        Validation is on other skies, with all bands and the full exposure.
    """
    detector = published()
    training = found(
        [TRAINING_SKIES + i for i in range(recipe.n_skies)],
        recipe.variants,
        detector,
        n_draws=recipe.n_draws,
        varied=True,
    )
    validation = found(
        [FIRST_VALIDATION_SKY + i for i in range(recipe.n_validation_skies)],
        recipe.variants,
        detector,
    )
    return Data(
        Batches(chosen(training, recipe, what), what, *_batching(recipe), vary=True),
        Batches(chosen(validation, recipe, what), what, *_batching(recipe), vary=False),
    )


def same_sources() -> dict[str, LabelledPeaks]:
    """Return the peaks of the same sources, by variant of the diffuse emission.

    All variants are there, including the one that no network learns from: they give
    the systematic error of a flux, and no weight is trained on them.
    """
    detector = published()
    return {
        variant: found([FIRST_VALIDATION_SKY], variant, detector)
        for variant in VARIANTS
    }


def by_bands(recipe: Recipe) -> dict[str, LabelledPeaks]:
    """Return the detector's peaks on some patches, by the bands that are present.

    There is every set of bands but the empty and the full one, written as in the
    argument ``present`` of
    `amphitrite_training.surveys.asid.heads.labelled_peaks.search`.
    """
    detector = published()
    sets = ["".join(each) for each in product("10", repeat=len(BANDS))]
    files = {
        present: _PeaksFile(
            *(FIRST_VALIDATION_SKY, recipe.variants[0], 1, False, _EVERY),
            *(detector.digest, present),
        )
        for present in sets
        if "1" in present and present != ALL_BANDS
    }
    _make([file for file in files.values() if not file.path.exists()], detector)
    return {present: _read(file.path) for present, file in files.items()}


def samples(recipe: Recipe, what: What) -> dict[str, NDArray[np.float32]]:
    """Return the inputs of a network for the peaks on some ten patches."""
    some = found([FIRST_VALIDATION_SKY], recipe.variants, published(), every=80)
    return inputs(some, what)


def _batching(recipe: Recipe) -> tuple[int, int]:
    return recipe.batch_size, recipe.seed


def chosen(peaks: LabelledPeaks, recipe: Recipe, what: What) -> LabelledPeaks:
    """Return the peaks that a network learns from."""
    here = peaks.score > recipe.least_score
    if what != "fake":
        here &= peaks.is_real
    return peaks.where(here)


def found(
    seeds: Sequence[int],
    variants: str,
    detector: PublishedDetector,
    *,
    n_draws: int = 1,
    varied: bool = False,
    every: int = 1,
    present: str = ALL_BANDS,
) -> LabelledPeaks:
    """Return the peaks of the detector on skies, searched or read from the cache.

    Parameters
    ----------
    seeds : sequence of int
        One sky each; the variants are taken in turn.
    variants : str
        Of the diffuse emission.
    detector : PublishedDetector
        The detector.
    n_draws, varied, every, present
        See `amphitrite_training.surveys.asid.heads.labelled_peaks.search`.

    Returns
    -------
    LabelledPeaks
        Of all skies; some 15 MB for each draw of one.

    Raises
    ------
    OutputError
        The cache folder cannot be written to.
    BadInput
        A file of the cache is damaged.
    MissingExtra
        ONNX Runtime is not installed.
    """
    files = [
        _PeaksFile(
            *(seed, variants[i % len(variants)], n_draws, varied, every),
            *(detector.digest, present),
        )
        for i, seed in enumerate(seeds)
    ]
    _make([file for file in files if not file.path.exists()], detector)
    return LabelledPeaks.joined([_read(file.path) for file in files])


@dataclass(frozen=True)
class _PeaksFile:
    """The peaks of one sky in the cache folder."""

    seed: int
    variant: str
    n_draws: int
    varied: bool
    every: int
    digest: str
    present: str

    @property
    def path(self) -> Path:
        values = [getattr(self, field.name) for field in fields(self)]
        what = json.dumps([_VERSION, *values])
        name = hashlib.sha256(what.encode()).hexdigest()[:16]
        folder = cache_directory() / "finds"
        return folder / f"asid-{self.seed}{self.variant}-{name}.npz"

    def make(self, detector: PublishedDetector) -> None:
        """Search the sky, write aside, and give the file its name once it is whole."""
        peaks = search(
            make_sky(self.seed, variant=self.variant),
            self.seed,
            file=detector.file,
            detector=detector.detector,
            n_draws=self.n_draws,
            varied=self.varied,
            every=self.every,
            present=self.present,
        )
        values = {field.name: getattr(peaks, field.name) for field in fields(peaks)}
        with made_aside(
            self.path, what="the detector's peaks", room="5 MB for each sky"
        ) as aside:
            np.savez_compressed(aside, **values)


def _make(files: Sequence[_PeaksFile], detector: PublishedDetector) -> None:
    """Search the skies that the cache does not hold, one process per core."""
    if not files:
        return
    workers = min(len(files), len(os.sched_getaffinity(0)))
    with engine_workers.pool(workers) as pool:
        done = pool.map(_PeaksFile.make, files, [detector] * len(files))
        for n, _ in enumerate(done, 1):
            logger.info("searched %d of %d skies", n, len(files))


def _read(path: Path) -> LabelledPeaks:
    try:
        with path.open("rb") as file, np.load(file) as content:
            values: Mapping[str, Any] = dict(content)
            return LabelledPeaks(**values)
    except (OSError, EOFError, ValueError, TypeError, BadZipFile) as error:
        raise BadInput(
            f"the peaks in {path} are damaged ({error}); remove that file, and the sky "
            "is searched again"
        ) from error
