"""The learned thresholds of the detector, and the calibration of the other networks."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS, Band, present
from amphitrite.triton.spec import ModelSpec, reading_learned

Floats = NDArray[np.floating]

PLANE_DEGREES: Final = 10.0
"""Galactic latitude in deg below which fluxes depend more on the diffuse emission."""


@dataclass(frozen=True)
class Detector:
    """The learned values of the network that makes the mask.

    Parameters
    ----------
    sigma : float
        Scale of the Laplacian of Gaussian in pixels of the mask.
    floor : float
        Response that every peak exceeds.
    radius_degrees : float
        Radius in deg within which detections count as the same source.
    thresholds : mapping of str to float
        Response that a source must exceed, by the bands that the input has:
        ``"11000"`` stands for the first two of `amphitrite.surveys.asid.bands.BANDS`.
    """

    sigma: float
    floor: float
    radius_degrees: float
    thresholds: Mapping[str, float]

    @classmethod
    def of(cls, spec: ModelSpec) -> Detector:
        """Return the learned values in a served model's spec.

        Raises
        ------
        SpecMismatch
            A value is missing or invalid.
        """
        with reading_learned(spec) as learned:
            return cls(
                sigma=float(learned["log_sigma_pixels"]),
                floor=float(learned["peak_floor"]),
                radius_degrees=float(learned["suppression_degrees"]),
                thresholds=dict(learned["thresholds"]),
            )

    def threshold(
        self, coverage: Mapping[Band, float], *, chosen: float | None = None
    ) -> float:
        """Return the score that a source must exceed.

        Parameters
        ----------
        coverage : mapping of Band to float
            The bands that an input covers.
        chosen : float, optional
            The user's threshold, which replaces the learned one.

        Raises
        ------
        BadInput
            No threshold was learned for these bands, or the chosen one is below
            `floor`.
        """
        if chosen is not None:
            if chosen < self.floor:
                raise BadInput(
                    f"--threshold {chosen:g} is below {self.floor:g}, under which the "
                    "model lists no peaks; give a higher one"
                )
            return chosen
        bands = present(coverage)
        if bands not in self.thresholds:
            held = ", ".join(band.label for band in BANDS if band in coverage)
            raise BadInput(
                f"the model has learned no threshold for the bands {held} alone "
                f"({bands}), only for {', '.join(sorted(self.thresholds))}; give "
                "--threshold, or an input with more bands"
            )
        return float(self.thresholds[bands])


@dataclass(frozen=True)
class Calibration:
    """The learned calibration of the networks of flux, position and classification.

    Parameters
    ----------
    exposure : (5,) ndarray of float32
        Mean exposure of the training sky in each band, cm2 s.
    candidate_score : float
        Score above which the classifier judges a peak.
    fake_thresholds : mapping of str to float
        Highest probability of being a fluctuation with which a source is kept, by the
        bands that the input has (see `amphitrite.surveys.asid.bands.present`).
    radii : (float, float)
        Radii of the circles that hold a position with a probability of 68 % and 95 %,
        in units of sigma of one coordinate; 1.5096 and 2.4477 for a normal
        distribution.
    flux_error : (2, n) ndarray
        Predicted and true standard deviations of log10 of the flux.
    systematic : mapping of str to (2, n) ndarray
        log10 of fluxes, and the shift of log10 of the flux (dex) with other models of
        the diffuse emission; ``plane`` within `PLANE_DEGREES` of the Galactic plane,
        ``off_plane`` elsewhere.  A part that was not measured is missing.
    """

    exposure: NDArray[np.float32]
    candidate_score: float
    fake_thresholds: Mapping[str, float]
    radii: tuple[float, float]
    flux_error: Floats
    systematic: Mapping[str, Floats]

    @classmethod
    def of(cls, spec: ModelSpec) -> Calibration:
        """Return the learned calibration in a served model's spec.

        Raises
        ------
        SpecMismatch
            A value is missing or invalid.
        """
        with reading_learned(spec) as learned:
            systematic = learned.get("flux_systematic", {})
            found = cls(
                exposure=np.array(learned["training_exposure"], np.float32),
                candidate_score=float(learned["candidate_score"]),
                fake_thresholds=dict(learned["fake_thresholds"]),
                radii=(float(learned["radius_68"]), float(learned["radius_95"])),
                flux_error=_curve(learned["flux_error"], "stated", "true"),
                systematic={
                    part: _curve(systematic[part], "log10_flux", "dex")
                    for part in systematic
                },
            )
            if found.exposure.shape != (len(BANDS),) or not (found.exposure > 0).all():
                raise ValueError(f"training_exposure is {learned['training_exposure']}")
        return found

    def threshold(
        self,
        detector: Detector,
        coverage: Mapping[Band, float],
        *,
        chosen: float | None = None,
    ) -> float:
        """Return the score above which a detection is a source, unless judged fake.

        Parameters
        ----------
        detector : Detector
            The learned values of the network that makes the mask.
        coverage : mapping of Band to float
            The bands that an input covers.
        chosen : float, optional
            The user's threshold, which replaces the learned one.

        Raises
        ------
        BadInput
            See `amphitrite.surveys.asid.learned.Detector.threshold`.
        """
        score = detector.threshold(coverage, chosen=chosen)
        judged = present(coverage) in self.fake_thresholds
        return score if chosen or not judged else min(score, self.candidate_score)

    def max_p_fake(self, bands: Container[Band]) -> float:
        """Return the highest probability of a fluctuation with which a source is kept.

        Parameters
        ----------
        bands : container of Band
            The bands that an input covers.

        Returns
        -------
        float
            1 if none was learned for these bands.
        """
        return self.fake_thresholds.get(present(bands), 1.0)

    def flux_sigma(self, variance: Floats) -> Floats:
        """Return the calibrated standard deviation of log10 of fluxes, (n,).

        Parameters
        ----------
        variance : (n,) ndarray
            The network's variance of log10 of the fluxes.
        """
        stated, true = self.flux_error
        sigma = np.sqrt(variance)
        return np.asarray(sigma * np.interp(sigma, stated, true / stated))

    def systematic_dex(self, log10_flux: Floats, lat: Floats) -> Floats:
        """Return the systematic error of fluxes in dex, (n,); NaN if not measured.

        Parameters
        ----------
        log10_flux, lat : (n,) ndarray
            log10 of the fluxes in cm-2 s-1, and Galactic latitudes in deg.
        """
        part = np.where(np.abs(lat) < PLANE_DEGREES, "plane", "off_plane")
        dex = np.full(len(log10_flux), np.nan)
        for name, curve in self.systematic.items():
            here = part == name
            dex[here] = np.interp(log10_flux[here], *curve)
        return dex


@dataclass(frozen=True)
class Learned:
    """What was learned with the networks of an ensemble.

    Parameters
    ----------
    detector : Detector
        With the network that makes the mask.
    calibration : Calibration
        With those that describe a source.
    """

    detector: Detector
    calibration: Calibration

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Read what a served ensemble has learned.

        Raises
        ------
        SpecMismatch
            Something is missing or cannot be.
        """
        return cls(Detector.of(spec), Calibration.of(spec))


def _curve(learned: Mapping[str, Sequence[float]], x: str, y: str) -> Floats:
    """Return the points of a learned curve, (2, n)."""
    points = np.array([learned[x], learned[y]], float)
    if not points.size:
        raise ValueError(f"there is no point in {learned}")
    return points
