"""The tables of the card of the networks for inspirals, in Markdown."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from amphitrite_training.evaluation.cards import percent, ranged, share, table
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.measures import (
    PROBABILITIES,
    Evaluation,
    Network,
    Point,
    Rate,
)
from amphitrite_training.surveys.emri.simulate.augmented_agreement import DAYS
from amphitrite_training.surveys.emri.targets import targets as wanted

_COMMON: Final = PROBABILITIES[0]


def networks(found: Evaluation) -> str:
    """Return the table of the served networks and their training."""
    columns = [_facts(network) for network in found.networks.values()]
    rows = [[what, *(facts[what] for facts in columns)] for what in columns[0]]
    return table(("", *found.networks), rows)


def _facts(network: Network) -> dict[str, str]:
    training: Any = network.spec.learned["training"]
    return {
        "version": str(network.version),
        "digest of `model.onnx`": f"`{network.spec.digest}`",
        "parameters": f"{training['trainable_parameters']:,}",
        "segments seen in training": f"{training['samples_seen']:,}",
        "training": f"{training['seconds'] / 60:.0f} minutes on {training['backend']}",
    }


def thresholds(found: Evaluation) -> str:
    """Return the table of the thresholds."""
    rows = [
        [
            f"`{name}`",
            *(f"{found.thresholds[name, each]:.6g}" for each in found.probabilities),
        ]
        for name in found.names
    ]
    heads = (f"at FAP {percent(each)}" for each in found.probabilities)
    return table(("statistic", *heads), rows)


def groups(found: Evaluation) -> str:
    """Return the table of the TAP of groups 1 to 3."""
    points = [point for number in (1, 2, 3) for point in found.group(number)]
    columns = [
        (point, probability) for probability in found.probabilities for point in points
    ]
    rows = [
        [
            f"`{name}`",
            *(alarms(found, point.judged, name, each) for point, each in columns),
        ]
        for name in found.names
    ]
    heads = (f"group {point.group}, FAP {percent(each)}" for point, each in columns)
    return table(("statistic", *heads), rows)


def agreements(found: Evaluation) -> str:
    """Return the table of the agreement of the two kinds of waveforms."""
    days = [f"{day:g}" for day in DAYS]
    rows = [
        [
            *(f"{each.case.mass:.0e}", f"{each.case.spin:.1g}"),
            f"{each.case.semi_latus:g}",
            f"{each.same_orbit:.5f}",
            *(f"{each.overlap[day]:.3f}" for day in DAYS),
            *(f"{round(each.cycles[day], 2) + 0.0:+.2f}" for day in DAYS),  # no -0.00
            f"{each.radial:+.2e}",
        ]
        for each in found.agreements
    ]
    heads = (
        *("M", "spin", "p / M at the start", "overlap, same orbit"),
        *(f"overlap, last {day} d" for day in days),
        *(f"cycles apart, {day} d before the end" for day in days),
        "radial frequency, relative difference",
    )
    return table(heads, rows)


def ratios(found: Evaluation, probability: float) -> str:
    """Return the table of the TAP of each signal-to-noise ratio."""
    rows = [
        [f"{point.at['snr']:g}", *_row(found, point.judged, probability)]
        for point in found.group(4)
    ]
    return table(("SNR", *_names(found)), rows)


def seen(found: Evaluation, group: int) -> str:
    """Return the table of the TAP of sources at their own distance, at FAP 1 %."""
    rows = [
        [*_place(point), *_row(found, point.judged, _COMMON)]
        for point in found.group(group)
    ]
    return table(("log10 M", "spin", "z", "median SNR", *_names(found)), rows)


def _place(point: Point) -> list[str]:
    return [
        *(f"{point.at[name]:g}" for name in ("log_mass", "spin", "redshift")),
        f"{np.median(point.judged.ratios):.1f}",
    ]


def false_alarms(found: Evaluation, probability: float) -> str:
    """Return the table of the FAP in misjudged noise, at thresholds for right noise."""
    rows = [
        [each.name, *_row(found, each.noise, probability, digits=4)]
        for each in found.departed
    ]
    return table(("noise", *_names(found)), rows)


def true_alarms(found: Evaluation) -> str:
    """Return the table of the TAP of signals in misjudged noise, at FAP 1 %."""
    rows = [[each.name, *_row(found, each.signals, _COMMON)] for each in found.departed]
    return table(("noise", *_names(found)), rows)


def rates(found: Evaluation) -> str:
    """Return the table of the false triggers of a stream per year."""
    rows = [
        [
            f"`{name}`",
            *(
                _rate(found.stream.rate(name, found.thresholds[name, each]))
                for each in found.probabilities
            ),
        ]
        for name in found.names
    ]
    heads = (f"threshold for FAP {percent(each)}" for each in found.probabilities)
    return table(("statistic", *heads), rows)


def _rate(rate: Rate) -> str:
    of = f"{rate.n:,} in {rate.years:.0f} years"
    return ranged(rate.value, rate.interval, digits=4, of=of)


def targets(found: Evaluation) -> str:
    """Return the table of the targets of the default network."""
    rows = [
        [
            each.what,
            each.wanted,
            "; ".join(share(one, digits=4) for one in each.measured),
            "reached" if each.reached else "**not reached**",
        ]
        for each in wanted(found)
    ]
    return table(("quantity", "target", "measured", ""), rows)


def alarms(
    found: Evaluation, judged: Judged, name: str, probability: float, digits: int = 3
) -> str:
    """Return the share of alarms with its interval and counts, as text."""
    counted: Share = found.alarms(judged, name, probability)
    return share(counted, digits=digits)


def _row(
    found: Evaluation, judged: Judged, probability: float, digits: int = 3
) -> list[str]:
    return [alarms(found, judged, name, probability, digits) for name in found.names]


def _names(found: Evaluation) -> list[str]:
    return [f"`{name}`" for name in found.names]
