"""Draw a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amphitrite_training.diagrams.style import COLOURS
from amphitrite_training.surveys.darkcnn.forecast import Forecast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE: Final = "forecast.png"


def picture(found: Forecast) -> Figure:
    """Return the medians of the samples, and the error by the number of clusters."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    dark, red, light, *_ = COLOURS
    left.hist(found.samples.median, bins=20, color=light)
    left.axvline(found.asked.sigma, color=red, label="true")
    left.set_xlabel("median of a sample (cm2/g)")
    left.set_ylabel("samples")
    for shift in found.shifts.values():
        left.axvline(found.asked.sigma + shift, color="0.6", lw=0.8, ls=":")
    left.set_title("dotted: systematics" if found.shifts else "", fontsize=9)
    left.legend(frameon=False)
    sizes, widths = zip(*found.widths, strict=True)
    right.loglog(sizes, widths, "o-", color=dark, label="half of the 68 % interval")
    if found.asked.sigma:
        right.axhline(found.asked.sigma / 3, color=red, ls="--", label="a third of it")
    if found.shifts:
        most = max(abs(shift) for shift in found.shifts.values())
        right.axhline(most, color="0.6", ls=":", label="largest systematic")
    right.set_xlabel("clusters")
    right.set_ylabel("cm2/g")
    right.legend(frameon=False, fontsize=8)
    return figure
