"""Blocks of strain on their way through the server, and triggers measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine.control import Summary
from amphitrite.engine.execution import Unit
from amphitrite.engine.session import Session
from amphitrite.surveys.emri import products
from amphitrite.surveys.emri.interpret.maps import Track, loudest_track, power_map
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.learned import NoiseRun
from amphitrite.surveys.emri.page import STATISTIC, STRAIN
from amphitrite.surveys.emri.prepare.noise import whitened_noise
from amphitrite.surveys.emri.prepare.segments import (
    Block,
    Curves,
    block_at,
    blocks,
    cut,
    whitened,
)
from amphitrite.surveys.emri.prepare.spectrum import level
from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite.triton.served import ServedModel

_TOGETHER: Final = 8  # segments of simulated noise
_SEED: Final = 1


@dataclass
class SegmentWork:
    """Segments on their way to the server (see `amphitrite.engine.execution.Work`).

    Parameters
    ----------
    strain : (2, n) ndarray of float32
        Whitened strain, in which segments may overlap.
    firsts : sequence of int
        The first samples of the segments.
    batch : int
        Segments per request.
    known : dict of str to ndarray
        What is known of them before they are judged, for the journal.
    """

    strain: NDArray[np.float32]
    firsts: Sequence[int]
    batch: int
    known: dict[str, NDArray[Any]]

    def __post_init__(self) -> None:
        self.statistic = np.full(len(self.firsts), np.nan)

    def requests(self) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """Yield the segments in batches."""
        for at in range(0, len(self.firsts), self.batch):
            where = slice(at, at + self.batch)
            yield where, {STRAIN: cut(self.strain, self.firsts[where])}

    def add(self, where: slice, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Take the statistics of one batch."""
        self.statistic[where] = outputs[STATISTIC][:, 0]

    def record(self) -> dict[str, NDArray[Any]]:
        """Return the statistics, and what is known of the segments."""
        return {STATISTIC: self.statistic, **self.known}


def prepare(block: Block, *, curves: Curves | None, batch: int) -> SegmentWork:
    """Return the segments of a block, whitened.

    Parameters
    ----------
    block : Block
        The block.
    curves : Curves or None
        See `amphitrite.surveys.emri.prepare.segments.whitened`.
    batch : int
        Segments per request.
    """
    strain = whitened(block.stretch, curves)
    return SegmentWork(
        strain,
        block.firsts,
        batch,
        {
            "start": block.starts,
            "missing": block.missing,
            "level": np.tile(level(strain), (len(block.firsts), 1)),
        },
    )


def prepare_noise(seed: int, *, curves: Curves | None, batch: int) -> SegmentWork:
    """Return segments of simulated noise; see `prepare`."""
    rng = np.random.default_rng([_SEED, seed])
    noise = [whitened_noise(rng, curves) for _ in range(_TOGETHER)]
    firsts = range(0, _TOGETHER * N_SAMPLES, N_SAMPLES)
    return SegmentWork(np.concatenate(noise, axis=1), firsts, batch, {})


@dataclass(frozen=True)
class Judged:
    """The segments of a stream, judged, in the order of time.

    Parameters
    ----------
    start : (n,) ndarray of float64
        Times of their first samples in seconds since the stream's zero point.
    statistic : (n,) ndarray of float64
    missing : (n,) ndarray of float64
        Shares of their samples that are missing.
    level : (n, 2) ndarray of float64
        Amplitude of the whitened noise around them in each channel; 1 if the noise
        curve is right.
    """

    start: NDArray[np.float64]
    statistic: NDArray[np.float64]
    missing: NDArray[np.float64]
    level: NDArray[np.float64]


