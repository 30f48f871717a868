"""Measure the served network for clusters on simulated ones it never saw.

Ids, noise and populations are the evaluation's own; no id is in two of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, MODEL
from amphitrite.triton.served import ServedModel, Server
from amphitrite_training.surveys import Progress
from amphitrite_training.surveys.darkcnn import blind, cases, coverage, strangers
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.biases import Bias
from amphitrite_training.surveys.darkcnn.blind import Blind
from amphitrite_training.surveys.darkcnn.coverage import Coverage
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.measures import Evaluation
from amphitrite_training.surveys.darkcnn.published import (
    Published,
    at_hand,
    judged_maps,
)
from amphitrite_training.surveys.darkcnn.serving import judged
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters
from amphitrite_training.surveys.darkcnn.strangers import VARIANTS, Strangers
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

_FULL: Final = 24  # hundreds of test ids
_LEAST: Final = 10
_BIAS_IDS: Final = TEST_IDS + 400_000
_STRANGER_IDS: Final = TEST_IDS + 500_000
_STRANGER_CASES: Final = (cases.CLEAR, cases.CLEAR_ALONE, cases.RELATIVE_ALONE)
_TEST, _COVERAGE, _BLIND, _BIASES, _STRANGERS = range(5)  # parts, by their noise


@dataclass(frozen=True)
class Sizes:
    """How many clusters are judged.

    Parameters
    ----------
    n_ids : int
        Test ids, each with the three classes.
    n_truths, n_each : int
        Samples of true cross-sections of their own, and clusters of each.
    n_blind : tuple of int
        Clusters of the samples of one hidden cross-section.
    n_bias : int
        Clusters of the sample of each population.
    n_strangers : int
        Ids of each variant, each with the three classes.
    """

    n_ids: int = 2_400
    n_truths: int = 200
    n_each: int = 100
    n_blind: tuple[int, ...] = (100, 1_000)
    n_bias: int = 600
    n_strangers: int = 200

    @classmethod
    def of(cls, n_fields: int) -> Sizes:
        """Return the sizes for so many hundreds of test ids.

        The others are in proportion to the defaults, and 10 at least; samples of 100
        clusters stay as large.
        """

        def scaled(default: int) -> int:
            return max(_LEAST, round(default * n_fields / _FULL))

        small, large = cls.n_blind
        return cls(
            n_ids=100 * n_fields,
            n_truths=scaled(cls.n_truths),
            n_blind=(small, max(small, scaled(large))),
            n_bias=scaled(cls.n_bias),
            n_strangers=scaled(cls.n_strangers),
        )


def evaluate(
    connection: Server,
    *,
    progress: Progress,
    n_fields: int = _FULL,
    sizes: Sizes | None = None,
    published: Path | None = None,
    covered: Sequence[cases.Case] = cases.COVERED,
) -> Evaluation:
    """Have simulated clusters judged by the served network, and the published maps.

    Parameters
    ----------
    connection : Server
        A server with the network.
    progress : Progress
        Shows how many clusters are done.
    n_fields : int, optional
        Hundreds of test ids, each with three clusters; all other numbers are in
        proportion, so that 1 is a quick look.
    sizes : Sizes, optional
        All numbers, in place of `n_fields`.
    published : Path, optional
        The file of published maps; by default where
        `amphitrite_training.surveys.darkcnn.published.at_hand` finds it.
    covered : sequence of Case, optional
        In which the coverage is measured.

    Returns
    -------
    Evaluation
        All measurements.

    Raises
    ------
    BadInput
        A file of the cache, or the published maps, are damaged.
    OutputError
        The cache folder cannot be written to.
    ServerError
        The server does not answer, or has not the network.
    """
    model = connection.model(MODEL)
    measuring = _Measuring(
        model, Learned.of(model.spec), sizes or Sizes.of(n_fields), progress
    )
    accuracies = measuring.accuracies()
    return Evaluation(
        spec=model.spec,
        version=model.version,
        first_id=TEST_IDS,
        accuracies=accuracies,
        coverages=measuring.coverages(covered),
        blind=measuring.blind(accuracies),
        biases=measuring.biases(),
        bias_case=cases.CLEAR,
        n_bias=measuring.sizes.n_bias,
        strangers=measuring.strangers(),
        published=measuring.published(published or at_hand()),
    )


@dataclass(frozen=True)
class _Measuring:
    """The measurements, each with its bar of progress."""

    model: ServedModel
    learned: Learned
    sizes: Sizes
    progress: Progress

    def accuracies(self) -> list[Accuracy]:
        """Judge the classes of the test clusters in all cases."""
        made = clusters(TEST_IDS, self.sizes.n_ids)
        with self.progress("classes", len(cases.CASES) * len(made)) as advance:
            return [
                Accuracy.of(
                    case,
                    judged(self.model, made, case, advance, part=_TEST),
                    self.learned,
                )
                for case in cases.CASES
            ]

    def coverages(self, covered: Sequence[cases.Case]) -> list[Coverage]:
        """Judge samples of many true cross-sections."""
        n_each = self.sizes.n_each
        n = self.sizes.n_truths * n_each
        with self.progress("samples", len(covered) * n) as advance:
            made = coverage.simulated(self.sizes.n_truths, n_each)
            return [
                Coverage.of(
                    case,
                    judged(self.model, made, case, advance, part=_COVERAGE),
                    n_each,
                    self.learned,
                )
                for case in covered
            ]

    def blind(self, accuracies: Sequence[Accuracy]) -> list[Blind]:
        """Judge samples of one hidden cross-section."""
        sizes = self.sizes.n_blind
        of_classes = {each.case: each.judged for each in accuracies}
        found = []
        with self.progress("blind samples", len(cases.BLIND) * sum(sizes)) as advance:
            made = clusters(blind.FIRST_ID, sum(sizes), (blind.TRUE,))
            for case in cases.BLIND:
                whole = judged(self.model, made, case, advance, part=_BLIND)
                found += [
                    Blind.of(case, part, of_classes[case], self.learned)
                    for part in blind.parts(whole, sizes)
                ]
        return found

    def biases(self) -> list[Bias]:
        """Judge samples of other populations, of the same ids."""
        n = self.sizes.n_bias
        with self.progress("populations", (1 + len(OTHERS)) * n) as advance:
            usual, *others = (
                judged(
                    self.model,
                    clusters(_BIAS_IDS, n, (blind.TRUE,), population=population),
                    cases.CLEAR,
                    advance,
                    part=_BIASES,
                )
                for population in (None, *OTHERS.values())
            )
        return [
            Bias.of(name, usual, other, self.learned)
            for name, other in zip(OTHERS, others, strict=True)
        ]

    def strangers(self) -> list[Strangers]:
        """Judge clusters unlike those of the training."""
        n = self.sizes.n_strangers
        total = len(_STRANGER_CASES) * len(strangers.VARIANTS) * n * len(CROSS_SECTIONS)
        found = []
        with self.progress("strangers", total) as advance:
            for name, variant in VARIANTS.items():
                made = variant.made(_STRANGER_IDS, n)
                for case in _STRANGER_CASES:
                    answers = judged(self.model, made, case, advance, part=_STRANGERS)
                    found.append(Strangers.of(name, case, answers, self.learned))
        return found

    def published(self, path: Path | None) -> Published | None:
        """Judge published maps, if they are at hand."""
        return None if path is None else judged_maps(self.model, path, self.learned)
