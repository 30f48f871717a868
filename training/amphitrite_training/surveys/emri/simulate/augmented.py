"""Signals of the augmented analytic kludge, to test what was trained on the kludge.

The augmented kludge (Chua & Gair 2015, CQG 32, 232002, arXiv:1510.06245; Chua, Moore &
Gair 2017, PRD 96, 044005, arXiv:1705.04259) adds up the same harmonics at the
frequencies of orbits around a spinning black hole.  Its waves are those of the package
fastemriwaveforms, whose orbits shrink by fluxes of fifth post-Newtonian order (Fujita &
Shibata 2020, PRD 102, 064005, arXiv:2008.13554).  It must be installed, see the extra
``dev``.

The parameters are those of `amphitrite_training.surveys.emri.simulate.inspirals.draw`,
and both kludges start the segment on the same orbit.  Left out are retrograde orbits,
whose frequencies some versions of the package take from prograde ones, orbits that have
plunged by then, and the few that the package cannot follow.  The semi-latus rectum is
that which the kludge gives to the frequency, ``p = (1 - e^2) (2 pi nu M)^(-2/3)``.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers
from amphitrite.errors import MissingExtra
from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES, SAMPLE_SECONDS
from amphitrite_training.fitting.chunks import (
    cached,
    joined,
    loaded,
    pieces,
    write_records,
)
from amphitrite_training.surveys.emri.simulate import augmented_worker
from amphitrite_training.surveys.emri.simulate.augmented_orbits import STEP, source
from amphitrite_training.surveys.emri.simulate.augmented_strain import LEAD, strain
from amphitrite_training.surveys.emri.simulate.augmented_worker import Source, Wave
from amphitrite_training.surveys.emri.simulate.inspirals import (
    Inspiral,
    Population,
    draw,
)
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.signals import Signals, normalised


def signal(
    rng: np.random.Generator, population: Population, process: Executor
) -> tuple[Inspiral, NDArray[np.float32]]:
    """Return an inspiral and its whitened signal; see `signals.signal`.

    Parameters
    ----------
    rng : numpy.random.Generator
    population : Population
        From which it is drawn, until it is one of those described above.
    process : Executor
        A worker process, see `amphitrite.engine.workers.pool`.
    """
    while True:
        inspiral = draw(rng, population)
        if math.cos(inspiral.inclination) <= 0 or (path := orbit(inspiral)) is None:
            continue
        asked = source(inspiral, path, LEAD * SAMPLE_SECONDS)
        wave = made(process, asked, N_SAMPLES + 2 * LEAD, STEP)
        if wave is not None:
            return inspiral, normalised(whiten(strain(inspiral, wave)))


def made(process: Executor, asked: Source, n: int, step: float) -> Wave | None:
    """Return a wave that a process makes; see `augmented_worker.wave`."""
    return process.submit(
        augmented_worker.wave, asked, n, SAMPLE_SECONDS, step
    ).result()


@dataclass(frozen=True)
class Chunk:
    """Some signals; see `amphitrite_training.fitting.chunks.Chunk`.

    Parameters
    ----------
    first, n : int
        Seed of the first signal, and how many there are.
    package : str
        Version of fastemriwaveforms.
    population : Population
        From which they are drawn.
    """

    first: int
    n: int
    package: str
    population: Population = field(default_factory=Population)
    KEPT_AS: ClassVar[str] = "inspirals/emri-augmented"
    CONTENTS: ClassVar[str] = "simulated inspirals of the augmented kludge"
    ROOM: ClassVar[str] = "1 MB for each signal"
    VERSION: ClassVar[int] = 1

    def write(self, folder: Path) -> None:
        """Write the signals into an existing folder, in half precision."""
        kept = np.empty((self.n, len(CHANNELS), N_SAMPLES), np.float16)
        inspirals = []
        with workers.pool(1) as process:
            for row in range(self.n):
                rng = np.random.default_rng(self.first + row)
                inspiral, kept[row] = signal(rng, self.population, process)
                inspirals.append(asdict(inspiral))
        np.save(folder / "signals.npy", kept)
        write_records(folder / "inspirals.npz", inspirals)


def signals(first: int, n: int, population: Population | None = None) -> Signals:
    """Return simulated signals, made or read from the cache.

    Parameters
    ----------
    first, n : int
        Seed of the first signal, and how many.
    population : Population, optional
        From which they are drawn.

    Raises
    ------
    MissingExtra
        fastemriwaveforms is not installed.
    BadInput
        A file of the cache is damaged.
    OutputError
        The cache folder cannot be written to.
    """
    package, population = package_version(), population or Population()
    folders = cached(
        [Chunk(begin, size, package, population) for begin, size in pieces(first, n)]
    )
    return Signals(
        [loaded(folder / "signals.npy", "signals") for folder in folders],
        joined(folders, "inspirals.npz", "signals"),
    )


def package_version() -> str:
    """Return the version of fastemriwaveforms.

    Raises
    ------
    MissingExtra
        It is not installed.
    """
    try:
        return version("fastemriwaveforms")
    except PackageNotFoundError:
        raise MissingExtra("The augmented kludge", "dev") from None
