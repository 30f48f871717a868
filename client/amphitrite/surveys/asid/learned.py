"""What was learned with the networks: where a mask has peaks, and what answers mean."""

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
"""So near to the Galactic plane a flux depends more on the diffuse light."""


@dataclass(frozen=True)
class Detector:
    """What was learned with the weights, as the client needs it.

    Parameters
    ----------
    sigma : float
        Scale of the Laplacian of Gaussian, pixels of the mask.
    floor : float
        Response that every peak exceeds.
    radius_degrees : float
        Detections closer than this stand for one source.
    thresholds : mapping of str to float
        Response that a source exceeds, by the bands present: ``"11000"`` is the first
        two of `amphitrite.surveys.asid.bands.BANDS`.
    """

    sigma: float
    floor: float
    radius_degrees: float
    thresholds: Mapping[str, float]

    @classmethod
    def of(cls, spec: ModelSpec) -> Detector:
        """Read what a served model has learned.

        Raises
        ------
        SpecMismatch
            Something is missing.
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
            What to use instead of what was learned.

        Raises
        ------
        BadInput
            None was learned for these bands, or the chosen one is below what every
            peak exceeds.
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
    """What was learned with the networks that describe a source.

    Parameters
    ----------
    exposure : (5,) ndarray of float32
        Mean exposure of what they were trained on, cm2 s in each band.
    candidate_score : float
        Peaks of a higher score are for the classifier to judge.
    fake_thresholds : mapping of str to float
        Up to this probability of being a fluctuation a source is kept, by the bands
        present (see `amphitrite.surveys.asid.bands.present`).
    radii : (float, float)
        Of the circles that hold a position with 68 % and 95 %, in its sigma; 1.5096 and
        2.4477 if errors were normally distributed.
    flux_error : (2, n) ndarray
        Standard deviations of log10 of a flux as the network says them, and those that
        hold what they state.
    systematic : mapping of str to (2, n) ndarray
        log10 fluxes and how much other models of the diffuse light move a flux there,
        dex; ``plane`` within `PLANE_DEGREES` of the Galactic plane, else ``off_plane``;
        one of them is not there if it was not measured.
    """

    exposure: NDArray[np.float32]
    candidate_score: float
    fake_thresholds: Mapping[str, float]
    radii: tuple[float, float]
    flux_error: Floats
    systematic: Mapping[str, Floats]

    @classmethod
    def of(cls, spec: ModelSpec) -> Calibration:
        """Read what a served model has learned.

        Raises
        ------
        SpecMismatch
            Something is missing or cannot be.
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
        """Return the score above which a peak is a source, unless it is called fake.

        Parameters
        ----------
        detector : Detector
            What was learned with the network that makes the mask.
        coverage : mapping of Band to float
            The bands that an input covers.
        chosen : float, optional
            What to use instead of what was learned.

        Raises
        ------
        BadInput
            See `amphitrite.surveys.asid.learned.Detector.threshold`.
        """
        score = detector.threshold(coverage, chosen=chosen)
        judged = present(coverage) in self.fake_thresholds
        return score if chosen or not judged else min(score, self.candidate_score)

    def max_p_fake(self, bands: Container[Band]) -> float:
        """Return up to which probability of being a fluctuation a source is kept.

        Parameters
        ----------
        bands : container of Band
            Those that an input covers; 1 where nothing was learned for them.
        """
        return self.fake_thresholds.get(present(bands), 1.0)

    def flux_sigma(self, variance: Floats) -> Floats:
        """Return the standard deviation of log10 of fluxes.

        Parameters
        ----------
        variance : (n,) ndarray
            As the network says it.
        """
        stated, true = self.flux_error
        sigma = np.sqrt(variance)
        return np.asarray(sigma * np.interp(sigma, stated, true / stated))

    def systematic_dex(self, log10_flux: Floats, lat: Floats) -> Floats:
        """Return the systematic error of fluxes, dex; NaN if it was not measured.

        Parameters
        ----------
        log10_flux, lat : (n,) ndarray
            Fluxes, and Galactic latitudes in deg.
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


def _curve(told: Mapping[str, Sequence[float]], x: str, y: str) -> Floats:
    """Return the points of a curve that was learned."""
    points = np.array([told[x], told[y]], float)
    if not points.size:
        raise ValueError(f"there is no point in {told}")
    return points
