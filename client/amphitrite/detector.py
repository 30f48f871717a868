"""What a source detector has learned, as its client needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amphitrite.bands import BANDS, Band, present
from amphitrite.errors import BadInput
from amphitrite.spec import ModelSpec, reading_learned


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
        two of `amphitrite.bands.BANDS`.
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
