"""A forecast in words."""

from __future__ import annotations

from amphitrite.surveys.darkcnn.page import WARNING, XRAY
from amphitrite_training.surveys.darkcnn.forecast import Forecast

_UNIT = "cm2/g"


def text(found: Forecast) -> str:
    """Return a forecast as lines of text, the warning first."""
    asked = found.asked
    noise = f"{asked.n_gal:g} galaxies/arcmin2" if asked.n_gal else "no noise"
    if XRAY in asked.channels:
        noise += f", {asked.ks:g} ks" if asked.ks else ", X-rays without noise"
    return "\n".join(
        (
            WARNING,
            f"Forecast for {asked.n:,} clusters of {asked.sigma:g} {_UNIT}, "
            f"{'+'.join(asked.channels)}, {noise}, with {found.model}:",
            *_numbers(found),
            *_detection(found),
            *_systematics(found),
            f"The {asked.mocks:,} samples are drawn with replacement from "
            f"{found.n_pool:,} simulated clusters, and their calibrations from "
            f"{found.n_known:,} of random cross-sections: the same clusters come again "
            "and again, which the error of the bias counts.",
        )
    )


def _numbers(found: Forecast) -> list[str]:
    """Return the lines of the estimate."""
    asked = found.asked
    coverage = (
        f"{found.coverage:.2f} +- {found.coverage_error:.2f} of the intervals of 68% "
        "hold what the samples come to on average"
    )
    lines = [
        f"half-width of the 68% interval: {found.half_width:.4f} {_UNIT}",
        f"  of it by their number alone: {found.statistical:.4f}, the rest by the "
        "clusters of the calibration",
        f"bias of the median:             {found.bias:+.4f} +- {found.bias_error:.4f}",
        f"scatter of the median:          {found.scatter:.4f}",
        f"coverage:                       {coverage}",
        f"product of probabilities:       biased by {found.product_bias:+.4f}",
        f"left out as out of the domain:  {found.left_out:.1%}",
    ]
    if not asked.sigma:
        lines.insert(0, f"upper limit at 95%: {found.upper_95:.4f} {_UNIT}")
    return [f"  {line}" for line in lines]


def _detection(found: Forecast) -> list[str]:
    """Return how many clusters are needed."""
    table = ", ".join(f"{width:.3f} with {n:,}" for n, width in found.widths)
    widths = f"  expected half-width by clusters: {table}"
    if not found.asked.sigma:
        return [widths]
    if found.needed is None:
        said = "no number of clusters suffices with this calibration"
    else:
        said = f"{found.needed:,} clusters"
    return [widths, f"  told from 0 by 3 sigma: {said} (statistics alone)"]


def _systematics(found: Forecast) -> list[str]:
    """Return the systematics beside the error."""
    if not found.shifts:
        return ["  systematics: none are known for this network"]
    rows = sorted(found.shifts.items(), key=lambda item: -abs(item[1]))
    return [
        "  systematics, which no number of clusters mends:",
        *(f"    {name}: {shift:+.3f} {_UNIT}" for name, shift in rows),
    ]
