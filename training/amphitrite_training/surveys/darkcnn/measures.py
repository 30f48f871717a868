"""Measurements of the served network for clusters on simulated maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amphitrite.triton.spec import ModelSpec
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.biases import Bias
from amphitrite_training.surveys.darkcnn.blind import Blind
from amphitrite_training.surveys.darkcnn.cases import Case
from amphitrite_training.surveys.darkcnn.coverage import Coverage
from amphitrite_training.surveys.darkcnn.published import Published
from amphitrite_training.surveys.darkcnn.strangers import Strangers


@dataclass(frozen=True)
class Evaluation:
    """Measurements of the served network.

    Parameters
    ----------
    spec : ModelSpec
        The spec that the server reports.
    version : int
        Its version.
    first_id : int
        Test clusters have this id and later ones.
    accuracies : sequence of Accuracy
        The classes of the test clusters, by case.
    coverages : sequence of Coverage
        Samples of many true cross-sections, by case.
    blind : sequence of Blind
        Samples of one hidden cross-section, by case and size.
    biases : sequence of Bias
        What other populations do to an estimate.
    bias_case : Case
        How their clusters are seen.
    n_bias : int
        Clusters of each of those samples.
    strangers : sequence of Strangers
        Clusters unlike those of the training, by case.
    published : Published or None
        Published maps; None if they were not at hand.
    """

    spec: ModelSpec
    version: int
    first_id: int
    accuracies: Sequence[Accuracy]
    coverages: Sequence[Coverage]
    blind: Sequence[Blind]
    biases: Sequence[Bias]
    bias_case: Case
    n_bias: int
    strangers: Sequence[Strangers]
    published: Published | None

    def accuracy(self, case: Case) -> Accuracy:
        """Return the accuracy in a case.

        Raises
        ------
        KeyError
            It was not measured.
        """
        for each in self.accuracies:
            if each.case == case:
                return each
        raise KeyError(case.name)

    def as_dict(self) -> dict[str, Any]:
        """Return the main numbers as JSON types.

        Returns
        -------
        dict
            ``version``, ``digest``, ``first_id``; and ``accuracies``, ``coverages``,
            ``blind``, ``biases``, ``strangers`` and ``published`` as the ``as_dict`` of
            each gives them.
        """
        return {
            "version": self.version,
            "digest": self.spec.digest,
            "first_id": self.first_id,
            "accuracies": [each.as_dict() for each in self.accuracies],
            "coverages": [each.as_dict() for each in self.coverages],
            "blind": [each.as_dict() for each in self.blind],
            "biases": [each.as_dict() for each in self.biases],
            "strangers": [each.as_dict() for each in self.strangers],
            "published": self.published and self.published.as_dict(),
        }
