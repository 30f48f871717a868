"""Write the model card of the served eclipsing-binary classifier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from amphitrite.surveys import calnet as page
from amphitrite_training.calnet.measures import (
    CLEAR_DEPTH,
    CLEAR_TMAG,
    DEPTH_EDGES,
    PERIOD_EDGES,
    PREVALENCE,
    TMAG_EDGES,
    Evaluation,
    Rates,
    Scored,
    area_under_curve,
    by_bin,
    by_kind,
    periods,
    rates,
    reliability,
    roc,
)
from amphitrite_training.calnet.simulate.stars import BINARIES
from amphitrite_training.scores import Share

# What the paper's authors publish: the confusion matrix of their test segments, of
# which those of one star can be in the training set too, and the share of 4,225 known
# binaries, most of them trained on, of which a segment in some sector scores 0.9.
_PUBLISHED_RECALL: Final = 0.986
_PUBLISHED_STARS: Final = "4,187 of 4,225 = 0.991"


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
        not.
    """
    learned, stars = found.spec.learned, found.stars
    n_binaries = int(stars.is_binary.sum())
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

**All of these stars are simulated.** {len(stars):,} stars of one sector each,
{n_binaries:,} of them eclipsing binaries with an eclipse above the noise somewhere in
the sector, of the seeds from {found.first_seed:,} on, which training never used;
written as files and put through the client and the served model as a user does. The
unit is the star. Intervals are 95 % (Wilson). *Implied precision* is what the recall
and the false-positive rate mean among stars of which {_percent(PREVALENCE)} are
eclipsing binaries, if the other stars are mixed as here; its limits combine those of
both.

Area under the ROC curve: {area_under_curve(stars):.4f}.

### All stars

{_thresholds(stars, found.thresholds)}

### Clear cases: Tmag below {CLEAR_TMAG:g}, eclipses deeper than {_percent(CLEAR_DEPTH)}

{_thresholds(stars.where(stars.is_clear), found.thresholds)}

### Published

The authors' test has a recall of {_PUBLISHED_RECALL}, and {_PUBLISHED_STARS} of the
known binaries have a segment with a score of 0.9 or more. **These are upper bounds, and
no measure of the same thing:** their split is by segment, so that the same star is in
training and test, and most of the known binaries were trained on. Their stars are real;
those above are simulated.

### By kind, at {found.threshold:g}

{_kinds(stars, found.threshold)}

### By magnitude, at {found.threshold:g}

{_bins(stars, found.threshold, "tmag", TMAG_EDGES, "Tmag")}

### By depth of the deepest eclipse, at {found.threshold:g}

{_recalls(stars, found.threshold, "depth", DEPTH_EDGES, "depth")}

### By period (days), at {found.threshold:g}

{_recalls(stars, found.threshold, "period", PERIOD_EDGES, "period")}

### ROC

{_roc(stars)}

### Reliability

Half of these stars are binaries; where fewer are, the same score means less.

{_reliability(stars)}

### Periods

Of the binaries that have a period in the catalogue.

{_periods(stars)}

## What was not measured

Precision on real stars: nobody knows all the eclipsing binaries among them, and what
TESS adds to a light curve is simulated here only as far as it is known. For single real
stars see the tests that read real data.
"""


def _training(learned: Any) -> str:
    training, recipe = learned["training"], learned["recipe"]
    changed = ", ".join(f"{key} = {value}" for key, value in sorted(recipe.items()))
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
    return (
        "**All training data are simulated**: light curves of one sector with the "
        "mission's photon noise, gaps, jitter, momentum dumps, ramps and stray light; "
        f"half of the stars are binaries ({', '.join(BINARIES)}), rendered as "
        "limb-darkened spheres or Roche surfaces with the periods and magnitudes of "
        "Prsa et al. 2022; the others are quiet, spotted, pulsating, flaring, "
        "ellipsoidal or transited by planets, or have bad systematics."
    )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _thresholds(stars: Scored, thresholds: Sequence[float]) -> str:
    head = ("threshold", "recall", "false positives", "precision", "implied precision")
    return _table(head, [_row(rates(stars, each)) for each in thresholds])


def _row(found: Rates) -> list[str]:
    return [
        f"{found.threshold:g}",
        _share(found.recall),
        _share(found.false_positives),
        _share(found.precision),
        _implied(found),
    ]


def _kinds(stars: Scored, threshold: float) -> str:
    rows = [
        [kind, "binary" if kind in BINARIES else "other", _share(share)]
        for kind, share in by_kind(stars, threshold).items()
    ]
    return _table(("kind", "is", "taken for a binary"), rows)


def _bins(
    stars: Scored, threshold: float, quantity: str, edges: Sequence[float], name: str
) -> str:
    rows = [
        [
            f"{low:g} to {high:g}",
            _share(found.recall),
            _share(found.false_positives),
            _implied(found),
        ]
        for low, high, found in by_bin(stars, threshold, quantity, edges)
    ]
    return _table((name, "recall", "false positives", "implied precision"), rows)


def _recalls(
    stars: Scored, threshold: float, quantity: str, edges: Sequence[float], name: str
) -> str:
    """Other stars have neither a period nor a depth."""
    binaries = stars.where(stars.is_binary)
    rows = [
        [f"{low:g} to {high:g}", _share(found.recall)]
        for low, high, found in by_bin(binaries, threshold, quantity, edges)
    ]
    return _table((name, "recall"), rows)


def _roc(stars: Scored) -> str:
    rows = [[f"{t:g}", f"{false:.4f}", f"{hit:.4f}"] for t, false, hit in roc(stars)]
    return _table(("threshold", "false-positive rate", "recall"), rows)


def _reliability(stars: Scored) -> str:
    rows = [
        [f"{low:g} to {high:g}", "" if math.isnan(mean) else f"{mean:.3f}", _share(n)]
        for low, high, mean, n in reliability(stars)
    ]
    return _table(("score", "mean score", "share of binaries"), rows)


def _periods(stars: Scored) -> str:
    rows = [
        [kind, _share(exact), _share(related)]
        for kind, (exact, related) in periods(stars).items()
    ]
    return _table(("kind", "within 1 %", "within 1 % of it, its half or double"), rows)


def _share(share: Share) -> str:
    if not share.n:
        return "none"
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f} to {high:.3f}; {share.n_hits} of {share.n})"


def _implied(found: Rates) -> str:
    value = found.implied_precision()
    if math.isnan(value) or not found.false_positives.n:
        return "none"
    low, high = found.implied_interval()
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
