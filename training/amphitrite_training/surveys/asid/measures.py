"""What is measured of the source detector on simulated skies, and how it is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from astropy import units as u
from astropy_healpix import HEALPix
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from amphitrite.surveys.asid.bands import ALL_BANDS
from amphitrite.surveys.asid.interpret.peaks import suppress
from amphitrite.surveys.asid.page import MATCH_DEGREES
from amphitrite.surveys.asid.prepare.patches import angles
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.surveys.asid.calibrate import HIGH_LATITUDE, PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.heads.measures import Described, summary

Floats = NDArray[np.floating]

_RESAMPLES: Final = 1_000
_BLOCK_NSIDE: Final = 4


@dataclass(frozen=True)
class Counted:
    """A share that was counted, with its bootstrap interval.

    Parameters
    ----------
    n_hits, n : int
        The counts.
    low, high : float
        95 % interval: the sky is resampled in blocks of about 15 x 15 deg, so that
        neighbours stay together.
    """

    n_hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.n_hits / self.n if self.n else float("nan")


@dataclass(frozen=True)
class Table:
    """Purity and completeness per bin of flux, in one part of the sky.

    Parameters
    ----------
    completeness, purity : tuple of Counted
        Per bin of `FLUX_EDGES`: of the true sources, those found; of the detections
        with that aperture flux, those that are true.
    ceiling : tuple of float
        Per bin: the completeness of a detector that knows every source, but gives two
        within the suppression radius as one; NaN where there is no source.
    whole : tuple of Counted
        Purity of all detections, completeness above the lowest edge.
    faint : Counted
        Purity of the detections whose aperture flux is below the lowest edge.
    """

    completeness: tuple[Counted, ...]
    purity: tuple[Counted, ...]
    ceiling: tuple[float, ...]
    whole: tuple[Counted, Counted]
    faint: Counted

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""

        def numbers(c: Counted) -> dict[str, Any]:
            return {"hits": c.n_hits, "of": c.n, "low": c.low, "high": c.high}

        return {
            "bins": [
                {
                    "flux": list(edges),
                    "completeness": numbers(complete),
                    "ceiling": ceiling if complete.n else None,
                    "purity": numbers(pure),
                }
                for edges, complete, ceiling, pure in zip(
                    pairwise(PAPER_FLUX_EDGES),
                    self.completeness,
                    self.ceiling,
                    self.purity,
                    strict=True,
                )
            ],
            "purity": numbers(self.whole[0]),
            "completeness": numbers(self.whole[1]),
            "fainter": numbers(self.faint),
        }


@dataclass(frozen=True)
class SkyResult:
    """What was found on one simulated sky, and what is there.

    Parameters
    ----------
    truth : (n, 3) ndarray
        Unit vectors of the sources above the lowest of `FLUX_EDGES`.
    flux : (n,) ndarray
        Photons/cm2/s above 1 GeV.
    found : (m, 3) ndarray
        Unit vectors of the candidates, peaks of any height.
    aperture_flux : (m,) ndarray
        Of the candidates, from the counts around them.
    described : mapping of str to (m, ...) ndarray
        What is known of the candidates: ``score``; ``sources`` (m, 3), unit vectors;
        ``log10_flux``, ``p_fake`` and ``offset_variance`` as in
        `amphitrite.surveys.asid.interpret.detections.Detections`; ``flux_sigma``, the
        standard deviation of log10 of the flux.
    threshold : float
        The detector's own, which the score of a detection exceeds.
    """

    truth: Floats
    flux: Floats
    found: Floats
    aperture_flux: Floats
    described: Mapping[str, Floats]
    threshold: float

    @property
    def detections(self) -> SkyResult:
        """What the detector alone would list."""
        return self._where(self.described["score"] > self.threshold)

    def catalogue(self, threshold: float) -> SkyResult:
        """Return what the classifier leaves, where and as bright as the networks say.

        Parameters
        ----------
        threshold : float
            What P(fake) of a source does not exceed.
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
        """Tell what the candidates are, for the measures of the networks.

        Parameters
        ----------
        number : int
            Of the sky, so that its blocks are its own.
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
            block=_blocks(self.found, number),
        )


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and on which model.

    Parameters
    ----------
    spec : ModelSpec
        The served ensemble's spec.
    members : dict of str to ModelSpec
        The specs of its trained networks, by name: how they were trained.
    version : int
        Its version.
    skies : tuple of (int, str)
        Seed and diffuse variant of each sky.
    n_patches : int
        Patches of all skies.
    tables : dict of str to dict of str to Table
        By variant, then ``"|b| > 20"`` and ``"all sky"``: the detector's detections.
    catalogues : dict of str to dict of str to Table
        Likewise, what the classifier leaves, by the networks' positions and fluxes.
    described : dict of str to Described
        By variant, all candidates.
    results : mapping of str to sequence of SkyResult
        By variant, its skies, in the order in which `described` joins them.
    shifts : mapping, optional
        What `amphitrite_training.surveys.asid.systematics.systematics` returns.
    """

    spec: ModelSpec
    members: dict[str, ModelSpec]
    version: int
    skies: tuple[tuple[int, str], ...]
    n_patches: int
    tables: dict[str, dict[str, Table]]
    catalogues: dict[str, dict[str, Table]]
    described: dict[str, Described]
    results: Mapping[str, Sequence[SkyResult]]
    shifts: Mapping[str, Any] | None = None

    @property
    def max_p_fake(self) -> float:
        """What P(fake) of a source does not exceed, with all bands."""
        return float(self.spec.learned["fake_thresholds"][ALL_BANDS])

    def networks(self, variant: str) -> dict[str, Any]:
        """Return the measures of the describing networks of one variant."""
        return self._networks[variant]

    @cached_property
    def _networks(self) -> dict[str, dict[str, Any]]:
        """All of them: intervals take a while, and card and JSON both ask."""
        return {
            variant: self._summary(found) for variant, found in self.described.items()
        }

    def _summary(self, found: Described) -> dict[str, Any]:
        learned = self.spec.learned
        return summary(
            found,
            self.max_p_fake,
            flux_95=learned["flux_sigma_95"],
            radius_68=learned["radius_68"],
            radius_95=learned["radius_95"],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types.

        Returns
        -------
        dict
            ``model``, ``version``, ``digest`` of the served ensemble; ``simulated``,
            which is true; ``skies``, seed and variant of each; ``patches``.
            ``tables`` and ``catalogues``, by variant and part of the sky: ``bins``,
            each with the limits ``flux`` and ``completeness``, ``ceiling``, ``purity``;
            ``purity``, ``completeness`` and ``fainter`` of all bins.  A share is
            ``hits``, ``of``, ``low`` and ``high``.
            ``networks``, by variant: see
            `amphitrite_training.surveys.asid.heads.measures.summary`.
            ``systematics``, where they were asked for: see
            `amphitrite_training.surveys.asid.systematics.systematics`.
        """
        numbers = {
            "model": self.spec.name,
            "version": self.version,
            "digest": self.spec.digest,
            "simulated": True,
            "skies": [list(sky) for sky in self.skies],
            "patches": self.n_patches,
            "tables": _as_dicts(self.tables),
            "catalogues": _as_dicts(self.catalogues),
            "networks": {variant: self.networks(variant) for variant in self.described},
        }
        if self.shifts is not None:
            numbers["systematics"] = dict(self.shifts)
        return numbers


def _as_dicts(tables: dict[str, dict[str, Table]]) -> dict[str, Any]:
    return {
        variant: {part: table.as_dict() for part, table in parts.items()}
        for variant, parts in tables.items()
    }


def pair(truth: Floats, flux: Floats, found: Floats) -> NDArray[np.intp]:
    """Pair sources with detections within 0.3 deg, one to one, brightest source first.

    Parameters
    ----------
    truth : (n, 3) ndarray
        Unit vectors.
    flux : (n,) ndarray
        Of the sources.
    found : (m, 3) ndarray
        Unit vectors.

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


def tables(results: Sequence[SkyResult], *, radius_degrees: float) -> dict[str, Table]:
    """Count purity and completeness of skies that belong together.

    Parameters
    ----------
    results : sequence of SkyResult
        One per sky.
    radius_degrees : float
        The suppression radius, for the ceiling.

    Returns
    -------
    dict of str to Table
        ``"|b| > 20"`` and ``"all sky"``.
    """
    parts = {"|b| > 20": HIGH_LATITUDE, "all sky": -1.0}
    return {
        name: _table(results, limit, radius_degrees=radius_degrees)
        for name, limit in parts.items()
    }


def _table(
    results: Sequence[SkyResult], limit: float, *, radius_degrees: float
) -> Table:
    """Count sources and detections at latitudes above a limit."""
    truth, found = [], []
    for number, sky in enumerate(results):
        partners = pair(sky.truth, sky.flux, sky.found)
        alone = np.zeros(len(sky.truth), bool)
        alone[suppress(sky.truth, sky.flux, radius_degrees=radius_degrees)] = True
        here = off_plane(sky.truth) > limit
        truth.append(
            np.c_[sky.flux, partners >= 0, alone, _blocks(sky.truth, number)][here]
        )
        real = np.isin(np.arange(len(sky.found)), partners)
        here = off_plane(sky.found) > limit
        found.append(np.c_[sky.aperture_flux, real, _blocks(sky.found, number)][here])
    sources, detections = np.concatenate(truth), np.concatenate(found)
    bins = list(pairwise(PAPER_FLUX_EDGES))
    in_bin = [(sources[:, 0] >= low) & (sources[:, 0] < high) for low, high in bins]
    seen_in = [
        (detections[:, 0] >= low) & (detections[:, 0] < high) for low, high in bins
    ]
    faint = detections[:, 0] < PAPER_FLUX_EDGES[0]
    return Table(
        completeness=tuple(count(sources[m, 1], sources[m, 3]) for m in in_bin),
        purity=tuple(count(detections[m, 1], detections[m, 2]) for m in seen_in),
        ceiling=tuple(
            float(sources[m, 2].mean()) if m.any() else float("nan") for m in in_bin
        ),
        whole=(
            count(detections[:, 1], detections[:, 2]),
            count(sources[:, 1], sources[:, 3]),
        ),
        faint=count(detections[faint, 1], detections[faint, 2]),
    )


def count(hits: Floats, blocks: Floats) -> Counted:
    """Count hits, and resample the blocks that they lie in for an interval.

    Parameters
    ----------
    hits : (n,) ndarray
        1 for a hit, 0 for none.
    blocks : (n,) ndarray
        A number for each block of the sky.

    Returns
    -------
    Counted
        With the interval (0, 1) of nothing.
    """
    if not len(hits):
        return Counted(0, 0, 0.0, 1.0)
    _, index = np.unique(blocks, return_inverse=True)
    n = np.bincount(index)
    n_hits = np.bincount(index, weights=hits)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(n), np.full(len(n), 1 / len(n)), size=_RESAMPLES)
    totals = drawn @ n
    shares = (drawn @ n_hits)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(shares, [0.025, 0.975])
    return Counted(int(hits.sum()), len(hits), float(low), float(high))


def off_plane(vectors: Floats) -> Floats:
    """Return how far directions are from the Galactic plane, deg."""
    return np.abs(np.degrees(np.arcsin(np.clip(vectors[:, 2], -1, 1))))


def separation(one: Floats, other: Floats) -> Floats:
    """Return the angles between unit vectors, deg."""
    chord = np.linalg.norm(one - other, axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1))))


def _blocks(vectors: Floats, sky: int) -> NDArray[np.integer]:
    """Return the number of the block of about 15 deg that each direction lies in."""
    healpix = HEALPix(_BLOCK_NSIDE, order="nested")
    lon, lat = np.radians(angles(vectors))
    pixel = healpix.lonlat_to_healpix(lon * u.rad, lat * u.rad)
    return np.asarray(pixel + sky * healpix.npix)
