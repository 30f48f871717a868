"""Training data of the detector: cached simulated skies, varied at every visit.

The cache holds expected counts.  Each time that a patch is used, photons are drawn, and
bands, exposure and orientation are changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers as engine_workers
from amphitrite.errors import BadInput
from amphitrite.places import cache_directory
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import COUNTS, HALF, PATCH_DEGREES
from amphitrite.surveys.asid.prepare.patches import Patch
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite_training.fitting.caching import made_aside
from amphitrite_training.fitting.task import Data
from amphitrite_training.surveys.asid.discs import draw_discs, visible
from amphitrite_training.surveys.asid.recipe import Recipe
from amphitrite_training.surveys.asid.simulate.instrument import ALL_TYPES
from amphitrite_training.surveys.asid.simulate.sky import expect, make_sky

logger = logging.getLogger(__name__)

Images = dict[str, NDArray[np.float32]]

N_PATCHES: Final = 768
# First seeds: training and validation must never share a sky.
TRAINING_SKIES: Final = 1_000
VALIDATION_SKIES: Final = 2_000
# Shares of the event types PSF0 to PSF3 where the sharper types alone are kept.
SHARPER_TYPES: Final = (
    (0.0, 0.0, 0.0, 1.0),
    (0.0, 0.0, 0.5, 0.5),
    (0.0, 1 / 3, 1 / 3, 1 / 3),
)
# Bands that are present in a sample of few bands, drawn with equal chance.
_FEW_BANDS: Final = (
    (0, 1, 0, 0, 0),
    (0, 1, 0, 0, 0),
    (1, 0, 0, 0, 0),
    (1, 1, 0, 0, 0),
)
# Raised when the same sky would come out differently.
_VERSION: Final = 3


def patches() -> list[Patch]:
    """Return the paper's 768 patches: the centres of HEALPix nside 8, in rings."""
    return list(centres()[:N_PATCHES])


@dataclass(frozen=True)
class Skies:
    """Expected counts of patches, and their sources.

    Parameters
    ----------
    counts : sequence of ndarray
        (n, pixels, pixels) float16 per band.
    sources : sequence of ndarray
        Per patch (n_sources, 3 + n_bands): x, y (deg), flux (photons/cm2/s from 1 to
        100 GeV) and the test statistic in each band.
    lat : (n,) ndarray
        Galactic latitude of each patch's centre, deg.
    """

    counts: Sequence[NDArray[np.float16]]
    sources: Sequence[NDArray[np.float32]]
    lat: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.lat)


@dataclass(frozen=True)
class Batches:
    """The samples of one training or validation set, in batches.

    Parameters
    ----------
    skies : Skies
        The expected counts.
    recipe : Recipe
        Its batch size, seed and variations are used.
    vary : bool
        Vary bands, exposure, orientation and footprint, as training does; else every
        epoch gives the same samples.
    """

    skies: Skies
    recipe: Recipe
    vary: bool

    def __len__(self) -> int:
        return len(self.skies) // self.recipe.batch_size

    def batch(self, epoch: int, index: int) -> tuple[Images, Images]:
        """Return the inputs and the targets of a batch; the same for the same call."""
        seed = [self.recipe.seed, epoch if self.vary else 0]
        size = self.recipe.batch_size
        order = (
            np.random.default_rng(seed).permutation(len(self.skies))
            if self.vary
            else np.arange(len(self.skies))
        )
        rng = np.random.default_rng([*seed, index + 1])
        samples = [
            sample(rng, self.skies, patch, self.recipe, vary=self.vary)
            for patch in order[index * size : (index + 1) * size]
        ]
        images = {
            tensor.name: np.stack([counts[band] for counts, _ in samples])
            for band, tensor in enumerate(COUNTS)
        }
        return images, {"logits": np.stack([discs for _, discs in samples])}


