"""Write the model card of the served eclipsing-binary classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from amphitrite.surveys.calnet.page import REFERENCES
from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.evaluation.cards import (
    percent,
    properties,
    ranged,
    sections,
    wrapped,
)
from amphitrite_training.evaluation.statistics import area_under_curve
from amphitrite_training.surveys.calnet import card_tables as tables
from amphitrite_training.surveys.calnet.calibrate import THRESHOLDS, WANTED_PRECISION
from amphitrite_training.surveys.calnet.judged import (
    CLEAR_DEPTH,
    CLEAR_TMAG,
    JudgedStars,
)
from amphitrite_training.surveys.calnet.measures import (
    DEPTH_EDGES,
    EVEN,
    PERIOD_EDGES,
    PREVALENCE,
    TMAG_EDGES,
    Evaluation,
    Rates,
    by_kind,
    rates,
)
from amphitrite_training.surveys.calnet.simulate.stars import BINARIES

_TARGET: Final = 0.98
_CLEAR_THRESHOLD: Final = 0.9
_STILL: Final = ("quiet", "systematics", "trend")  # others that do not vary by nature


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    str
        The model, its training, the measurements with their methods, and their limits.
        It shows the pictures of `amphitrite_training.surveys.calnet.pictures`.
    """
    stars, at = found.stars, found.thresholds
    clear = stars.where(stars.is_clear)
    return sections(
        "# Model card: calnet\n\nWritten by `amphitrite evaluate calnet`; do not edit.",
        _model(found),
        "## How it was trained",
        _training(found.spec.learned),
        _data(found.spec.learned),
        _DEFINITION,
        "## What was measured",
        _sample(found),
        _few(stars, found.threshold),
        chosen(rates(stars, _CLEAR_THRESHOLD), rates(stars, found.threshold)),
        _harsh(stars, found.threshold),
        "Area under the ROC curve: "
        f"{area_under_curve(stars.p_eb, stars.is_binary):.4f}.",
        f"![ROC curves of simulated stars]({FOLDER}/roc.png)",
        "### All stars",
        tables.thresholds(stars, at),
        _clear(clear, at),
        _published(stars),
        _kinds(stars, at),
        _bins(stars, at),
        _reliability(stars),
        _periods(found),
        _MISTAKES,
        _NOT_MEASURED,
    )


def _model(found: Evaluation) -> str:
    return properties(
        {
            "version": str(found.version),
            "digest of `model.onnx`": f"`{found.spec.digest}`",
            "method": "; ".join(REFERENCES),
            "input": "one segment of a two-minute light curve: 4000 points and a "
            "periodogram",
            "output": "P(eclipsing binary) of the segment",
            "interpolation": found.spec.learned["interpolation"],
            "recommended threshold": f"{found.threshold:g}",
        }
    )


def _training(learned: Any) -> str:
    training, recipe = learned["training"], learned["recipe"]
    changed = ", ".join(
        f"{key} = {value}" for key, value in sorted(recipe.items()) if value != ""
    )
    return (
        f"{training['samples_seen']:,} samples in {training['seconds'] / 60:.0f} "
        f"minutes on {training['backend']}; "
        f"{training['trainable_parameters']:,} parameters. The recipe: {changed}."
    )


def _data(learned: Any) -> str:
    if learned["recipe"]["archive"]:
        return (
            "The training data are real light curves and CALNet's list of known "
            "binaries; stars that are not in it count as none, though some may be."
        )
    return wrapped(
        "**All training data are simulated**: light curves of one sector with the "
        "mission's photon noise, gaps, jitter, momentum dumps, ramps and stray light; "
        f"half of the stars are binaries ({', '.join(BINARIES)}), rendered as "
        "limb-darkened spheres or Roche surfaces with the periods and magnitudes of "
        "Prsa et al. 2022; the others are quiet, spotted, pulsating, flaring, "
        "ellipsoidal or transited by planets, or have bad systematics."
    )


_DEFINITION: Final = """\
An eclipsing binary is two stars of which one hides the other in part, however small
the dip. Transits of planets, however deep, and close binaries that do not eclipse
(ellipsoidal variables) are none. Segments of a binary in which no eclipse stands out
from the noise were not learned from."""


def _sample(found: Evaluation) -> str:
    """Return the paragraph on the stars and on how they are counted."""
    stars = found.stars
    n_binaries = int(stars.is_binary.sum())
    even, rare = map(percent, (EVEN, PREVALENCE))
    return f"""\
**All of these stars are simulated**, their light curves and pictures below too.
{len(stars):,} stars of one sector each, {n_binaries:,} of them eclipsing binaries with
an eclipse above the noise somewhere in the sector, of the seeds from
{found.first_seed:,} on, which training never used; written as files and put through the
client and the served model as a user does. The unit is the star. Intervals are 95 %
(Wilson). *Precision at a prevalence* is what the recall and the false-positive rate
mean where so many of all stars are eclipsing binaries and the others are mixed as here:
{even} as in the authors' test, {rare} as roughly among the mission's two-minute
targets. Its limits combine the far ends of both intervals."""


def _few(stars: JudgedStars, threshold: float) -> str:
    """Return the paragraph on the number of false positives."""
    found = rates(stars, threshold)
    counted = found.false_positives
    low, high = counted.interval
    return wrapped(
        f"The precision rests on few stars: at {threshold:g}, **{counted.n_hits:,} of "
        f"{counted.n:,} others** are taken for binaries "
        f"({100 * low:.2f} to {100 * high:.2f} %), and at a prevalence of "
        f"{percent(PREVALENCE)} that makes a precision of "
        f"{tables.precision(found)}."
    )


