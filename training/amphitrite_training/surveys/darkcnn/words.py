"""The network beside the regression and what is published, in words."""

from __future__ import annotations

from typing import Final

from amphitrite.surveys.darkcnn.interpret.profiles import EDGES_KPC
from amphitrite_training.evaluation.cards import number, wrapped
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.measures import Evaluation

SUSPICIOUS: Final = 0.90
"""An accuracy above which the simulation is too easy."""
_RING: Final = 3  # 60 to 80 kpc


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


def separation(found: Evaluation) -> str:
    """Return how far the classes are apart, simulated and published.

    Nothing without published maps.
    """
    if found.published is None:
        return ""
    low, high = EDGES_KPC[_RING : _RING + 2]
    both = []
    for of in (found.accuracy(cases.RELATIVE_ALONE), found.published):
        none, *others = (of.mean_profile(number)[_RING] for number in range(3))
        both.append([other / none for other in others])
    (ours, ours_large), (theirs, theirs_large) = both
    n = len(found.published.true) // 3
    verdict = (
        "The simulated classes are then less apart than the published ones, and harder "
        "to tell"
        if ours < theirs
        else "The simulated classes are then no less apart than the published ones"
    )
    return wrapped(
        f"From {low} to {high} kpc, over the mean without a cross-section: simulated "
        f"{ours:.2f} at 0.1 and {ours_large:.2f} at 1 cm2/g, published {theirs:.2f} "
        f"and {theirs_large:.2f}, of {n} maps each. {verdict}."
    )
