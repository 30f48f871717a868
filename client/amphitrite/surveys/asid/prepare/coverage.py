"""Which part of each energy band's photons an input holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from amphitrite.surveys.asid.bands import BANDS, Band, expected_photons

LEAST_COVERAGE: Final = 0.25


@dataclass(frozen=True)
class Channel:
    """An energy interval of an input, in MeV."""

    low: float
    high: float


def band_of(channel: Channel, bands: Sequence[Band] = BANDS) -> int | None:
    """Return the band that holds most of a channel's expected photons.

    Returns
    -------
    int or None
        Its index; None if most of them are below all bands or above all.
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
    """Return which part of each band's expected photons an input holds.

    Parameters
    ----------
    channels : iterable of Channel
        The input's intervals, which do not overlap.

    Returns
    -------
    mapping of Band to float
        The usable bands only, those that keep at least a quarter; 1 where whole.
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