def chosen(other: Rates, recommended: Rates) -> str:
    """Return the paragraph on the recommended threshold, which rests on choices.

    Parameters
    ----------
    other : Rates
        At a threshold to compare with.
    recommended : Rates
        At the recommended threshold.
    """
    rare = percent(PREVALENCE)
    return wrapped(
        f"**The recommended threshold rests on choices**: of {len(THRESHOLDS)} that "
        f"are tried, from {THRESHOLDS[0]:g} to {THRESHOLDS[-1]:g} in steps that grow "
        "finer, it is the lowest whose precision on validation stars, at a prevalence "
        f"of {rare} and with one false positive more than was counted, "
        f"reaches {percent(WANTED_PRECISION)} (or the one where it is highest). "
        "Another precision, prevalence or step would give another one. At "
        f"{other.threshold:g} in its place the recall here is {tables.recall(other)} "
        f"and not {tables.recall(recommended)}, the precision at a prevalence of "
        f"{rare} {tables.precision(other)} and not {tables.precision(recommended)}."
    )


def _harsh(stars: JudgedStars, threshold: float) -> str:
    """Return the paragraph that compares the other stars with those of the sky."""
    others = stars.where(~stars.is_binary)
    if not len(others):
        return ""
    still = np.isin(others.kind, _STILL).mean()
    lyrae = (others.kind == "rr_lyrae").mean()
    mistaken = {
        kind: share
        for kind, share in by_kind(others, threshold).items()
        if share.n_hits
    }
    listed = ", ".join(
        f"{kind} {share.n_hits} of {share.n:,}"
        for kind, share in sorted(mistaken.items(), key=lambda item: -item[1].n_hits)
    )
    return wrapped(
        f"The others are far harder than the sky's: {100 * (1 - still):.0f} % of them "
        f"vary, pulsate, flare or are transited, and {100 * lyrae:.1f} % are RR Lyrae "
        "stars, of which Kepler had 52 among some 200,000 targets (arXiv:2203.08596); "
        f"those taken for binaries here are: {listed or 'none'}."
    )


def _clear(clear: JudgedStars, at: Sequence[float]) -> str:
    """Return the measurements of bright stars and deep eclipses."""
    return sections(
        f"### Clear cases: Tmag below {CLEAR_TMAG:g}, eclipses deeper than "
        f"{percent(CLEAR_DEPTH)}",
        tables.thresholds(clear, at),
        _target(clear),
        tables.kinds(clear.where(clear.is_binary), at),
    )


def _target(clear: JudgedStars) -> str:
    found = rates(clear, _CLEAR_THRESHOLD)
    rows = (
        ("recall", found.recall.value, found.recall.interval),
        (
            f"precision at a prevalence of {percent(EVEN)}",
            found.implied_precision(EVEN),
            found.implied_interval(EVEN),
        ),
    )
    results = "; ".join(
        f"{name} {ranged(value, limits)}, "
        f"{'reached' if value > _TARGET else 'not reached'}"
        for name, value, limits in rows
    )
    return wrapped(
        f"The target for clear cases is {_TARGET} at {_CLEAR_THRESHOLD:g}: {results}."
    )


def _published(stars: JudgedStars) -> str:
    """Return the authors' numbers beside these, with a warning."""
    return sections(
        "### Published",
        tables.published(stars),
        """\
**The published numbers are upper bounds, and no measure of the same thing:** the
authors' split is by segment, so that the same star is in training and test, and most of
the known binaries were trained on. Their stars are real; those above are simulated.""",
    )


def _kinds(stars: JudgedStars, at: Sequence[float]) -> str:
    return sections(
        "### By kind",
        "Share of the simulated stars that are taken for a binary, by threshold:",
        tables.kinds(stars, at),
        f"![Scores of simulated stars by kind]({FOLDER}/scores.png)",
    )


def _bins(stars: JudgedStars, at: Sequence[float]) -> str:
    """Return the rates in bins of magnitude, depth and period."""
    binaries, others = stars.where(stars.is_binary), stars.where(~stars.is_binary)
    tmag, depth = ("tmag", TMAG_EDGES, "Tmag"), ("depth", DEPTH_EDGES, "depth")
    period = ("period", PERIOD_EDGES, "period (d)")
    return sections(
        "### By magnitude",
        "Recall:",
        tables.bins(binaries, at, *tmag, tables.recall),
        "False positives:",
        tables.bins(others, at, *tmag, tables.false_positives),
        f"Precision at a prevalence of {percent(PREVALENCE)}:",
        tables.bins(stars, at, *tmag, tables.precision),
        "### By depth of the deepest eclipse",
        "Recall; other stars have no depth.",
        tables.bins(binaries, at, *depth, tables.recall),
        "### By period",
        "Recall; other stars have no period.",
        tables.bins(binaries, at, *period, tables.recall),
    )


def _reliability(stars: JudgedStars) -> str:
    return sections(
        "### Reliability",
        """\
The score of a star is the highest of its segments'. The shares are weighted as if half
of the stars were binaries; where fewer are, the same score means less.""",
        tables.reliability(stars),
        f"![Reliability of the scores of simulated stars]({FOLDER}/reliability.png)",
    )


def _periods(found: Evaluation) -> str:
    return sections(
        "### Periods",
        "Of the simulated binaries that have a period in the catalogue at "
        f"{found.threshold:g}.",
        tables.periods(found.stars),
    )


_MISTAKES: Final = f"""\
### The worst mistakes

Four others with the highest scores, and four clear binaries with the lowest ones,
whether or not they reach the threshold. All are simulated.

![Simulated light curves of misjudged stars]({FOLDER}/misjudged.png)"""

_NOT_MEASURED: Final = """\
## What was not measured

Precision on real stars: nobody knows all the eclipsing binaries among them, and what
TESS adds to a light curve is simulated here only as far as it is known. For single real
stars see the tests that read real data."""
