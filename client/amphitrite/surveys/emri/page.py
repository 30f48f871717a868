"""Extreme-mass-ratio inspirals in the strain of TianQin.

A network gives each segment of whitened strain one number, its statistic: the larger,
the likelier is a signal in it.  Which value is exceeded by how much of pure noise was
measured on simulated noise and is kept beside the weights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from amphitrite.surveys.emri.sampling import (
    CHANNELS,
    LOWEST_HZ,
    N_SAMPLES,
    SAMPLE_SECONDS,
)
from amphitrite.triton.spec import ModelSpec, TensorSpec

REFERENCES: Final = (
    "Zhang et al. 2022, PRD 105, 123027, arXiv:2202.07158",
    "Barack & Cutler 2004, PRD 69, 082005, arXiv:gr-qc/0310125",
)

STRAIN: Final = "strain"
STATISTIC: Final = "statistic"
TIANQIN: Final = "tianqin"
"""The noise curve of TianQin's design."""
ESTIMATE: Final = "estimate"
"""A noise curve for each channel, estimated from its own strain."""
LEAST_ALARMS: Final = 10
"""False alarms that must have been seen for a threshold to be set between them."""

MODEL: Final = ModelSpec(
    name="emri",
    inputs=(
        TensorSpec(
            name=STRAIN,
            dtype="float32",
            shape=(len(CHANNELS), N_SAMPLES),
            axes=("channel", "time"),
            description=(
                "whitened strain of channels I and II at steps of 30 s, noise of "
                "variance 1"
            ),
        ),
    ),
    outputs=(
        TensorSpec(
            name=STATISTIC,
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description=(
                "soft maximum of the logit of a signal in the segment and of the score "
                "of its loudest box"
            ),
        ),
        TensorSpec(
            name="p_signal",
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description=(
                "probability of a signal, if half of the segments had one, as in "
                "training"
            ),
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    constants={
        "channels": list(CHANNELS),
        "samples": N_SAMPLES,
        "sample_seconds": SAMPLE_SECONDS,
        "lowest_hz": LOWEST_HZ,
        "normalisation": "whitened, noise of variance 1 in each channel",
    },
    references=REFERENCES,
)
"""The default: a small network on maps of power over time and frequency, and boxes."""
TABLE_3: Final = replace(
    MODEL,
    name="emri_table3",
    outputs=(
        replace(
            MODEL.outputs[0],
            description="logit of a signal in the segment, minus that of none",
        ),
        *MODEL.outputs[1:],
    ),
)
"""The network of Table III of the paper, on the strain itself."""

ASKED: Final = (MODEL, TABLE_3)
"""The models of which a run requests one, the default first."""

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""
