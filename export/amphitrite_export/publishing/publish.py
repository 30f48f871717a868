"""Publish a version of a model or of an ensemble, and go back to the one before.

Every model keeps two versions: the one that was served until now and the new one.  A
model on its own serves one of them.  A member of an ensemble serves both, because the
ensemble pins its members' versions: after a rollback, the versions of the other
generation are needed.  What is published together is checked as a whole before anything
is written, and the repository is replaced in one step: whoever reads it finds the old
generation or the new one, however this process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from amphitrite.errors import BadInput, InferenceFailed, SpecMismatch
from amphitrite.files.generations import next_generation
from amphitrite.surveys.asid.page import HEADS, UNET, per_source
from amphitrite.triton.answers import check_answer
from amphitrite.triton.spec import ModelSpec, check_contract
from amphitrite_export.conversion.artefact import Artefact
from amphitrite_export.conversion.convert import OnnxFile, digest, to_onnx
from amphitrite_export.conversion.parity import parity, run
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import Ensemble
from amphitrite_export.publishing.generations import PARITY, _published, _write
from amphitrite_export.publishing.versions import PublishedVersion
from amphitrite_export.surveys.asid import slots
from amphitrite_export.surveys.asid.ensembles import ENSEMBLES, peaks_file
from amphitrite_export.surveys.asid.peaks import MAX_PEAKS

logger = logging.getLogger(__name__)
_HEADS: Final = {head.name: head for head in HEADS}


def publish(
    artefacts: Sequence[Artefact], repository: Path, *, max_peaks: int | None = None
) -> list[PublishedVersion]:
    """Convert artefacts and make them the served versions of their models.

    A detector of gamma-ray sources takes its peak finder along.  The ensembles of
    detector and describing networks are published as soon as all members are there.

    Parameters
    ----------
    artefacts : sequence of Artefact
        What training left behind; those given together become one generation.
    repository : Path
        The model repository; created if need be.
    max_peaks : int, optional
        Of a detector of gamma-ray sources: how many peaks of a patch are listed, 64 by
        default.

    Returns
    -------
    list of Published
        The models in the order given, then what was published with them; see
        `publish_together`.

    Raises
    ------
    BadInput
        A network does not fit its spec, or its ONNX file does not answer as it does;
        or a model is given twice.
    OutputError
        The repository cannot be written.
    """
    names = [artefact.spec.name for artefact in artefacts]
    if len(set(names)) < len(names):
        raise BadInput(
            f"the artefacts are of {', '.join(names)}; give one of each model"
        )
    if max_peaks is not None and UNET.name not in names:
        raise BadInput(
            f"--max-peaks is an option of {UNET.name}; the artefact is of "
            f"{', '.join(names)}"
        )
    files = [converted(artefact) for artefact in artefacts]
    if UNET.name in names:
        unet = files[names.index(UNET.name)]
        n = MAX_PEAKS if max_peaks is None else max_peaks
        files.append(peaks_file(unet.spec, max_peaks=n))
    with next_generation(repository) as generation:
        ensembles = _complete(files, repository)
        changes = _write(files, repository, generation.folder, ensembles)
    return _published(changes)


def _complete(files: Sequence[OnnxFile], repository: Path) -> list[Ensemble]:
    """Return the ensembles of some models whose members are all there."""
    changing = {file.spec.name for file in files}
    there = changing | set(repo.models(repository))
    complete = []
    for ensemble in ENSEMBLES:
        needed = {step.model for step in ensemble.steps}
        if not needed & changing:
            continue
        if lacking := sorted(needed - there):
            logger.warning(
                "the ensemble '%s' is not published yet: it needs %s too",
                ensemble.contract.name,
                ", ".join(lacking),
            )
        else:
            complete.append(ensemble)
    return complete


def converted(artefact: Artefact) -> OnnxFile:
    """Convert an artefact and compare the result with it.

    Returns
    -------
    OnnxFile
        The learned values of its spec say how well they agree, as ``parity``.  A
        network that describes single sources becomes one that takes the peaks of
        patches (see `amphitrite_export.surveys.asid.slots`).

    Raises
    ------
    BadInput
        The network does not fit its spec, or its ONNX file does not answer as it does,
        or not within the ranges that the spec declares.
    """
    spec, proto = artefact.spec, to_onnx(artefact.model, artefact.spec)
    answer = None
    if (head := _HEADS.get(spec.name)) is not None:
        _check_head(spec, per_source(head))
        proto, answer = slots.over_slots(proto, head), slots.answer
        spec = head.with_weights(digest="", learned=spec.learned)
    content = proto.SerializeToString(deterministic=True)
    measured = parity(artefact.model, content, artefact.samples, answer=answer)
    _check_ranges(artefact, (answer or run)(content, artefact.samples))
    spec = spec.with_weights(
        digest=digest(content), learned={**spec.learned, PARITY: measured}
    )
    return OnnxFile(content, spec)


def _check_ranges(artefact: Artefact, given: Mapping[str, NDArray[Any]]) -> None:
    try:
        check_answer(artefact.spec, artefact.samples, given)
    except InferenceFailed as error:
        raise BadInput(
            f"the network '{artefact.spec.name}' does not answer as its spec declares: "
            f"{error}. Nothing was published."
        ) from error


def _check_head(spec: ModelSpec, expected: ModelSpec) -> None:
    try:
        check_contract(served=spec, expected=expected)
    except SpecMismatch as error:
        raise BadInput(
            f"the artefact of '{spec.name}' is of another release: {error}\nTrain it "
            "with this one."
        ) from error
