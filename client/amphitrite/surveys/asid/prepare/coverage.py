"""The fraction of each energy band's expected photons that an input contains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from amphitrite.surveys.asid.bands import BANDS, Band, expected_photons

LEAST_COVERAGE: Final = 0.25
"""Least fraction of a band's expected photons with which the band is used."""


@dataclass(frozen=True)
class Channel:
    """An energy interval of an input, in MeV."""

    low: float
    high: float


def band_of(channel: Channel, bands: Sequence[Band] = BANDS) -> int | None:
    """Return the index of the band that holds most of a channel's expected photons.

    Parameters
    ----------
    channel : Channel
        The energy interval.
    bands : sequence of Band
        The bands.

    Returns
    -------
    int or None
        Index into `bands`; None if more photons are expected below or above all bands.
    """
    lowest, highest = min(b.low for b in bands), max(b.high for b in bands)
    inside = [
        expected_photons(max(channel.low, band.low), min(channel.high, band.high))
        for band in bands
    ]
    outside = max(
        expected_photons(channel.low, min(channel.high, lowest)),
        expected_photons(max(channel.low, highest), channel.high),
    )
    best = max(range(len(bands)), key=inside.__getitem__)
    return best if inside[best] > outside else None


def coverage(
    channels: Iterable[Channel], bands: Sequence[Band] = BANDS
) -> Mapping[Band, float]:
    """Return the fraction of each band's expected photons that an input contains.

    Parameters
    ----------
    channels : iterable of Channel
        The input's energy intervals, which do not overlap.
    bands : sequence of Band
        The bands.

    Returns
    -------
    mapping of Band to float
        Fractions from `LEAST_COVERAGE` to 1; bands with less are left out.
    """
    kept = dict.fromkeys(bands, 0.0)
    for channel in channels:
        index = band_of(channel, bands)
        if index is not None:
            band = bands[index]
            kept[band] += expected_photons(
                max(channel.low, band.low), min(channel.high, band.high)
            )
    shares = {
        band: min(1.0, part / expected_photons(band.low, band.high))
        for band, part in kept.items()
    }
    return {band: part for band, part in shares.items() if part >= LEAST_COVERAGE}
