"""Write the model card of the served Morpheus model."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from amphitrite.surveys.morpheus.page import (
    BANDS,
    FILTERS,
    LABELS,
    MARGIN,
    MORPHOLOGIES,
    REFERENCES,
    WINDOW,
)
from amphitrite_training.evaluation.cards import lines, properties, ranged, sections
from amphitrite_training.evaluation.matching import Share
from amphitrite_training.surveys.morpheus.measures import (
    CLASS_LIMIT,
    MAGNITUDES,
    MATCH_PIXELS,
    SIDE,
    STRIDE,
    Evaluation,
)


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    str
        The model, the source of its weights, the measurements with their methods, and
        their limits.
    """
    return sections(
        "# Model card: morpheus\n\n"
        "Written by `amphitrite evaluate morpheus`; do not edit.",
        _model(found),
        "## What was measured",
        _fields(found),
        _completeness(found),
        _classes(found),
        _LIMITS,
    )


def _model(found: Evaluation) -> str:
    parity = found.spec.learned["parity"]
    differences = ", ".join(
        f"{name} {value:.1e}" for name, value in parity["max_abs_difference"].items()
    )
    return properties(
        {
            "version": str(found.version),
            "digest of `model.onnx`": f"`{found.spec.digest}`",
            "weights": "the authors' own, PyPI package morpheus-astro 0.5.1 (MIT); see "
            "NOTICE",
            "method": "; ".join(REFERENCES[:1]),
            "input": f"{WINDOW} x {WINDOW} pixels in {', '.join(FILTERS)} "
            f"({', '.join(BANDS)})",
            "output": f"{', '.join(LABELS)}, for every pixel",
            "Keras against ONNX Runtime": "largest difference on "
            f"{parity['samples']} simulated windows: {differences}",
        }
    )


def _fields(found: Evaluation) -> str:
    """Return the paragraphs on the fields and on how sources are counted."""
    return f"""\
**The fields are simulated.** The weights were trained by their authors on real CANDELS
images, so no field here was seen in training; but the simulation is not the sky, and
the numbers tell how the weights transfer to it, not how they perform on real images.
For that read the publication: its numbers are of real images with inspectors' votes and
cannot stand beside these. The simulated sources are kept further apart than the sky
keeps them, and their brightness, spacing and sizes were settled while the network's
answers on other seeds were in sight: completeness and purity are flattered by both.

The served model was driven through the client, from FITS files to catalogue, on
{len(found.seeds)} fields of {SIDE} x {SIDE} pixels (seeds {found.seeds[0]} to \
{found.seeds[-1]}) at stride {STRIDE}. A
catalogue row belongs to a simulated source if it lies within {MATCH_PIXELS:g} pixels; \
pairs are one to
one, the brightest source chooses first. Intervals are Wilson's, of 95 %."""


def _completeness(found: Evaluation) -> str:
    rows = lines(
        (f"{low:g} to {high:g}", f"{share.n_hits} of {share.n}", _share(share))
        for (low, high), share in zip(
            pairwise(MAGNITUDES), found.completeness, strict=True
        )
    )
    return f"""\
### Completeness

| H magnitude (AB) | found | share |
|---|---|---|
{rows}

Of {found.purity.n} catalogue rows {found.purity.n_hits} belong to a simulated source:
{_share(found.purity)}."""


def _classes(found: Evaluation) -> str:
    rows = lines(
        (label, *map(str, row), _share(Share(int(row[i]), int(row.sum()))))
        for i, (label, row) in enumerate(zip(MORPHOLOGIES, found.classes, strict=True))
    )
    return f"""\
### Morphology

Found sources brighter than H = {CLASS_LIMIT:g}; rows are what was simulated, columns \
what the
catalogue says.

| | {" | ".join(MORPHOLOGIES)} | right |
|---|{"---|" * (len(MORPHOLOGIES) + 1)}
{rows}"""


_LIMITS: Final = f"""\
## Limits

* Pixels of 0.06 arcsec and the four filters above, as in CANDELS. Other scales, filters
  or depths are outside what the weights have seen.
* The outer {MARGIN} pixels of an image are not classified.
* The calibration of the probabilities was not measured."""


def _share(share: Share) -> str:
    if not share.n:
        return "none simulated"
    return ranged(share.value, share.interval, digits=2)
