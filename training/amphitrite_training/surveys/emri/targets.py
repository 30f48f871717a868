"""What the default network should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from amphitrite.surveys.emri.page import MODEL
from amphitrite_training.evaluation.cards import percent
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.departures import LEVELS, TILTS
from amphitrite_training.surveys.emri.measures import (
    PROBABILITIES,
    Evaluation,
    Point,
)

_COMMON, _RARE = PROBABILITIES
_LOUD: Final = {_COMMON: 0.995, _RARE: 0.99}
_SINGLE: Final = {50.0: 0.95, 40.0: 0.88, 30.0: 0.58}
_FALSE: Final = (0.005, 0.02)
_TILTED: Final = 0.03
_AGREEMENT: Final = 0.03


@dataclass(frozen=True)
class Target:
    """A target, and what was measured.

    Parameters
    ----------
    what : str
        The quantity.
    wanted : str
        The value that it should have.
    measured : tuple of Share
        The measurements, all of which count.
    reached : bool
        Whether they reach the target.
    """

    what: str
    wanted: str
    measured: tuple[Share, ...]
    reached: bool


def targets(found: Evaluation) -> list[Target]:
    """Return the targets for whose false-alarm probability there is enough noise."""
    return [*_loud(found), *_single(found), *_misjudged(found), *_agreement(found)]


def _loud(found: Evaluation) -> Iterator[Target]:
    """Yield those of loud signals."""
    for probability in found.probabilities:
        for point in found.group(1):
            yield _least(found, point, probability, "of group 1", _LOUD[probability])


def _single(found: Evaluation) -> Iterator[Target]:
    """Yield those of single signal-to-noise ratios."""
    for point in found.group(4):
        ratio = point.at["snr"]
        if ratio in _SINGLE:
            yield _least(found, point, _COMMON, f"at SNR {ratio:g}", _SINGLE[ratio])


def _least(
    found: Evaluation, point: Point, probability: float, where: str, least: float
) -> Target:
    share = found.alarms(point.judged, MODEL.name, probability)
    what = f"TAP {where} at FAP {percent(probability)}"
    return Target(what, f"{least:g} or more", (share,), share.value >= least)


def _misjudged(found: Evaluation) -> Iterator[Target]:
    """Yield those of noise that is not what it is taken for."""
    low, high = _FALSE
    levels, tilts = (_false_alarms(found, names) for names in (LEVELS, TILTS))
    at = f"at a threshold for {percent(_COMMON)}"
    yield Target(
        f"FAP where the amplitude is wrong by up to 3 %, {at}",
        f"{low:g} to {high:g} each",
        levels,
        all(low <= share.value <= high for share in levels),
    )
    yield Target(
        f"FAP where the power is tilted by 5 %, {at}",
        f"below {_TILTED:g} each",
        tilts,
        all(share.value < _TILTED for share in tilts),
    )


def _false_alarms(found: Evaluation, names: Collection[str]) -> tuple[Share, ...]:
    return tuple(
        found.alarms(each.noise, MODEL.name, _COMMON)
        for each in found.departed
        if each.name in names
    )


def _agreement(found: Evaluation) -> Iterator[Target]:
    """Yield that of the two kinds of waveforms, if both were measured."""
    for plain, augmented in zip(found.group(1), found.group(3), strict=False):
        one, other = (
            found.alarms(point.judged, MODEL.name, _COMMON)
            for point in (plain, augmented)
        )
        yield Target(
            f"TAP of groups 1 and 3 at FAP {percent(_COMMON)}",
            f"{_AGREEMENT:g} apart at most",
            (one, other),
            round(abs(one.value - other.value), 9) <= _AGREEMENT,  # 1 - 0.97
        )
