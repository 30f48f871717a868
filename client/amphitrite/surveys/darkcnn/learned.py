"""The learned values of darkCNN: what simulated clusters of known cross-sections said.

Each group of values holds for clusters of one kind, since a network sees less in a map
of all mass alone than in three, and less in noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import (
    CHANNELS,
    LOG_OFFSET,
    OWN_WARNING,
    WARNING,
)
from amphitrite.triton.spec import ModelSpec, reading_learned

LARGEST: Final = 2.0
"""Largest cross-section of the simulated clusters, cm2/g."""
MEAN_TERMS: Final = 5
"""Chebyshev polynomials in the curve of the mean score."""
VARIANCE_TERMS: Final = 3
"""Chebyshev polynomials in the curve of the score's variance."""
OWN: Final = "own"
"""Learned value of a network that was trained on a user's maps: which they were."""
_DIGITS: Final = 3  # of a logarithm, by which cross-sections are different
_LEAST_VARIANCE: Final = 0.2  # of the mean variance, below which no curve may fall


def logarithm(cross_section: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Return log10 of cross-sections in cm2/g plus `LOG_OFFSET`."""
    return np.asarray(np.log10(np.asarray(cross_section, float) + LOG_OFFSET))


def polynomials(
    cross_section: NDArray[np.floating], n_terms: int
) -> NDArray[np.float64]:
    """Return the (n, n_terms) Chebyshev polynomials at (n,) cross-sections in cm2/g.

    Their variable is `logarithm`, from -1 at 0 to 1 at `LARGEST`.
    """
    low, high = logarithm(0.0), logarithm(LARGEST)
    place = (logarithm(cross_section) - low) / (high - low)
    return np.asarray(chebvander(2 * np.clip(place, 0, 1) - 1, n_terms - 1))


@dataclass(frozen=True)
class ScoreCurve:
    """The score of a cluster as a function of its cross-section.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise in a pixel of the map of all mass, in
        `amphitrite.surveys.darkcnn.page.DENSITY`.
    mean : (`MEAN_TERMS`,) ndarray of float64
        Coefficients of the mean score.
    covariance : (`MEAN_TERMS`, `MEAN_TERMS`) ndarray of float64
        Their covariance, as finitely many clusters were simulated.
    variance : (`VARIANCE_TERMS`,) ndarray of float64
        Coefficients of the variance of the score of one cluster.
    typical : float
        Mean variance over all cross-sections.
    farthest : float
        The distance in feature space beyond which a cluster counts as unlike those that
        were simulated, of whose number 5 % are beyond it.
    """

    noise: float
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    variance: NDArray[np.float64]
    typical: float
    farthest: float = math.inf

    @classmethod
    def of(
        cls,
        noise: float,
        cross_sections: NDArray[np.floating],
        scores: NDArray[np.floating],
        farthest: float = math.inf,
    ) -> ScoreCurve:
        """Return the curve of simulated clusters, by least squares.

        It has no more terms than different cross-sections determine: from two it is a
        straight line in `logarithm`.

        Parameters
        ----------
        noise, farthest : float
            See above.
        cross_sections, scores : (n,) ndarray
            What is true of them, and the network's scores.

        Raises
        ------
        BadInput
            All have one cross-section.
        """
        n_different = len(np.unique(logarithm(cross_sections).round(_DIGITS)))
        if n_different < 2:
            raise BadInput(
                "how a score depends on the cross-section cannot be seen in clusters "
                "of a single one; give clusters of two cross-sections at least"
            )
        n_mean, n_variance = (min(n, n_different) for n in (MEAN_TERMS, VARIANCE_TERMS))
        terms = polynomials(cross_sections, n_mean)
        truth: NDArray[np.float64] = np.asarray(scores, np.float64)
        mean = _least_squares(terms, truth)
        squared = np.square(truth - terms @ mean)
        typical = float(squared.mean())
        variance = _least_squares(terms[:, :n_variance], squared)
        covariance = np.zeros((MEAN_TERMS, MEAN_TERMS))
        covariance[:n_mean, :n_mean] = typical * np.linalg.inv(terms.T @ terms)
        return cls(
            noise,
            np.pad(mean, (0, MEAN_TERMS - n_mean)),
            covariance,
            np.pad(variance, (0, VARIANCE_TERMS - n_variance)),
            typical,
            farthest,
        )

    def mean_at(self, cross_sections: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the mean score at (n,) cross-sections in cm2/g."""
        return np.asarray(polynomials(cross_sections, MEAN_TERMS) @ self.mean)

    def mean_error_at(
        self, cross_sections: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the variance of `mean_at`, which all clusters share."""
        terms = polynomials(cross_sections, MEAN_TERMS)
        return np.asarray(np.einsum("ni,ij,nj->n", terms, self.covariance, terms))

    def variance_at(self, cross_sections: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the variance of the score of one cluster at (n,) cross-sections."""
        found = polynomials(cross_sections, VARIANCE_TERMS) @ self.variance
        return np.asarray(np.maximum(found, _LEAST_VARIANCE * self.typical))

    def as_learned(self) -> Mapping[str, Any]:
        """Return the curve in JSON types, as `Learned.of` reads it."""
        return {
            "noise": self.noise,
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "variance": self.variance.tolist(),
            "typical": self.typical,
            "farthest": self.farthest,
        }


@dataclass(frozen=True)
class Floor:
    """Multinomial logistic regression on the profile of all mass and the attributes.

    Parameters
    ----------
    mean, scale : (n_features,) ndarray of float64
        By which features are standardised; see
        `amphitrite.surveys.darkcnn.interpret.floor.features`.
    weights : (n_features, n_labels) ndarray of float64
    bias : (n_labels,) ndarray of float64
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def as_learned(self) -> Mapping[str, Any]:
        """Return the coefficients in JSON types, as `Learned.of` reads them."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
        }


@dataclass(frozen=True)
class Learned:
    """The learned values that come with the weights.

    Parameters
    ----------
    curves : mapping of str to sequence of ScoreCurve
        By the kind of cluster (see `kind`), in the order of rising noise.
    shifts : mapping of str to (n, 2) ndarray of float64
        By the name of a systematic, such as ``age 7.5 Gyr``: cross-sections in cm2/g,
        and by how much the mean score is larger if clusters are so.
    floor : Floor
        The regression beside the network.
    """

    curves: Mapping[str, Sequence[ScoreCurve]]
    shifts: Mapping[str, NDArray[np.float64]]
    floor: Floor

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Return the learned values in a served model's spec.

        Raises
        ------
        SpecMismatch
            A value is missing, or none that can be used.
        """
        with reading_learned(spec) as values:
            return cls(
                {
                    str(name): tuple(map(_curve, stored))
                    for name, stored in values["score_curves"].items()
                },
                {
                    str(name): np.array(pairs, np.float64).reshape(-1, 2)
                    for name, pairs in values["systematics"].items()
                },
                Floor(**{key: np.array(v) for key, v in values["floor"].items()}),
            )

    def farthest(self, kind: str, noise: float = 0.0) -> float:
        """Return the distance beyond which a cluster is unlike simulated ones.

        Parameters
        ----------
        kind : str
            See `kind`.
        noise : float
            See `ScoreCurve`; the nearest one is taken.

        Returns
        -------
        float
            Infinite for a kind of which none were simulated.
        """
        curves = self.curves.get(kind, ())
        nearest = min(curves, key=lambda curve: abs(curve.noise - noise), default=None)
        return math.inf if nearest is None else nearest.farthest

    def as_learned(self) -> dict[str, Any]:
        """Return the values in JSON types, as `Learned.of` reads them."""
        return {
            "score_curves": {
                name: [curve.as_learned() for curve in curves]
                for name, curves in self.curves.items()
            },
            "systematics": {name: each.tolist() for name, each in self.shifts.items()},
            "floor": self.floor.as_learned(),
        }


def warning(spec: ModelSpec) -> str:
    """Return what must be said before anything that a network says."""
    return OWN_WARNING if OWN in spec.learned else WARNING


def kind(present: NDArray[np.floating], *, relative: bool) -> str:
    """Return the name of a kind of cluster, such as ``relative total+stars``.

    Parameters
    ----------
    present : (3,) ndarray
        1 for each channel that is present, else 0.
    relative : bool
        Whether the map of all mass is over its own maximum.
    """
    names = [name for name, has in zip(CHANNELS, present, strict=True) if has]
    return "relative " * relative + "+".join(names)


def _least_squares(
    terms: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the coefficients of terms that come nearest to some values."""
    coefficients, *_ = np.linalg.lstsq(terms, values)
    return np.asarray(coefficients, np.float64)


def _curve(stored: Mapping[str, Any]) -> ScoreCurve:
    mean, covariance, variance = (
        np.array(stored[key], np.float64) for key in ("mean", "covariance", "variance")
    )
    noise, typical, farthest = (
        float(stored[key]) for key in ("noise", "typical", "farthest")
    )
    return ScoreCurve(noise, mean, covariance, variance, typical, farthest)
