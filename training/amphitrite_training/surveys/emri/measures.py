"""Measurements of networks for inspirals on simulated strain.

A segment is an alarm of a network or a yardstick if its statistic exceeds a threshold,
which simulated noise exceeds with the false-alarm probability (FAP).  The share of
segments with a signal that are alarms is the true-alarm probability (TAP).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from amphitrite.surveys.emri.interpret.triggers import triggers
from amphitrite.surveys.emri.learned import NoiseRun
from amphitrite.surveys.emri.page import LEAST_ALARMS
from amphitrite.surveys.emri.sampling import SAMPLE_SECONDS
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.evaluation import statistics
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.simulate.augmented_agreement import Agreement
from amphitrite_training.surveys.emri.yardsticks import LEVEL_FREE

PROBABILITIES: Final = (0.01, 0.001)
"""False-alarm probabilities of a segment for which thresholds are set."""
YEAR_SECONDS: Final = 365.25 * 86_400.0
_LIMITS: Final = (0.025, 0.975)  # of a 95 % interval


@dataclass(frozen=True)
class Network:
    """A served network.

    Parameters
    ----------
    spec : ModelSpec
        The spec that the server reports.
    version : int
        Its version.
    """

    spec: ModelSpec
    version: int


@dataclass(frozen=True)
class Point:
    """Signals of a test group, or of one point of a group that has several.

    Parameters
    ----------
    group : int
        The group, 1 to 7.
    at : mapping of str to float
        What all signals of the point have in common: ``snr``; or ``log_mass``, ``spin``
        and ``redshift``; nothing for a whole group.
    judged : Judged
        The segments with the signals.
    """

    group: int
    at: Mapping[str, float]
    judged: Judged


@dataclass(frozen=True)
class Departed:
    """Noise that is not what it is taken for.

    Parameters
    ----------
    name : str
        How it differs.
    noise, signals : Judged
        Segments of such noise alone, and with signals of group 1.
    """

    name: str
    noise: Judged
    signals: Judged


@dataclass(frozen=True)
class Rate:
    """A rate of events.

    Parameters
    ----------
    n : int
        Events.
    years : float
        The time in which they were counted.
    """

    n: int
    years: float

    @property
    def value(self) -> float:
        """Events per year."""
        return self.n / self.years

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the rate of a Poisson process [1]_.

        References
        ----------
        .. [1] Garwood 1936, Biometrika 28, 437, doi:10.1093/biomet/28.3-4.437
        """
        low = chi2.ppf(_LIMITS[0], 2 * self.n) / 2 if self.n else 0.0
        high = chi2.ppf(_LIMITS[1], 2 * self.n + 2) / 2
        return float(low / self.years), float(high / self.years)


@dataclass(frozen=True)
class Stream:
    """Overlapping segments of one long stream of noise.

    Parameters
    ----------
    n_samples : int
        Samples of the stream.
    overlap : float
        Share of a segment that the next one covers too.
    firsts : tuple of int
        The first sample of each segment.
    judged : Judged
        The segments.
    """

    n_samples: int
    overlap: float
    firsts: tuple[int, ...]
    judged: Judged

    @property
    def years(self) -> float:
        """Length of the stream."""
        return self.n_samples * SAMPLE_SECONDS / YEAR_SECONDS

    def rate(self, name: str, threshold: float) -> Rate:
        """Return the rate of false triggers of a statistic above a threshold.

        Segments above it that overlap are one trigger, as they are for a user.
        """
        begins = SAMPLE_SECONDS * np.array(self.firsts)
        found = triggers(begins, self.judged.statistics[name], threshold)
        return Rate(len(found), self.years)


