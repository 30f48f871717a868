"""What the networks say of each peak, and the numbers of a catalogue that follow."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.bands import BANDS, Band, present
from amphitrite.detector import Detector
from amphitrite.spec import ModelSpec, reading_learned

Floats = NDArray[np.floating]

PLANE_DEGREES: Final = 10.0
"""So near to the Galactic plane a flux depends more on the diffuse light."""

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
        present (see `amphitrite.bands.present`).
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
            See `amphitrite.detector.Detector.threshold`.
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


def _curve(told: Mapping[str, Sequence[float]], x: str, y: str) -> Floats:
    """Return the points of a curve that was learned."""
    points = np.array([told[x], told[y]], float)
    if not points.size:
        raise ValueError(f"there is no point in {told}")
    return points


def flux_columns(
    log10_flux: Floats, variance: Floats, lat: Floats, *, calibration: Calibration
) -> dict[str, Any]:
    """Return the columns of a catalogue that are about flux.

    Parameters
    ----------
    log10_flux, variance : (n,) ndarray
        Photons above 1 GeV per cm2 and s, and the variance of its logarithm.
    lat : (n,) ndarray
        Galactic latitudes, deg.
    calibration : Calibration
        For the errors.

    Returns
    -------
    dict of str to (n,) ndarray
        ``flux1000``, ``flux1000_err`` and ``flux1000_sys``.

    Notes
    -----
    The errors are those of the logarithm carried over to first order, F ln(10) sigma.
    """
    flux = 10.0 ** np.asarray(log10_flux, np.float64)
    per_dex = flux * np.log(10)
    return {
        "flux1000": flux,
        "flux1000_err": per_dex * calibration.flux_sigma(variance),
        "flux1000_sys": per_dex * calibration.systematic_dex(log10_flux, lat),
    }


def radius_columns(variance: Floats, calibration: Calibration) -> dict[str, Any]:
    """Return the columns ``r68`` and ``r95``, deg, from variances in deg2."""
    sigma = np.sqrt(np.asarray(variance, np.float64))
    at_68, at_95 = calibration.radii
    return {"r68": at_68 * sigma, "r95": at_95 * sigma}
