"""The table of the sample, beside the catalogue of its clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.files.columns import Column
from amphitrite.surveys.darkcnn.interpret.judgement import Judgement

CROSS_SECTION_UNIT: Final = "cm2 g-1"
CROSS_SECTION_UCD: Final = "phys.area;phys.mass;arith.ratio"
"""Unit and UCD of a cross-section per mass, for which there is no word of its own."""

COLUMNS: Final = (
    Column("quantity", "str", "", "meta.id;meta.main", "What the row says"),
    Column(
        "cross_section",  # "value" is what astropy calls a part of a quantity
        "float64",
        CROSS_SECTION_UNIT,
        CROSS_SECTION_UCD,
        "Cross-section per mass; of a systematic, how far it would move the calibrated "
        "one",
    ),
    *(
        Column(
            f"{side}{suffix}",
            "float64",
            CROSS_SECTION_UNIT,
            f"phys.area;{ucd}",
            f"{side.capitalize()} end of the interval{what}",
        )
        for suffix, what in (("", " of 68 %"), ("_95", " of 95 %"))
        for side, ucd in (("lower", "stat.min"), ("upper", "stat.max"))
    ),
    Column("n_clusters", "int32", "", "meta.number", "Clusters that count in it"),
    Column("note", "str", "", "meta.note", "How the row is meant"),
)


def columns(judgement: Judgement) -> dict[str, NDArray[Any]]:
    """Return the columns of the table of the sample.

    Parameters
    ----------
    judgement : Judgement
        The estimates.

    Returns
    -------
    dict of str to (n,) ndarray
        The calibrated estimate, the product of probabilities, and a row for each
        systematic.
    """
    posterior, product = judgement.posterior, judgement.product
    inner, outer = posterior.interval(0.68), posterior.interval(0.95)
    nothing = (math.nan, math.nan)
    rows = [
        ("calibrated", posterior.median, inner, outer, _left_out(judgement)),
        (
            *("product_of_probabilities", product.mean, product.interval, nothing),
            "overconfident: it comes to one of the three classes, whatever is true; "
            "value and standard deviation over the classes, for comparison alone",
        ),
        *(
            (
                *(f"systematic: {name}", shift, nothing, nothing),
                f"how far the calibrated value would move if clusters were so: {name}",
            )
            for name, shift in judgement.shifts.items()
        ),
    ]
    names, values, inners, outers, notes = zip(*rows, strict=True)
    return {
        "quantity": np.array(names, str),
        "cross_section": np.array(values, float),
        **dict(zip(("lower", "upper"), np.array(inners, float).T, strict=True)),
        **dict(zip(("lower_95", "upper_95"), np.array(outers, float).T, strict=True)),
        "n_clusters": np.full(len(rows), judgement.in_sample.sum()),
        "note": np.array(notes, str),
    }


def cards(judgement: Judgement) -> Mapping[str, str | int | float]:
    """Return the sample's estimate as cards; none of a cross-section without one."""
    found: dict[str, str | int | float] = {
        "NSAMPLE": int(judgement.in_sample.sum()),
        "NDOMAIN": int(judgement.out_of_domain.sum()),
        "NUNCALIB": int(judgement.uncalibrated.sum()),
    }
    posterior = judgement.posterior
    if posterior.is_known:
        found["SIGMA_M"] = round(posterior.median, 4)
        for share in (68, 95):
            ends = posterior.interval(share / 100)
            for side, end in zip(("LO", "HI"), ends, strict=True):
                found[f"SIG{side}{share}"] = round(end, 4)
        found["SIGUNIT"] = CROSS_SECTION_UNIT
    return found


def _left_out(judgement: Judgement) -> str:
    """Return how the calibrated estimate is meant."""
    n_far = int(judgement.out_of_domain.sum())
    n_unknown = int((judgement.uncalibrated & ~judgement.out_of_domain).sum())
    return (
        "median and intervals of highest density, prior flat from 0 to 1.5; errors are "
        f"statistical alone. Left out: {n_far} out of the domain, {n_unknown} "
        "uncalibrated"
    )
