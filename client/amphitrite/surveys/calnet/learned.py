"""What was learned with the network of light curves."""

from __future__ import annotations

from dataclasses import dataclass

from amphitrite.errors import SpecMismatch
from amphitrite.surveys.calnet.prepare.resampling import INTERPOLATIONS
from amphitrite.triton.spec import ModelSpec, reading_learned


@dataclass(frozen=True)
class Learned:
    """What was learned with the weights, as the client needs it.

    Parameters
    ----------
    interpolation : {"pchip", "spline"}
        How the light curves were resampled.
    threshold : float
        Probability from which a star counts as a candidate.
    """

    interpolation: str
    threshold: float

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Read what a served model has learned.

        Raises
        ------
        SpecMismatch
            Something is missing, or unknown to this client.
        """
        with reading_learned(spec) as values:
            learned = cls(str(values["interpolation"]), float(values["threshold"]))
        if learned.interpolation not in INTERPOLATIONS:
            raise SpecMismatch(
                f"the served '{spec.name}' wants the interpolation "
                f"'{learned.interpolation}', which this client does not know; it knows "
                f"{', '.join(INTERPOLATIONS)}. Use client and models of one release."
            )
        return learned
