"""How the networks that detect and describe gamma-ray sources are published."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.surveys.asid.page import HEADS, UNET, per_source
from amphitrite.triton.artefact import Artefact
from amphitrite.triton.spec import ModelSpec, check_contract
from amphitrite_export.conversion.convert import OnnxFile
from amphitrite_export.publishing.hooks import Hooks
from amphitrite_export.publishing.publish import converted
from amphitrite_export.surveys.asid import slots
from amphitrite_export.surveys.asid.ensembles import (
    ENSEMBLES,
    check_detector,
    peaks_file,
)
from amphitrite_export.surveys.asid.peaks import MAX_PEAKS


def hooks(*, max_peaks: int | None = None) -> Hooks:
    """Return the additions to the publication of asid's models.

    A detector is published with its peak finder; a network that describes single
    sources becomes one that takes the peaks of patches (see `slots`); the ensembles are
    published as soon as all members are there.

    Parameters
    ----------
    max_peaks : int, optional
        How many peaks of a patch the peak finder lists, 64 by default; may be given
        only if a detector is published.
    """
    return Hooks(
        convert={head.name: partial(_converted_head, head) for head in HEADS},
        companions=partial(_peak_finder, max_peaks=max_peaks),
        ensembles=ENSEMBLES,
        check_members=check_detector,
    )


def _peak_finder(
    specs: Sequence[ModelSpec], *, max_peaks: int | None
) -> list[OnnxFile]:
    """Return the peak finder of the detector, if there is one among the specs."""
    detectors = [spec for spec in specs if spec.name == UNET.name]
    if max_peaks is not None and not detectors:
        raise BadInput(
            f"--max-peaks is an option of {UNET.name}; the artefact is of "
            f"{', '.join(spec.name for spec in specs)}"
        )
    n = MAX_PEAKS if max_peaks is None else max_peaks
    return [peaks_file(detector, max_peaks=n) for detector in detectors]


def _converted_head(head: ModelSpec, artefact: Artefact) -> OnnxFile:
    """Convert a network that describes single sources into one for peaks of patches."""
    try:
        check_contract(served=artefact.spec, expected=per_source(head))
    except SpecMismatch as error:
        raise BadInput(
            f"the artefact of '{head.name}' is of another release: {error}\nTrain it "
            "with this one."
        ) from error
    return converted(
        artefact,
        contract=head,
        around=partial(slots.over_slots, head=head),
        answer=slots.answer,
    )