def judge(
    session: Session,
    model: ServedModel,
    stretches: Sequence[Stretch],
    *,
    curves: Curves | None,
    overlap: float,
) -> tuple[Sequence[Block], Summary]:
    """Send all segments of a stream to the network, or those of this shard.

    Parameters
    ----------
    session : Session
        The run; blocks found in its journal are not judged again.
    model : ServedModel
        The network.
    stretches : sequence of Stretch
        The stream.
    curves : Curves or None
        See `amphitrite.surveys.emri.prepare.segments.whitened`.
    overlap : float
        See `amphitrite.surveys.emri.prepare.segments.starts`.

    Returns
    -------
    parts : sequence of Block
        The blocks that are in the journal now, in the order of time.
    summary : Summary
        Numbers of blocks done and resumed.

    Raises
    ------
    ServerError
        See `amphitrite.engine.execution.execute`.
    """
    every = [block for stretch in stretches for block in blocks(stretch, overlap)]
    parts = session.own(every, _key)
    batch = _batch(model)
    units = (Unit(_key(block), block, len(block.firsts)) for block in parts)
    total = sum(len(block.firsts) for block in parts)
    work = partial(prepare, curves=curves, batch=batch)
    summary = session.serve(
        "searching", units, total, work, model, outputs=(STATISTIC,)
    )
    return parts, summary


def collected(session: Session, parts: Sequence[Block]) -> Judged:
    """Return the segments of all blocks of a stream, from the journal."""
    found = [session.journal.read(_key(block)) for block in parts]
    columns = {
        name: np.concatenate([part[name] for part in found])
        for name in ("start", STATISTIC, "missing", "level")
    }
    return Judged(**columns)


def judge_noise(
    session: Session, model: ServedModel, n: int, *, curves: Curves | None
) -> Sequence[int]:
    """Send `n` segments of simulated noise, or a few more, to the network.

    In a shard these are its own.

    Parameters
    ----------
    session, model, curves
        See `judge`.
    n : int
        Segments.

    Returns
    -------
    sequence of int
        The seeds of the units that are in the journal now.
    """
    seeds = session.own(range(-(-n // _TOGETHER)), _noise_key)
    units = (Unit(_noise_key(seed), seed, _TOGETHER) for seed in seeds)
    work = partial(prepare_noise, curves=curves, batch=_batch(model))
    total = len(seeds) * _TOGETHER
    session.serve("calibrating", units, total, work, model, outputs=(STATISTIC,))
    return seeds


def collected_noise(session: Session, seeds: Sequence[int]) -> NoiseRun:
    """Return the statistics of simulated noise, from the journal."""
    found = [session.journal.read(_noise_key(seed))[STATISTIC] for seed in seeds]
    return NoiseRun.of(np.concatenate(found), len(seeds) * _TOGETHER)


def _noise_key(seed: int) -> str:
    return f"noise {seed}"


def _batch(model: ServedModel) -> int:
    """Return how many segments go into one request."""
    return min(_TOGETHER, model.max_batch)


def _key(block: Block) -> str:
    return f"block {block.starts[0]:.3f} {block.starts[-1]:.3f} {len(block.firsts)}"


def measure(
    session: Session,
    found: Sequence[Trigger],
    stretches: Sequence[Stretch],
    *,
    curves: Curves | None,
    plots: Path | None,
) -> list[Track | None]:
    """Return the loudest track of each trigger, which is also drawn.

    Parameters
    ----------
    session : Session
        The run, which shows the progress.
    found : sequence of Trigger
        The triggers.
    stretches, curves
        See `judge`.
    plots : Path, optional
        An existing folder for a picture of each.

    Returns
    -------
    list of Track or None
        None where no track stands out.
    """
    tracks = []
    with session.control.progress("measuring", len(found)) as advance:
        for number, trigger in enumerate(found, start=1):
            block = block_at(stretches, trigger.loudest_start)
            strain = whitened(block.stretch, curves)
            (first,) = block.firsts
            power = power_map(strain[:, first : first + N_SAMPLES])
            tracks.append(track := loudest_track(power))
            if plots is not None:
                picture = plots / products.file_name(number)
                products.draw_trigger(
                    *(picture, number, trigger, power, track),
                    replace=session.may_replace,
                )
            advance(1)
    return tracks
