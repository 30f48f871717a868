"""What the networks say of each peak, and the numbers of a catalogue that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# What is kept of each peak, and how many numbers.
FIELDS: Final = {
    "log10_flux": (),
    "flux_variance": (),
    "p_fake": (),
    "offset": (2,),
    "offset_variance": (),
}


def describe(outputs: Mapping[str, Floats], n: int) -> dict[str, Floats]:
    """Return what is kept of the networks' answers for the first peaks of a list.

    Parameters
    ----------
    outputs : mapping of str to ndarray
        For one patch, without the batch axis: ``log10_flux`` and ``p_fake`` (K,),
        ``flux_variance`` (K, 2), ``offset`` (K, 2) and ``offset_variance`` (K, 2, 2),
        the variances aleatoric and epistemic.
    n : int
        How many of the places hold a peak.

    Returns
    -------
    dict of str to ndarray
        By the names of `FIELDS`: variances added up, that of the position a mean of
        its two coordinates (deg2).
    """
    kept = {name: np.asarray(outputs[name][:n]) for name in FIELDS}
    kept["flux_variance"] = kept["flux_variance"].sum(axis=-1)
    kept["offset_variance"] = kept["offset_variance"].sum(axis=-2).mean(axis=-1)
    return kept


def undescribed(n: int) -> dict[str, Floats]:
    """Return the same of peaks that no network was asked about: NaN."""
    return {
        name: np.full((n, *shape), np.nan, np.float32) for name, shape in FIELDS.items()
    }
