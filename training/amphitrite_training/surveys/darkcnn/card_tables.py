"""The tables of the card of the served network for clusters, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from amphitrite.surveys.darkcnn.interpret.profiles import EDGES_KPC
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS, LABELS
from amphitrite_training.evaluation.cards import (
    Interval,
    number,
    percent,
    properties,
    ranged,
    share,
    table,
)
from amphitrite_training.surveys.darkcnn import blind as hidden
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.blind import Blind
from amphitrite_training.surveys.darkcnn.coverage import SHARES, Coverage
from amphitrite_training.surveys.darkcnn.measures import Evaluation
from amphitrite_training.surveys.darkcnn.published import Published
from amphitrite_training.surveys.darkcnn.targets import targets as wanted
from amphitrite_training.surveys.darkcnn.variants import Trained, Variants

_NONE: Final = "none"


def network(found: Evaluation) -> str:
    """Return the table of the served network and its training."""
    training: Any = found.spec.learned["training"]
    return properties(
        {
            "version": str(found.version),
            "digest of `model.onnx`": f"`{found.spec.digest}`",
            "parameters": f"{training['trainable_parameters']:,}",
            "clusters seen in training": f"{training['samples_seen']:,}",
            "training": f"{training['seconds'] / 60:.0f} minutes on "
            f"{training['backend']}",
        }
    )


def accuracies(found: Evaluation) -> str:
    """Return the table of the accuracy beside that of the regression."""
    rows = [
        [
            each.case.name,
            number(each.network),
            number(each.regression_refitted),
            _NONE if each.regression is None else number(each.regression),
            number(each.gain),
        ]
        for each in found.accuracies
    ]
    heads = ("clusters", "network", "regression, fitted to such maps")
    more = ("regression as it is served", "network less fitted regression")
    return table((*heads, *more), rows)


def confusion(each: Accuracy) -> str:
    """Return the table of true and most probable classes."""
    rows = [
        [label, *(f"{n:,}" for n in counts)]
        for label, counts in zip(LABELS, each.confusion, strict=True)
    ]
    return table(("true", *(f"said to be {label}" for label in LABELS)), rows)


def calibration(found: Evaluation) -> str:
    """Return the table of the calibration errors."""
    rows = [
        [
            each.case.name,
            f"{each.calibration_error:.3f}",
            f"{each.least_error:.3f}",
            share(each.false_alarms),
        ]
        for each in found.accuracies
    ]
    heads = ("clusters", "calibration error", "by chance alone")
    return table((*heads, "said to be unlike simulated ones"), rows)


def coverage(found: Evaluation) -> str:
    """Return the table of the samples of many true cross-sections."""
    return table(
        (
            "clusters",
            *(f"{each:.0%} interval" for each in SHARES),
            "68 %, had all clusters counted",
            "mean error",
            "scatter of errors",
            "median half of the 68 % interval",
            "clusters that count",
        ),
        map(_covered, found.coverages),
    )


def _covered(each: Coverage) -> list[str]:
    errors, widths = each.errors, each.widths
    some = len(errors) > 0
    return [
        each.case.name,
        *(share(each.within(level)) for level in SHARES),
        share(each.within_everything),
        f"{errors.mean():+.3f}" if some else _NONE,
        f"{errors.std():.3f}" if some else _NONE,
        f"{np.median(widths):.3f}" if some else _NONE,
        percent(round(each.n_counted, 3)),
    ]


def blind(found: Evaluation) -> str:
    """Return the table of the samples of one hidden cross-section."""
    heads = ("clusters", "N", "counted", "calibrated, 68 % interval")
    more = ("between classes, logarithmic axis", "between classes, linear axis")
    return table(
        (*heads, "95 % interval", *more, "product of probabilities"),
        map(_hidden, found.blind),
    )


def _hidden(each: Blind) -> list[str]:
    sample = each.sample
    product, posterior = sample.judgement.product, sample.posterior
    known = posterior.is_known
    low, high = posterior.interval(0.95)
    return [
        each.case.name,
        f"{sample.n:,}",
        f"{sample.n_counted:,}",
        ranged(posterior.median, posterior.interval(0.68)) if known else _NONE,
        f"{low:.3f} to {high:.3f}" if known else _NONE,
        *(
            f"{one.value:.3f} +- {one.error:.3f}"
            for one in (
                each.interpolated[axis] for axis in (hidden.LOGARITHMIC, hidden.LINEAR)
            )
        ),
        ranged(product.mean, product.interval) if known else _NONE,
    ]


def biases(found: Evaluation) -> str:
    """Return the table of what other populations do to an estimate."""
    rows = [
        [
            each.name,
            _signed(each.measured),
            f"{each.stated:+.3f}" if np.isfinite(each.stated) else _NONE,
            percent(round(each.left_out, 3)),
        ]
        for each in found.biases
    ]
    heads = ("clusters are so", "estimate less that of the usual ones, cm2/g")
    return table((*heads, "stated correction, cm2/g", "left out"), rows)


def _signed(measured: Interval) -> str:
    value, low, high = (measured[key] for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return _NONE
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def strangers(found: Evaluation) -> str:
    """Return the table of clusters unlike those of the training."""
    names = dict.fromkeys(each.name for each in found.strangers)
    some = list(dict.fromkeys(each.case for each in found.strangers))
    by_place = {(each.name, each.case): each for each in found.strangers}
    rows = [
        [
            name,
            *(number(by_place[name, case].detected) for case in some),
            number(by_place[name, some[0]].accuracy),
        ]
        for name in names
    ]
    heads = (f"noticed: {case.name}" for case in some)
    return table(("clusters", *heads, f"accuracy: {some[0].name}"), rows)


def published(found: Published) -> str:
    """Return the table of what the network says of published maps."""
    rows = [
        [
            f"{place + 1}",
            LABELS[number_],
            *(f"{each:.2f}" for each in probabilities),
            f"{distance:.2f}",
            "yes" if far else "no",
        ]
        for place, (number_, probabilities, distance, far) in enumerate(
            zip(
                found.classes,
                found.clusters.probabilities,
                found.clusters.distance,
                found.is_far,
                strict=True,
            )
        )
    ]
    heads = ("map", "true", *(f"P({label})" for label in LABELS))
    last = f"distance (limit {found.limit:.2f})"
    return table((*heads, last, "unlike simulated ones"), rows)


def profiles(found: Evaluation) -> str:
    """Return the table of mean profiles over the maximum."""
    simulated = found.accuracy(cases.RELATIVE_ALONE)
    rows = []
    for place, label in enumerate(LABELS):
        value = f"{CROSS_SECTIONS[place]:g}"
        rows.append([f"{label} ({value}), simulated", *_rings(simulated, place)])
        if found.published is not None:
            rows.append(
                [f"{label} ({value}), published", *_rings(found.published, place)]
            )
    heads = (f"{low} to {high}" for low, high in pairwise(EDGES_KPC))
    return table(("ring in kpc", *heads), rows)


def _rings(of: Accuracy | Published, place: int) -> list[str]:
    return [f"{each:.2f}" for each in of.mean_profile(place)]


def variants(measured: Variants) -> str:
    """Return the table of the networks that were trained otherwise."""
    shown = list(dict.fromkeys(name for t in measured.trained for name in t.accuracies))
    rows = [_variant(each, shown) for each in measured.trained]
    heads = ("network", "recipe", "minutes", "clusters seen", "parameters")
    return table((*heads, *shown), rows)


def _variant(each: Trained, shown: Sequence[str]) -> list[str]:
    return [
        each.name,
        _settings(each.settings) or "the default",
        f"{each.minutes:.0f}",
        f"{each.samples_seen:,}",
        f"{each.parameters:,}",
        *(
            number(each.accuracies[name]) if name in each.accuracies else _NONE
            for name in shown
        ),
    ]


def _settings(settings: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}={value}`" for name, value in settings.items())


def targets(found: Evaluation) -> str:
    """Return the table of the targets."""
    rows = [
        [
            each.what,
            each.wanted,
            each.measured,
            "reached" if each.reached else "**not reached**",
        ]
        for each in wanted(found)
    ]
    return table(("quantity", "target", "measured", ""), rows)
