"""Flux, position and class of the sources in a segmentation map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from amphitrite.files.images import Box, PixelMap
from amphitrite.surveys.morpheus.interpret.segmentation import finite, strips
from amphitrite.surveys.morpheus.page import MORPHOLOGIES


def measure(
    labels: PixelMap,
    flux: PixelMap,
    rank_votes: Mapping[str, PixelMap],
    variances: Mapping[str, PixelMap],
    wcs: WCS | None,
) -> dict[str, NDArray[Any]]:
    """Return the columns of the catalogue for the sources of a segmentation map.

    Parameters
    ----------
    labels : PixelMap
        (ny, nx) integers, the segmentation map; see
        `amphitrite.surveys.morpheus.interpret.segmentation.segment`.
    flux : PixelMap
        (ny, nx) the H image in any linear unit; NaN and infinities count as 0.
    rank_votes : mapping of str to PixelMap
        For each of the four morphologies, (ny, nx) the fraction of windows in which it
        is the most probable class.
    variances : mapping of str to PixelMap
        For each of the four morphologies, (ny, nx) the variance of its probability
        between windows.
    wcs : astropy.wcs.WCS or None
        Celestial coordinates of the image.

    Returns
    -------
    dict of str to ndarray
        The columns `amphitrite.surveys.morpheus.catalogue.COLUMNS` but ``flags``, one
        row per source in ascending order of ``id``.  ``ra`` and ``dec`` are NaN without
        a WCS.

    Notes
    -----
    The share of a class is the sum of its rank vote over the source's pixels, weighted
    with the H flux, divided by that sum for all four classes, as in the original
    program.  Negative pixels are included.  If they make a share negative or larger
    than one, or the divisor not positive, only pixels of positive flux are included;
    if that does not help, all pixels have equal weight.  (The original program returns
    such shares.)  If all windows vote for the background, the shares are NaN and the
    class is empty.

    ``p_*_std`` is the square root of the mean variance over the pixels of the source.
    """
    sums = _Sums(labels)
    for strip in strips(labels.shape):
        sums.add(
            strip,
            finite(flux[strip]),
            [rank_votes[name][strip] for name in MORPHOLOGIES],
            [variances[name][strip] for name in MORPHOLOGIES],
        )
    ids = np.flatnonzero(sums.area)
    shares = _shares(sums.weighted[:, ids], sums.bright[:, ids], sums.plain[:, ids])
    spread = np.sqrt(sums.variance[:, ids] / sums.area[ids])
    y, x = np.divmod(sums.peak[ids], labels.shape[1])
    ra, dec = _sky_position(wcs, x, y)
    classes = np.array([*MORPHOLOGIES, ""])
    dominant = np.where(
        np.isnan(shares).any(axis=0), len(MORPHOLOGIES), shares.argmax(axis=0)
    )
    columns = {
        "id": ids,
        "x": x,
        "y": y,
        "ra": ra,
        "dec": dec,
        "area": sums.area[ids],
        "flux_h": sums.flux[ids],
        "morphology": classes[dominant],
    }
    for name, share, deviation in zip(MORPHOLOGIES, shares, spread, strict=True):
        columns[f"p_{name}"] = share
        columns[f"p_{name}_std"] = deviation
    return columns


class _Sums:
    """Sums over the pixels of every label, added strip by strip in float64."""

    def __init__(self, labels: PixelMap) -> None:
        self.labels = labels
        tops = [int(labels[strip].max(initial=0)) for strip in strips(labels.shape)]
        n, n_classes = max(tops, default=0) + 1, len(MORPHOLOGIES)
        self.area = np.zeros(n, dtype=np.int64)
        self.flux = np.zeros(n)
        self.weighted = np.zeros((n_classes, n))  # by flux
        self.bright = np.zeros((n_classes, n))  # by positive flux only
        self.plain = np.zeros((n_classes, n))
        self.variance = np.zeros((n_classes, n))
        self.peak = np.zeros(n, dtype=np.int64)  # flat index of the brightest pixel
        self._peak_flux = np.full(n, -np.inf)

    def add(
        self,
        strip: Box,
        flux: NDArray[Any],
        votes: Sequence[NDArray[Any]],
        variances: Sequence[NDArray[Any]],
    ) -> None:
        """Add the pixels of sources in one strip of whole rows."""
        labels = self.labels[strip]
        inside = labels > 0
        owner, light = labels[inside], flux[inside].astype(np.float64)

        def total(weights: NDArray[Any] | None) -> NDArray[Any]:
            return np.bincount(owner, weights, minlength=len(self.area))

        self.area += total(None)
        self.flux += total(light)
        for i, (vote, variance) in enumerate(zip(votes, variances, strict=True)):
            share = vote[inside].astype(np.float64)
            self.weighted[i] += total(share * light)
            self.bright[i] += total(share * np.maximum(light, 0))
            self.plain[i] += total(share)
            self.variance[i] += total(variance[inside].astype(np.float64))
        self._raise_peaks(owner, light, np.flatnonzero(inside), strip[0].start)

    def _raise_peaks(
        self,
        owner: NDArray[Any],
        light: NDArray[Any],
        where: NDArray[Any],
        y0: int,
    ) -> None:
        """Update the brightest pixel of every label, the first of equal ones."""
        order = np.lexsort((where, -light, owner))
        ids, first = np.unique(owner[order], return_index=True)
        best = order[first]
        brighter = light[best] > self._peak_flux[ids]
        ids, best = ids[brighter], best[brighter]
        self._peak_flux[ids] = light[best]
        self.peak[ids] = where[best] + y0 * self.labels.shape[1]


def _shares(*weightings: NDArray[Any]) -> NDArray[Any]:
    """Return normalised sums, (n_classes, n), by the first weighting that is valid."""
    shares = np.full(weightings[0].shape, np.nan)
    for sums in weightings:
        total = sums.sum(axis=0)
        good = np.isnan(shares).any(axis=0) & (total > 0) & (sums >= 0).all(axis=0)
        shares[:, good] = sums[:, good] / total[good]
    return shares


def _sky_position(
    wcs: WCS | None, x: NDArray[Any], y: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return ICRS right ascension and declination of pixel centres, in degrees."""
    if wcs is None or not len(x):
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    position = wcs.celestial.pixel_to_world(x, y).icrs
    return position.ra.deg, position.dec.deg