def data(recipe: Recipe) -> Data:
    """Return the training and validation skies of a recipe, simulated or cached.

    Parameters
    ----------
    recipe : Recipe
        How many skies, in which variants.

    Returns
    -------
    Data
        The validation skies are of the same variants, one each, and an eighth of their
        patches is used.
    """
    training = simulated([TRAINING_SKIES + i for i in range(recipe.n_skies)], recipe)
    validation = simulated(
        [VALIDATION_SKIES + i for i in range(len(recipe.variants))],
        recipe,
        every=8,
    )
    return Data(
        Batches(training, recipe, vary=True), Batches(validation, recipe, vary=False)
    )


def simulated(seeds: Sequence[int], recipe: Recipe, *, every: int = 1) -> Skies:
    """Return simulated skies; those that the cache folder holds are read from there.

    Parameters
    ----------
    seeds : sequence of int
        One sky each; the variants are taken in turn.
    recipe : Recipe
        Its ``variants`` and ``event_type_cuts`` are used.
    every : int
        Take every n-th patch only.

    Returns
    -------
    Skies
        Sky by sky; about 135 MB for each whole one.

    Raises
    ------
    OutputError
        The cache folder cannot be written to.
    BadInput
        A file of the cache is damaged.
    """
    variants = [recipe.variants[i % len(recipe.variants)] for i in range(len(seeds))]
    cuts = recipe.event_type_cuts
    skies = [_SkyFile(s, v, cuts, every) for s, v in zip(seeds, variants, strict=True)]
    _make([sky for sky in skies if not sky.folder.exists()])
    folders = [sky.folder for sky in skies]
    tables = [_loaded(folder / "sources.npz") for folder in folders]
    return Skies(
        counts=[
            np.concatenate([_loaded(f / f"{band.name}.npy") for f in folders])
            for band in BANDS
        ],
        sources=[
            rows
            for table in tables
            for rows in np.split(table["rows"], np.cumsum(table["n"])[:-1])
        ],
        lat=np.concatenate([table["lat"] for table in tables]),
    )


def _loaded(path: Path) -> Any:
    """Load one file of the cache: an array, or arrays by name."""
    try:
        with path.open("rb") as file:
            content = np.load(file)
            return content if path.suffix == ".npy" else dict(content)
    except (OSError, EOFError, ValueError, BadZipFile) as error:
        raise BadInput(
            f"the simulated sky in {path.parent} is damaged ({path.name}: {error}); "
            "remove that folder, and the sky is simulated again"
        ) from error


