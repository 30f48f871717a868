"""The learned values of the network of light curves."""

from __future__ import annotations

from dataclasses import dataclass

from amphitrite.errors import SpecMismatch
from amphitrite.surveys.calnet.prepare.resampling import INTERPOLATIONS
from amphitrite.triton.spec import ModelSpec, reading_learned


@dataclass(frozen=True)
class Learned:
    """The learned values that come with the weights.

    Parameters
    ----------
    interpolation : {"pchip", "spline"}
        Interpolation with which light curves were resampled.
    threshold : float
        Probability from which on a star counts as a candidate.
    """

    interpolation: str
    threshold: float

    @classmethod
    def of(cls, spec: ModelSpec) -> Learned:
        """Return the learned values in a served model's spec.

        Raises
        ------
        SpecMismatch
            A value is missing, or unknown to this client.
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
