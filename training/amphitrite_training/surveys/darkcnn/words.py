"""The network beside the regression and beside the published accuracy, in words."""

from __future__ import annotations

from typing import Final

from amphitrite_training.evaluation.cards import number, wrapped
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.measures import Evaluation

SUSPICIOUS: Final = 0.90
"""An accuracy above which the simulation is too easy."""


def beside(found: Evaluation) -> str:
    """Return the sentences on where the network is better than the regression."""
    better = [each for each in found.accuracies if _is_better(each)]
    others = [each for each in found.accuracies if not _is_better(each)]
    parts = []
    if better:
        parts.append(
            "The network has learned more than the mean profile says "
            f"({_listed(better)}): its accuracy is above that of the regression fitted "
            "to such maps, and so is the interval of the difference."
        )
    if others:
        parts.append(
            "**It is not clearly above the regression fitted to such maps** here: "
            f"{_listed(others)}."
        )
    return wrapped(" ".join(parts))


def _is_better(each: Accuracy) -> bool:
    low = each.gain["low"]
    return low is not None and low > 0


def _listed(some: list[Accuracy]) -> str:
    return "; ".join(each.case.name for each in some)


def too_good(found: Evaluation) -> str:
    """Return what an accuracy above `SUSPICIOUS` means; nothing if there is none."""
    some = [
        each for each in found.accuracies if (each.network["value"] or 0.0) > SUSPICIOUS
    ]
    if not some:
        return ""
    cases = "; ".join(f"{each.case.name} {number(each.network)}" for each in some)
    return wrapped(
        f"**Above {SUSPICIOUS:.2f}** ({cases}) the simulation is easier than it should "
        "be: it lacks real merger histories, the coupling of galaxy and halo, "
        "correlated filaments, substructure of X-rays, core collapse and the faults of "
        "instruments, which blur what a cross-section does. Such an accuracy is one of "
        "the simulation, not of the network."
    )
