"""The candidates on a simulated sky, matched with its true sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from astropy import units as u
from astropy_healpix import HEALPix
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from amphitrite.surveys.asid.page import MATCH_DEGREES
from amphitrite.surveys.asid.prepare.patches import angles
from amphitrite_training.surveys.asid.heads.measures import Described

Floats = NDArray[np.floating]

_BLOCK_NSIDE: Final = 4


@dataclass(frozen=True)
class SkyResult:
    """Candidates and true sources of one simulated sky.

    Parameters
    ----------
    truth : (n, 3) ndarray
        Unit vectors of the sources above the lowest of
        `amphitrite_training.surveys.asid.calibrate.PAPER_FLUX_EDGES`.
    flux : (n,) ndarray
        Their true fluxes, photons/cm2/s above 1 GeV.
    found : (m, 3) ndarray
        Unit vectors of the candidates, peaks of any height.
    aperture_flux : (m,) ndarray
        Fluxes of the candidates from the counts around them, photons/cm2/s above 1 GeV.
    described : mapping of str to (m, ...) ndarray
        Measured values of the candidates: ``score``; ``sources`` (m, 3), unit vectors;
        ``log10_flux``, ``p_fake`` and ``offset_variance`` as in
        `amphitrite.surveys.asid.interpret.detections.Detections`; ``flux_sigma``, the
        standard deviation of log10 of the flux.
    threshold : float
        The detector's threshold, which the score of a detection exceeds.
    """

    truth: Floats
    flux: Floats
    found: Floats
    aperture_flux: Floats
    described: Mapping[str, Floats]
    threshold: float

    @property
    def detections(self) -> SkyResult:
        """The detections by the detector's threshold alone."""
        return self._where(self.described["score"] > self.threshold)

    def catalogue(self, threshold: float) -> SkyResult:
        """Return the sources by the classifier's cut, as the networks describe them.

        Parameters
        ----------
        threshold : float
            The highest P(fake) of a source.
        """
        kept = self._where(self.described["p_fake"] <= threshold)
        return replace(
            kept,
            found=kept.described["sources"],
            aperture_flux=10 ** kept.described["log10_flux"].astype(float),
        )

    def _where(self, kept: NDArray[np.bool_]) -> SkyResult:
        described = {name: values[kept] for name, values in self.described.items()}
        return replace(
            self,
            found=self.found[kept],
            aperture_flux=self.aperture_flux[kept],
            described=described,
        )

    @property
    def source(self) -> NDArray[np.intp]:
        """(m,) index of each candidate's true source; -1 of a false one."""
        partners = pair(self.truth, self.flux, self.found)
        source = np.full(len(self.found), -1)
        source[partners[partners >= 0]] = np.flatnonzero(partners >= 0)
        return source

    def known(self, number: int) -> Described:
        """Return the candidates with their true nature, to measure the networks.

        Parameters
        ----------
        number : int
            Number of the sky, so that no two skies share a block.
        """
        source = self.source
        fake = source < 0
        flux = np.where(fake, np.nan, self.flux[source])
        errors = [
            np.where(fake, np.nan, separation(found, self.truth[source]))
            for found in (self.described["sources"], self.found)
        ]
        return Described(
            flux=flux,
            log10_flux=self.described["log10_flux"],
            flux_sigma=self.described["flux_sigma"],
            p_fake=self.described["p_fake"],
            detected=self.described["score"] > self.threshold,
            error=errors[0],
            peak_error=errors[1],
            error_sigma=np.sqrt(self.described["offset_variance"]),
            block=sky_blocks(self.found, number),
        )


def pair(truth: Floats, flux: Floats, found: Floats) -> NDArray[np.intp]:
    """Return the detection of each source: within 0.3 deg, brightest source first.

    Parameters
    ----------
    truth : (n, 3) ndarray
        Unit vectors of the sources.
    flux : (n,) ndarray
        Fluxes of the sources, in any unit.
    found : (m, 3) ndarray
        Unit vectors of the detections, each of which belongs to one source at most.

    Returns
    -------
    (n,) ndarray of int
        Index of each source's detection, the nearest that is free; -1 for none.
    """
    partners = np.full(len(truth), -1)
    if not len(found) or not len(truth):
        return partners
    chord = 2 * np.sin(np.radians(MATCH_DEGREES) / 2)
    near = cKDTree(found).query_ball_point(truth, chord)
    free = np.ones(len(found), bool)
    for index in np.argsort(-flux, kind="stable"):
        candidates = [each for each in near[index] if free[each]]
        if candidates:
            best = max(candidates, key=lambda each: float(found[each] @ truth[index]))
            partners[index] = best
            free[best] = False
    return partners


def off_plane(vectors: Floats) -> Floats:
    """Return the absolute Galactic latitudes of unit vectors, deg."""
    return np.abs(np.degrees(np.arcsin(np.clip(vectors[:, 2], -1, 1))))


def separation(one: Floats, other: Floats) -> Floats:
    """Return the angles between unit vectors, deg."""
    chord = np.linalg.norm(one - other, axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1))))


def sky_blocks(vectors: Floats, sky: int) -> NDArray[np.integer]:
    """Return the number of the block of about 15 deg that holds each direction."""
    healpix = HEALPix(_BLOCK_NSIDE, order="nested")
    lon, lat = np.radians(angles(vectors))
    pixel = healpix.lonlat_to_healpix(lon * u.rad, lat * u.rad)
    return np.asarray(pixel + sky * healpix.npix)
