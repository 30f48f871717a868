"""Measure the served networks for inspirals on simulated strain they never saw.

Noise, signals and their seeds are the evaluation's own, and all thresholds come from
its noise.  The networks and the yardsticks judge the same segments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.engine import workers
from amphitrite.errors import MissingExtra
from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.page import ASKED
from amphitrite.surveys.emri.prepare.segments import starts
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite.triton.served import Server
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.emri.data import TEST_SIGNALS
from amphitrite_training.surveys.emri.departures import (
    DEPARTURES,
    RIGHT,
    Departure,
)
from amphitrite_training.surveys.emri.groups import (
    RATIOS,
    SETTINGS,
    SINGLE_RATIOS,
    STAND_IN,
    Sources,
)
from amphitrite_training.surveys.emri.judging import Judge, Judged
from amphitrite_training.surveys.emri.measures import (
    Departed,
    Evaluation,
    Network,
    Point,
    Stream,
)
from amphitrite_training.surveys.emri.segments import (
    MISJUDGED,
    MISJUDGED_SIGNALS,
    NOISE,
    Batch,
    Cut,
    Noise,
    Seen,
    Stored,
    pieces,
)
from amphitrite_training.surveys.emri.simulate.augmented_agreement import (
    CASES,
    Agreement,
    agreement,
)
from amphitrite_training.surveys.emri.simulate.signals import Signals, signals

_FULL: Final = 20  # thousands of segments of noise
FAINT: Final = 50.0
"""Signal-to-noise ratio up to which more signals are judged: there networks differ."""
_LEAST: Final = 10
_SEEDS_OF_A_POINT: Final = 10_000


@dataclass(frozen=True)
class Sizes:
    """How many segments are judged.

    Parameters
    ----------
    n_noise : int
        Noise from which the thresholds come.
    n_signals, n_snr, n_points : int
        Signals of groups 1 to 3 each, of each signal-to-noise ratio of group 4 up to
        `FAINT`, and of each other point of groups 4 to 7.
    n_misjudged, n_misjudged_signals : int
        Segments of each kind of misjudged noise, and signals in it.
    n_stream : int
        Overlapping segments of a stream of noise.
    """

    n_noise: int = 20_000
    n_signals: int = 500
    n_snr: int = 500
    n_points: int = 200
    n_misjudged: int = 1_000
    n_misjudged_signals: int = 200
    n_stream: int = 1_000

    @classmethod
    def of(cls, n_fields: int) -> Sizes:
        """Return the sizes for so many thousands of segments of noise.

        The others are in proportion to the defaults, and 10 at least.
        """
        return cls(
            *(
                max(_LEAST, round(each.default * n_fields / _FULL))
                for each in fields(cls)
            )
        )

    @property
    def all_signals(self) -> int:
        """Signals of groups 1, 2 and 4 to 7 together."""
        singles = sum(self.of_ratio(ratio) for ratio in SINGLE_RATIOS)
        return 2 * self.n_signals + singles + len(SETTINGS) * self.n_points

    def of_ratio(self, ratio: float) -> int:
        """Return the number of signals of a ratio of group 4."""
        return self.n_snr if ratio <= FAINT else self.n_points


def evaluate(
    connection: Server,
    *,
    progress: Progress,
    n_fields: int = _FULL,
    sizes: Sizes | None = None,
    specs: Sequence[ModelSpec] = ASKED,
) -> Evaluation:
    """Judge simulated noise and signals with the served networks and the yardsticks.

    Parameters
    ----------
    connection : Server
        A server with the networks.
    progress : Progress
        Shows how many segments are done.
    n_fields : int, optional
        Thousands of segments of noise; the numbers of signals are in proportion, so
        that 1 is a quick look, without the smaller of the false-alarm probabilities.
    sizes : Sizes, optional
        All numbers, in place of `n_fields`.
    specs : sequence of ModelSpec, optional
        The networks, the default first.

    Returns
    -------
    Evaluation
        The statistics of all segments.

    Raises
    ------
    BadInput
        A file of the cache of signals is damaged.
    OutputError
        The cache folder cannot be written to.
    ServerError
        The server does not answer, or has not all networks.
    """
    networks = {spec.name: connection.model(spec) for spec in specs}
    sizes = sizes or Sizes.of(n_fields)
    n_workers = os.cpu_count() or 1
    with workers.pool(n_workers) as pool:
        measuring = _Measuring(Judge(networks, pool, n_workers), sizes, progress)
        noise = measuring.noise()
        points, left_out = measuring.points()
        agreements = () if left_out else measuring.agreements()
        return Evaluation(
            networks={
                name: Network(model.spec, model.version)
                for name, model in networks.items()
            },
            first_seed=TEST_SIGNALS,
            noise=noise,
            points=points,
            left_out=left_out,
            departed=measuring.departed(),
            stream=measuring.stream(),
            agreements=agreements,
        )


@dataclass(frozen=True)
class _Measuring:
    """The measurements, each with its bar of progress."""

    judge: Judge
    sizes: Sizes
    progress: Progress

    def noise(self) -> Judged:
        """Judge noise alone."""
        n = self.sizes.n_noise
        with self.progress("noise", n) as advance:
            return self.judge.judged(self._noise(NOISE, n), advance)

    def points(self) -> tuple[tuple[Point, ...], str]:
        """Judge the signals of all groups; also say why one is left out."""
        n = self.sizes.n_signals
        augmented, left_out = _augmented(n)
        total = self.sizes.all_signals + (n if augmented else 0)
        with self.progress("signals", total) as advance:
            points = tuple(
                Point(group, at, self.judge.judged(batches, advance))
                for group, at, batches in self._groups(augmented)
            )
        return points, left_out

    def agreements(self) -> tuple[Agreement, ...]:
        """Compare the two kinds of waveforms, without any network."""
        with self.progress("waveforms", len(CASES)) as advance:
            found = []
            for each in agreement(CASES):
                found.append(each)
                advance(1)
        return tuple(found)

    def departed(self) -> tuple[Departed, ...]:
        """Judge noise that is not what it is taken for, alone and with signals.

        The random numbers are the same for all kinds, so that they differ by what was
        done to the noise alone.
        """
        n, n_signals = self.sizes.n_misjudged, self.sizes.n_misjudged_signals
        stored = signals(TEST_SIGNALS, n_signals)
        found = []
        with self.progress("misjudged noise", len(DEPARTURES) * (n + n_signals)) as (
            advance
        ):
            for name, departure in DEPARTURES.items():
                noise = self._noise(MISJUDGED, n, departure)
                with_signals = self._stored(
                    MISJUDGED_SIGNALS, stored, _ratios(n_signals), departure
                )
                found.append(
                    Departed(
                        name,
                        self.judge.judged(noise, advance),
                        self.judge.judged(with_signals, advance),
                    )
                )
        return tuple(found)

    def stream(self) -> Stream:
        """Judge overlapping segments of a stream of noise."""
        overlap = Options().overlap
        n = N_SAMPLES + round((self.sizes.n_stream - 1) * N_SAMPLES * (1 - overlap))
        firsts = starts(n, overlap)
        batches = (
            Cut(tuple(firsts[begin : begin + size]))
            for begin, size in pieces(len(firsts), self.judge.rows)
        )
        with self.progress("stream", len(firsts)) as advance:
            judged = self.judge.judged(batches, advance)
        return Stream(n, overlap, tuple(firsts), judged)

    def _groups(
        self, augmented: Signals | None
    ) -> Iterator[tuple[int, Mapping[str, float], Iterable[Batch]]]:
        """Yield the group, the parameters and the segments of each point."""
        n = self.sizes.n_signals
        stored = signals(TEST_SIGNALS, max(n, self.sizes.n_snr, self.sizes.n_points))
        yield 1, {}, self._stored(100, stored, _ratios(n))
        yield 2, {}, self._seen(200, STAND_IN, n)
        if augmented:  # in the noise of group 1, and as loud
            yield 3, {}, self._stored(100, augmented, _ratios(n))
        for number, ratio in enumerate(SINGLE_RATIOS):
            ratios = np.full(self.sizes.of_ratio(ratio), ratio)
            yield 4, {"snr": ratio}, self._stored(400 + number, stored, ratios)
        for number, setting in enumerate(SETTINGS):
            part = 100 * setting.group + number
            segments = self._seen(part, setting.sources, self.sizes.n_points)
            yield setting.group, setting.at, segments

    def _noise(
        self, part: int, n: int, departure: Departure = DEPARTURES[RIGHT]
    ) -> Iterator[Noise]:
        """Yield segments of noise."""
        for first, size in pieces(n, self.judge.rows):
            yield Noise(part, first, size, departure)

    def _stored(
        self,
        part: int,
        stored: Signals,
        ratios: NDArray[np.float64],
        departure: Departure = DEPARTURES[RIGHT],
    ) -> Iterator[Stored]:
        """Yield noise with the first signals of a set, one for each ratio."""
        for noise in self._noise(part, len(ratios), departure):
            numbers = range(noise.first, noise.first + noise.n)
            some = np.stack([stored[number] for number in numbers])
            yield Stored(noise, some.astype(np.float16), ratios[list(numbers)])

    def _seen(self, part: int, sources: Sources, n: int) -> Iterator[Seen]:
        """Yield noise with sources at their own distance."""
        for noise in self._noise(part, n):
            yield Seen(noise, sources, TEST_SIGNALS + part * _SEEDS_OF_A_POINT)


def _ratios(n: int) -> NDArray[np.float64]:
    """Return signal-to-noise ratios of groups 1 and 3, the same ones first."""
    return np.random.default_rng(TEST_SIGNALS).uniform(*RATIOS, n)


def _augmented(n: int) -> tuple[Signals | None, str]:
    """Return the signals of group 3; or None, and why there are none."""
    from amphitrite_training.surveys.emri.simulate import augmented

    try:
        return augmented.signals(TEST_SIGNALS, n), ""
    except MissingExtra as missing:
        return None, str(missing).splitlines()[0]
