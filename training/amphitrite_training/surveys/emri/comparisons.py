"""The default network beside the yardsticks, in words."""

from __future__ import annotations

from typing import Final

from amphitrite.surveys.emri.page import MODEL
from amphitrite_training.evaluation.cards import percent, share, wrapped
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.measures import Evaluation, Point

_SINGLE: Final = (30.0, 40.0, 50.0)


def beside(found: Evaluation) -> str:
    """Return a list: the network beside the best yardstick without a level.

    It has an item for each false-alarm probability and each of three signal-to-noise
    ratios.
    """
    return "\n".join(
        _item(found, point, probability)
        for probability in found.probabilities
        for point in found.group(4)
        if point.at["snr"] in _SINGLE
    )


def _item(found: Evaluation, point: Point, probability: float) -> str:
    name = found.yardstick(point.judged, probability)
    own, other = (
        found.alarms(point.judged, each, probability) for each in (MODEL.name, name)
    )
    where = f"SNR {point.at['snr']:g}, FAP {percent(probability)}"
    return (
        f"- {where}: `{MODEL.name}` {share(own)}, `{name}` {share(other)}: "
        f"{_verdict(own, other)}."
    )


def _verdict(own: Share, other: Share) -> str:
    if own.value == other.value:
        return "they find as many"
    better = "the network" if own.value > other.value else "the yardstick"
    sure = "are apart" if apart(own, other) else "overlap"
    return f"{better} finds more, and the intervals {sure}"


def apart(one: Share, other: Share) -> bool:
    """Return whether the 95 % intervals of two shares have nothing in common."""
    (low, high), (other_low, other_high) = one.interval, other.interval
    return high < other_low or other_high < low


def better_yardsticks(found: Evaluation) -> str:
    """Return the sentence on where a yardstick finds more single signals."""
    cases = []
    for probability in found.probabilities:
        for point in found.group(4):
            own = found.alarms(point.judged, MODEL.name, probability)
            for name in found.names:
                if name in found.networks:
                    continue
                other = found.alarms(point.judged, name, probability)
                if other.value > own.value:
                    sure = "" if apart(own, other) else "; the intervals overlap"
                    cases.append(
                        f"`{name}` at SNR {point.at['snr']:g} and FAP "
                        f"{percent(probability)} ({other.n_hits:,} and not "
                        f"{own.n_hits:,} of {own.n:,}{sure})"
                    )
    if not cases:
        return wrapped(
            "At no signal-to-noise ratio that was measured does a yardstick find more "
            "signals than the network."
        )
    return wrapped(
        f"A yardstick finds more signals than the network here: {'; '.join(cases)}."
    )