def sample(
    rng: np.random.Generator, skies: Skies, patch: int, recipe: Recipe, *, vary: bool
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Draw the photons of one patch, and its discs.

    Parameters
    ----------
    rng : numpy Generator
        The same state gives the same sample.
    skies : Skies
        The expected counts.
    patch : int
        Index of the patch.
    recipe : Recipe
        Its variations and its discs are used.
    vary : bool
        See `Batches`.

    Returns
    -------
    counts : list of ndarray
        Photons per pixel, (pixels, pixels) float32 per band; 0 in a missing band.
    discs : (128, 128) ndarray of float32
        The target, see `amphitrite_training.surveys.asid.discs.draw_discs`.
    """
    present, depth = np.ones(len(BANDS), bool), 1.0
    if vary:
        present, depth = conditions(rng, recipe)
    counts = [
        rng.poisson(expected[patch].astype(np.float32) * depth).astype(np.float32)
        if here
        else np.zeros(expected.shape[1:], np.float32)
        for expected, here in zip(skies.counts, present, strict=True)
    ]
    rows = skies.sources[patch]
    seen = rows[visible(rows[:, 3:], present, depth=depth, recipe=recipe)]
    discs = draw_discs(seen[:, 0], seen[:, 1], recipe)
    images = [*counts, discs]
    if vary:
        if rng.random() < recipe.cut_footprints:
            images = cut(rng, images)
        turn = int(rng.integers(8))
        images = [_turned(image, turn) for image in images]
    return images[:-1], images[-1]


def conditions(
    rng: np.random.Generator, recipe: Recipe
) -> tuple[NDArray[np.bool_], float]:
    """Draw the bands that a sample has, and its exposure over the simulated one."""
    present = _bands_present(rng, recipe)
    depth = 1.0
    if rng.random() < recipe.vary_depth:
        low, high = np.log([recipe.depth_low, recipe.depth_high])
        depth = float(np.exp(rng.uniform(low, high)))
    return present, depth


def _bands_present(rng: np.random.Generator, recipe: Recipe) -> NDArray[np.bool_]:
    present = rng.random(len(BANDS)) >= recipe.band_dropout
    if rng.random() < recipe.few_bands:
        present = np.array(_FEW_BANDS[rng.integers(len(_FEW_BANDS))], bool)
    if not present[:3].any():  # the two softest bands alone locate nothing
        present[rng.integers(2)] = True
    return np.asarray(present)


def _turned(image: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """Return one of the eight flips and quarter turns of an image."""
    if turn & 1:
        image = image[::-1]
    if turn & 2:
        image = image[:, ::-1]
    if turn & 4:
        image = image.T
    return np.ascontiguousarray(image)


def cut(
    rng: np.random.Generator, images: list[NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    """Blank the images beyond a straight line, as at the edge of a footprint."""
    angle = rng.uniform(0, 2 * np.pi)
    offset = rng.uniform(-HALF / 2, HALF)
    rest = []
    for image in images:
        n = len(image)
        axis = (np.arange(n) + 0.5) * PATCH_DEGREES / n - HALF
        inside = axis * np.cos(angle) + axis[:, None] * np.sin(angle) < offset
        rest.append(image * inside.astype(np.float32))
    return rest


@dataclass(frozen=True)
class _SkyFile:
    """One simulated sky in the cache folder."""

    seed: int
    variant: str
    cuts: float
    every: int

    @property
    def folder(self) -> Path:
        what = json.dumps([_VERSION, *astuple(self)])
        name = hashlib.sha256(what.encode()).hexdigest()[:16]
        skies = cache_directory() / "skies"
        return skies / f"asid-{self.seed}{self.variant}-{name}"

    def make(self) -> None:
        """Simulate the sky aside, and give the folder its name once it is whole."""
        with made_aside(
            self.folder, what="a simulated sky", room="135 MB for each"
        ) as aside:
            aside.mkdir()
            _write_sky(aside, self)


def _make(skies: Sequence[_SkyFile]) -> None:
    """Simulate the skies that the cache does not hold, one process per core."""
    if not skies:
        return
    workers = min(len(skies), os.cpu_count() or 1)
    with engine_workers.pool(workers) as pool:
        done = pool.map(_SkyFile.make, skies)
        for n, _ in enumerate(done, 1):
            logger.info("simulated %d of %d skies", n, len(skies))


def _write_sky(folder: Path, what: _SkyFile) -> None:
    rng = np.random.default_rng([what.seed, 1])
    sky = make_sky(what.seed, variant=what.variant)
    chosen = patches()[:: what.every]
    counts = [
        np.empty((len(chosen), band.pixels, band.pixels), np.float16) for band in BANDS
    ]
    rows = []
    for index, patch in enumerate(chosen):
        types = ALL_TYPES
        if rng.random() < what.cuts:
            types = SHARPER_TYPES[rng.integers(len(SHARPER_TYPES))]
        here = expect(sky, patch, event_types=types)
        for band, image in zip(counts, here.counts, strict=True):
            band[index] = np.minimum(image, 60_000)
        rows.append(np.c_[here.x, here.y, here.flux, here.test_statistic])
    for band, stack in zip(BANDS, counts, strict=True):
        np.save(folder / f"{band.name}.npy", stack)
    np.savez(
        folder / "sources.npz",
        rows=np.concatenate(rows).astype(np.float32),
        n=[len(part) for part in rows],
        lat=[patch.lat for patch in chosen],
    )
