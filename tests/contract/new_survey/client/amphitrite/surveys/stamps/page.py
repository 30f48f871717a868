"""Stamps: the flux of the one star in a small image."""

from __future__ import annotations

from typing import Final

from amphitrite.triton.spec import ModelSpec, TensorSpec

SIDE: Final = 8
"""Pixels of an image, each way."""

REFERENCES: Final = ("none: a survey that shows how a survey is added",)

MODEL: Final = ModelSpec(
    name="stamps",
    inputs=(
        TensorSpec("pixels", "float32", (SIDE, SIDE), ("y", "x"), description="counts"),
    ),
    outputs=(TensorSpec("flux", "float32", (1,), ("value",), description="counts"),),
    references=REFERENCES,
)

ASKED: Final = (MODEL,)
PRODUCTS: Final = ()
