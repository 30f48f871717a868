"""What the network should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from amphitrite_training.evaluation.cards import ranged, share
from amphitrite_training.surveys.darkcnn.coverage import SHARES
from amphitrite_training.surveys.darkcnn.measures import Evaluation

LARGEST_ERROR: Final = 0.03
"""Calibration error that is to be fallen below."""
COVERED: Final = (0.60, 0.75)
"""Limits of the share of 68 % intervals that hold the truth."""
LEAST_CLUSTERS: Final = 3_600
"""Test clusters without which the calibration error is mostly chance."""


@dataclass(frozen=True)
class Target:
    """A target, and what was measured.

    Parameters
    ----------
    what : str
        The quantity.
    wanted : str
        The value that it should have.
    measured : str
        The measurement.
    reached : bool
        Whether it reaches the target.
    """

    what: str
    wanted: str
    measured: str
    reached: bool


def targets(found: Evaluation) -> list[Target]:
    """Return the targets; the measured value decides, not its interval."""
    return [*_floor(found), *_calibration(found), *_coverage(found)]


def _floor(found: Evaluation) -> Iterator[Target]:
    """Yield that of the accuracy beside the regression, in each case."""
    for each in found.accuracies:
        value, low, high = (each.gain[key] or 0.0 for key in ("value", "low", "high"))
        yield Target(
            f"accuracy over that of the refitted regression: {each.case.name}",
            "above 0, and its interval, too",
            ranged(value, (low, high)),
            low > 0,
        )


def _calibration(found: Evaluation) -> Iterator[Target]:
    """Yield that of the calibration error, where there are enough clusters."""
    for each in found.accuracies:
        if len(each.judged) < LEAST_CLUSTERS:
            continue
        yield Target(
            f"calibration error: {each.case.name}",
            f"below {LARGEST_ERROR:g}",
            f"{each.calibration_error:.3f}",
            each.calibration_error < LARGEST_ERROR,
        )


def _coverage(found: Evaluation) -> Iterator[Target]:
    """Yield that of the intervals of samples."""
    low, high = COVERED
    for each in found.coverages:
        counted = each.within(SHARES[0])
        yield Target(
            f"coverage of the 68 % interval: {each.case.name}",
            f"{low:.2f} to {high:.2f}",
            share(counted),
            low <= counted.value <= high,
        )
