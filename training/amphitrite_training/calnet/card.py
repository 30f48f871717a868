"""Write the model card of the served eclipsing-binary classifier."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from amphitrite.surveys import calnet as page
from amphitrite_training.calnet.measures import (
    DEPTH_EDGES,
    EVEN,
    PERIOD_EDGES,
    PREVALENCE,
    TMAG_EDGES,
    TWICE_SEEN_DAYS,
    Evaluation,
    Rates,
    area_under_curve,
    by_bin,
    by_kind,
    periods,
    rates,
    reliability,
)
from amphitrite_training.calnet.scored import CLEAR_DEPTH, CLEAR_TMAG, Scored
from amphitrite_training.calnet.simulate.stars import BINARIES
from amphitrite_training.diagrams import FOLDER
from amphitrite_training.scores import Share

# What the paper's authors publish: the confusion matrix of their test segments, of
# which those of one star can be in the training set too, and the share of 4,225 known
# binaries, most of them trained on, of which a segment in some sector scores 0.9.
_PUBLISHED_RECALL: Final = "0.986"
_PUBLISHED_FALSE: Final = "0.0089"
_PUBLISHED_STARS: Final = "0.991 (4,187 of 4,225)"
_TARGET: Final = 0.98
_CLEAR_THRESHOLD: Final = 0.9
_STILL: Final = ("quiet", "systematics", "trend")  # others that do not vary by nature


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        What was measured.

    Returns
    -------
    str
        What the model is, how it was trained, what was measured and how, and what was
        not.  It shows the pictures of `amphitrite_training.calnet.pictures`.
    """
    learned, stars = found.spec.learned, found.stars
    binaries, others = stars.where(stars.is_binary), stars.where(~stars.is_binary)
    n_binaries = len(binaries)
    clear = stars.where(stars.is_clear)
    return f"""# Model card: calnet

Written by `amphitrite evaluate calnet`; do not edit.

| | |
|---|---|
| version | {found.version} |
| digest | `{found.spec.digest}` |
| method | {"; ".join(page.REFERENCES)} |
| input | one segment of a two-minute light curve: 4000 points and a periodogram |
| output | P(eclipsing binary) of the segment |
| interpolation | {learned["interpolation"]} |
| recommended threshold | {found.threshold:g} |

## How it was trained

{_training(learned)}

{_data(learned)}

An eclipsing binary is two stars of which one hides the other in part, however small
the dip. Transits of planets, however deep, and close binaries that do not eclipse
(ellipsoidal variables) are none. Segments of a binary in which no eclipse stands out
from the noise were not learned from.

## What was measured

**All of these stars are simulated**, their light curves and pictures below too.
{len(stars):,} stars of one sector each, {n_binaries:,} of them eclipsing binaries with
an eclipse above the noise somewhere in the sector, of the seeds from
{found.first_seed:,} on, which training never used; written as files and put through the
client and the served model as a user does. The unit is the star. Intervals are 95 %
(Wilson). *Precision at a prevalence* is what the recall and the false-positive rate
mean where so many of all stars are eclipsing binaries and the others are mixed as here:
{_percent(EVEN)} as in the authors' test, {_percent(PREVALENCE)} as roughly among the
mission's two-minute targets. Its limits combine the far ends of both intervals.

{_few(stars, found.threshold)}

{_harsh(stars, found.threshold)}

Area under the ROC curve: {area_under_curve(stars):.4f}.

![ROC curves of simulated stars]({FOLDER}/roc.png)

### All stars

{_thresholds(stars, found.thresholds)}

### Clear cases: Tmag below {CLEAR_TMAG:g}, eclipses deeper than {_percent(CLEAR_DEPTH)}

{_thresholds(clear, found.thresholds)}

{_target(clear)}

{_kinds(clear.where(clear.is_binary), found.thresholds)}

### Published

{_published(stars)}

**The published numbers are upper bounds, and no measure of the same thing:** the
authors' split is by segment, so that the same star is in training and test, and most of
the known binaries were trained on. Their stars are real; those above are simulated.

### By kind

Share of the simulated stars that are taken for a binary, by threshold:

{_kinds(stars, found.thresholds)}

![Scores of simulated stars by kind]({FOLDER}/scores.png)

### By magnitude

Recall:

{_bins(binaries, found.thresholds, "tmag", TMAG_EDGES, "Tmag", _recall)}

False positives:

{_bins(others, found.thresholds, "tmag", TMAG_EDGES, "Tmag", _false)}

Precision at a prevalence of {_percent(PREVALENCE)}:

{_bins(stars, found.thresholds, "tmag", TMAG_EDGES, "Tmag", _implied)}

### By depth of the deepest eclipse

Recall; other stars have no depth.

{_bins(binaries, found.thresholds, "depth", DEPTH_EDGES, "depth", _recall)}

### By period

Recall; other stars have no period.

{_bins(binaries, found.thresholds, "period", PERIOD_EDGES, "period (d)", _recall)}

### Reliability

The score of a star is the highest of its segments'. The shares are weighted as if half
of the stars were binaries; where fewer are, the same score means less.

{_reliability(stars)}

![Reliability of the scores of simulated stars]({FOLDER}/reliability.png)

### Periods

Of the simulated binaries that have a period in the catalogue at {found.threshold:g}.

{_periods(stars)}

### The worst mistakes

Four others with the highest scores, and four clear binaries with the lowest ones,
whether or not they reach the threshold. All are simulated.

![Simulated light curves of misjudged stars]({FOLDER}/misjudged.png)

## What was not measured

Precision on real stars: nobody knows all the eclipsing binaries among them, and what
TESS adds to a light curve is simulated here only as far as it is known. For single real
stars see the tests that read real data.
"""


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
    return _wrapped(
        "**All training data are simulated**: light curves of one sector with the "
        "mission's photon noise, gaps, jitter, momentum dumps, ramps and stray light; "
        f"half of the stars are binaries ({', '.join(BINARIES)}), rendered as "
        "limb-darkened spheres or Roche surfaces with the periods and magnitudes of "
        "Prsa et al. 2022; the others are quiet, spotted, pulsating, flaring, "
        "ellipsoidal or transited by planets, or have bad systematics."
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 88)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _few(stars: Scored, threshold: float) -> str:
    """Say how many false positives all of it rests on."""
    found = rates(stars, threshold)
    counted = found.false_positives
    low, high = counted.interval
    return _wrapped(
        f"The precision rests on few stars: at {threshold:g}, **{counted.n_hits:,} of "
        f"{counted.n:,} others** are taken for binaries "
        f"({100 * low:.2f} to {100 * high:.2f} %), and at a prevalence of "
        f"{_percent(PREVALENCE)} that makes a precision of {_implied(found)}."
    )