@dataclass(frozen=True)
class Evaluation:
    """Measurements of the served networks on simulated strain.

    Parameters
    ----------
    networks : mapping of str to Network
        The networks by name, the default first.
    first_seed : int
        Signals are of this seed and later ones.
    noise : Judged
        Noise alone, from which all thresholds come.
    points : tuple of Point
        The signals, by group.
    left_out : str
        Why group 3 was not measured; empty if it was.
    departed : tuple of Departed
        Noise that is not what it is taken for.
    stream : Stream
        A stream of noise.
    agreements : tuple of Agreement
        How far the two kinds of waveforms agree; empty if group 3 was left out.
    """

    networks: Mapping[str, Network]
    first_seed: int
    noise: Judged
    points: tuple[Point, ...]
    left_out: str
    departed: tuple[Departed, ...]
    stream: Stream
    agreements: tuple[Agreement, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the statistics: the networks, then the yardsticks."""
        return list(self.noise.statistics)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The false-alarm probabilities for which there is enough noise."""
        least = LEAST_ALARMS / len(self.noise)
        return tuple(each for each in PROBABILITIES if each >= least)

    @cached_property
    def thresholds(self) -> Mapping[tuple[str, float], float]:
        """The threshold of each statistic at each false-alarm probability."""
        result = {}
        for name, values in self.noise.statistics.items():
            run = NoiseRun.of(values, len(values))
            for probability in self.probabilities:
                result[name, probability] = run.threshold(probability)
        return result

    def alarms(self, judged: Judged, name: str, probability: float) -> Share:
        """Return the share of segments whose statistic exceeds its threshold."""
        above = judged.statistics[name] > self.thresholds[name, probability]
        return Share(int(above.sum()), len(above))

    def group(self, number: int) -> list[Point]:
        """Return the points of a group; none if it was left out."""
        return [point for point in self.points if point.group == number]

    def yardstick(self, judged: Judged, probability: float) -> str:
        """Return the name of the level-free yardstick with the most alarms."""
        return max(
            LEVEL_FREE,
            key=lambda name: self.alarms(judged, name, probability).n_hits,
        )

    def roc(
        self, judged: Judged, name: str
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return the FAP and the TAP of a statistic as its threshold falls."""
        score = np.concatenate([self.noise.statistics[name], judged.statistics[name]])
        has_signal = np.arange(len(score)) >= len(self.noise)
        return statistics.roc(score, has_signal)

    def as_dict(self) -> Mapping[str, Any]:
        """Return the main numbers as JSON types.

        Returns
        -------
        dict
            ``networks``: ``version`` and ``digest`` of each.  ``first_seed``,
            ``n_noise``.  ``thresholds``: for each statistic, by false-alarm
            probability.  ``points``: ``group``, ``at``, the ``median_snr`` of the
            signals, and their ``alarms``.  ``left_out``: see `Evaluation`.
            ``departed``: ``name``, ``false_alarms`` and ``alarms``.  ``stream``:
            ``years``, ``overlap`` and the number of ``triggers``.  All alarms are
            [hits, of], and they and the triggers stand by statistic and by
            false-alarm probability.  ``agreements``: the fields of `Agreement`.
        """
        return {
            "networks": {
                name: {"version": each.version, "digest": each.spec.digest}
                for name, each in self.networks.items()
            },
            "first_seed": self.first_seed,
            "n_noise": len(self.noise),
            "thresholds": self._by_name(
                lambda name, probability: self.thresholds[name, probability]
            ),
            "points": [
                {
                    "group": point.group,
                    "at": dict(point.at),
                    "median_snr": float(np.median(point.judged.ratios)),
                    "alarms": self._counts(point.judged),
                }
                for point in self.points
            ],
            "left_out": self.left_out,
            "departed": [
                {
                    "name": each.name,
                    "false_alarms": self._counts(each.noise),
                    "alarms": self._counts(each.signals),
                }
                for each in self.departed
            ],
            "stream": {
                "years": self.stream.years,
                "overlap": self.stream.overlap,
                "triggers": self._by_name(
                    lambda name, probability: (
                        self.stream.rate(name, self.thresholds[name, probability]).n
                    )
                ),
            },
            "agreements": [asdict(each) for each in self.agreements],
        }

    def _counts(self, judged: Judged) -> dict[str, dict[str, Any]]:
        def counts(name: str, probability: float) -> list[int]:
            found = self.alarms(judged, name, probability)
            return [found.n_hits, found.n]

        return self._by_name(counts)

    def _by_name(self, number: Callable[[str, float], Any]) -> dict[str, Any]:
        return {
            name: {f"{each:g}": number(name, each) for each in self.probabilities}
            for name in self.names
        }
