"""The networks' answers for each peak: flux, position and probability of no source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# Fields that are kept of each peak, with the shape of one entry.
FIELDS: Final = {
    "log10_flux": (),
    "flux_variance": (),
    "p_fake": (),
    "offset": (2,),
    "offset_variance": (),
}


def describe(outputs: Mapping[str, Floats], n: int) -> dict[str, Floats]:
    """Return the fields that are kept of the networks' answers for one patch.

    Parameters
    ----------
    outputs : mapping of str to ndarray
        Answers for one patch, without the batch axis: ``log10_flux`` and ``p_fake``
        (K,), ``flux_variance`` (K, kind), ``offset`` (K, coordinate) and
        ``offset_variance`` (K, kind, coordinate), where the kinds are aleatoric and
        epistemic.
    n : int
        Number of peaks, n <= K; the entries after them are dropped.

    Returns
    -------
    dict of str to (n, ...) ndarray
        The fields in `FIELDS`.  Variances are the sums of both kinds; that of the
        position is the mean of its two coordinates in deg2.
    """
    kept = {name: np.asarray(outputs[name][:n]) for name in FIELDS}
    kept["flux_variance"] = kept["flux_variance"].sum(axis=-1)
    kept["offset_variance"] = kept["offset_variance"].sum(axis=-2).mean(axis=-1)
    return kept


def undescribed(n: int) -> dict[str, Floats]:
    """Return the fields in `FIELDS` for n peaks without answers: all NaN."""
    return {
        name: np.full((n, *shape), np.nan, np.float32) for name, shape in FIELDS.items()
    }
