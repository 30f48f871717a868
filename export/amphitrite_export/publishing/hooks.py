"""Additions of a survey with several models to their publication."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from amphitrite.triton.artefact import Artefact
from amphitrite.triton.spec import ModelSpec
from amphitrite_export.conversion.convert import OnnxFile
from amphitrite_export.publishing.config import Ensemble

Convert = Callable[[Artefact], OnnxFile]
Companions = Callable[[Sequence[ModelSpec]], Sequence[OnnxFile]]
CheckMembers = Callable[[Sequence[ModelSpec]], None]


def no_companions(_: Sequence[ModelSpec]) -> Sequence[OnnxFile]:
    """Return no file."""
    return ()


def any_members(_: Sequence[ModelSpec]) -> None:
    """Accept all members."""


@dataclass(frozen=True)
class Hooks:
    """Additions of one survey; a survey of a single plain network has none.

    Parameters
    ----------
    convert : mapping of str to callable
        By model: ``convert(artefact)`` returns the `OnnxFile` of a model that is more
        than its network.  The others are converted as they are.
    companions : callable
        ``companions(specs)`` returns the files of models that are published with those
        of the given specs: models that are not trained, but built from what the trained
        ones learned.  It raises `BadInput` where that cannot be.
    ensembles : tuple of Ensemble
        Published as soon as all their members are in the repository.
    check_members : callable
        ``check_members(specs)`` raises `BadInput` where the members of an ensemble do
        not belong together.
    """

    convert: Mapping[str, Convert] = field(default_factory=dict)
    companions: Companions = no_companions
    ensembles: tuple[Ensemble, ...] = ()
    check_members: CheckMembers = any_members