def _harsh(stars: Scored, threshold: float) -> str:
    """Say how the mixture of other stars compares with the sky's."""
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
    return _wrapped(
        f"The others are far harder than the sky's: {100 * (1 - still):.0f} % of them "
        f"vary, pulsate, flare or are transited, and {100 * lyrae:.1f} % are RR Lyrae "
        "stars, of which Kepler had 52 among some 200,000 targets (arXiv:2203.08596); "
        f"those taken for binaries here are: {listed or 'none'}."
    )


def _target(clear: Scored) -> str:
    found = rates(clear, _CLEAR_THRESHOLD)
    rows = (
        ("recall", found.recall.value, found.recall.interval),
        (
            f"precision at a prevalence of {_percent(EVEN)}",
            found.implied_precision(EVEN),
            found.implied_interval(EVEN),
        ),
    )
    told = "; ".join(
        f"{name} {value:.3f} ({low:.3f} to {high:.3f}), "
        f"{'reached' if value > _TARGET else 'not reached'}"
        for name, value, (low, high) in rows
    )
    return _wrapped(
        f"The target for clear cases is {_TARGET} at {_CLEAR_THRESHOLD:g}: {told}."
    )


def _thresholds(stars: Scored, thresholds: Sequence[float]) -> str:
    head = (
        *("threshold", "recall", "false positives"),
        *(f"precision at {_percent(share)}" for share in (EVEN, PREVALENCE)),
    )
    rows = []
    for threshold in thresholds:
        found = rates(stars, threshold)
        precisions = (_implied(found, share) for share in (EVEN, PREVALENCE))
        rows.append([f"{threshold:g}", _recall(found), _false(found), *precisions])
    return _table(head, rows)


