"""CALNet: eclipsing binaries among the light curves of TESS.

The network has two inputs for each segment of a light curve: the flux at 4000 even
steps of time and a periodogram (see `amphitrite.surveys.calnet.prepare.segments`).  Its
output is one score.  The scores of a star's segments are combined, and the period of
each candidate is measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.triton.spec import ModelSpec, TensorSpec

N_POINTS: Final = 4000
"""Points of a resampled light curve."""

GAP_DAYS: Final = 0.75
"""Length in days of gaps beyond which a light curve is split."""
LEAST_POINTS: Final = 2000
"""Least number of points of a segment; shorter ones are left out."""
PERCENTILE: Final = 99.0
"""Percentile of the flux; points at and above it, mostly flares, are dropped."""
N_PERIODS: Final = 1000
"""Number of periods of a periodogram."""

# The grid of the paper without its first 125 periods, which are too short for a cadence
# of two minutes.
PERIODS: Final[NDArray[np.float64]] = np.logspace(-3, 1, 1125)[125:]
"""(1000,) periods in days, from 0.00278 to 10 in even steps of their logarithm."""
PERIODS.flags.writeable = False

REFERENCES: Final = ("CALNet: arXiv:2504.15875",)

P_EB: Final = "p_eb"
LIGHT_CURVE: Final = "light_curve"
PERIODOGRAM: Final = "periodogram"

MODEL: Final = ModelSpec(
    name="calnet",
    inputs=(
        TensorSpec(
            name=LIGHT_CURVE,
            dtype="float32",
            shape=(N_POINTS,),
            axes=("time",),
            description=(
                "flux of one segment at even steps of time, in any linear unit: the "
                "graph stretches it to 0..1 and standardises it"
            ),
        ),
        TensorSpec(
            name=PERIODOGRAM,
            dtype="float32",
            shape=(N_PERIODS,),
            axes=("period",),
            description=(
                "generalised Lomb-Scargle power at periods that rise in even steps of "
                "their logarithm; the graph stretches it to 0..1 and standardises it"
            ),
        ),
    ),
    outputs=(
        TensorSpec(
            name="logit",
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description="score before the sigmoid; positive for eclipsing binaries",
        ),
        TensorSpec(
            name=P_EB,
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description="probability that the segment shows an eclipsing binary",
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    constants={
        "gap_days": GAP_DAYS,
        "least_points": LEAST_POINTS,
        "percentile": PERCENTILE,
        "points": N_POINTS,
        "periods": N_PERIODS,
        "period_days": [round(float(PERIODS[0]), 9), round(float(PERIODS[-1]), 9)],
        "normalisation": "light curve and periodogram each from 0 to 1",
    },
    references=REFERENCES,
)

ASKED: Final = (MODEL,)
"""The models that a run requests."""

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""