def _published(stars: Scored) -> str:
    even, sure = rates(stars, 0.5), rates(stars, 0.9)
    rows = (
        ("binaries taken for binaries, at 0.5", _PUBLISHED_RECALL, _recall(even)),
        ("others taken for binaries, at 0.5", _PUBLISHED_FALSE, _false(even)),
        ("known binaries with a score of 0.9", _PUBLISHED_STARS, _recall(sure)),
    )
    head = ("", "published: real stars, the first two by segment", "here: simulated")
    return _table(head, rows)


def _kinds(stars: Scored, thresholds: Sequence[float]) -> str:
    columns = [by_kind(stars, each) for each in thresholds]
    rows = [
        [
            kind,
            "binary" if kind in BINARIES else "other",
            *(_share(column[kind]) for column in columns),
        ]
        for kind in columns[0]
    ]
    return _table(("kind", "is", *_names(thresholds)), rows)


def _bins(
    stars: Scored,
    thresholds: Sequence[float],
    quantity: str,
    edges: Sequence[float],
    name: str,
    shown: Callable[[Rates], str],
) -> str:
    columns = [by_bin(stars, each, quantity, edges) for each in thresholds]
    rows = [
        [f"{low:g} to {high:g}", *(shown(column[row][2]) for column in columns)]
        for row, (low, high, _) in enumerate(columns[0])
    ]
    return _table((name, *_names(thresholds)), rows)


def _names(thresholds: Sequence[float]) -> list[str]:
    return [f"at {each:g}" for each in thresholds]


def _reliability(stars: Scored) -> str:
    rows = []
    for each in reliability(stars):
        low, high = each.interval
        known = not math.isnan(each.mean)
        rows.append(
            [
                f"{each.low:g} to {each.high:g}",
                f"{each.mean:.3f}" if known else "",
                f"{each.value:.3f} ({low:.3f} to {high:.3f})" if known else "none",
                f"{each.counted.n_hits:,} of {each.counted.n:,}",
            ]
        )
    head = ("score", "mean score", "share of binaries", "binaries here, unweighted")
    return _table(head, rows)


def _periods(stars: Scored) -> str:
    short = periods(stars, longest=TWICE_SEEN_DAYS)
    rows = [
        [kind, _share(exact), _share(related), _share(short[kind][0])]
        for kind, (exact, related) in periods(stars).items()
    ]
    head = (
        *("kind", "within 1 %", "within 1 % of it, its half or double"),
        f"within 1 %, of periods below {TWICE_SEEN_DAYS:g} d",
    )
    return _table(head, rows)


def _recall(found: Rates) -> str:
    return _share(found.recall)


def _false(found: Rates) -> str:
    return _share(found.false_positives, digits=4)


def _share(share: Share, *, digits: int = 3) -> str:
    if not share.n:
        return "none"
    value, low, high = (f"{x:.{digits}f}" for x in (share.value, *share.interval))
    return f"{value} ({low} to {high}; {share.n_hits:,} of {share.n:,})"


def _implied(found: Rates, prevalence: float = PREVALENCE) -> str:
    value = found.implied_precision(prevalence)
    if math.isnan(value) or not found.false_positives.n:
        return "none"
    low, high = found.implied_interval(prevalence)
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
