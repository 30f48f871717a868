"""Publish a version of a model or of an ensemble, and go back to the one before.

Every model keeps two versions: the one that was served until now and the new one.  A
model on its own serves one of them.  A member of an ensemble serves both, because the
ensemble pins its members' versions: after a rollback, the versions of the other
generation are needed.  What is published together is checked as a whole before anything
is written, and the repository is replaced in one step: a reader gets either the old
generation or the new one, however this process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray

from amphitrite.errors import BadInput, InferenceFailed
from amphitrite.files.generations import next_generation
from amphitrite.triton.answers import check_answer
from amphitrite.triton.artefact import Artefact
from amphitrite.triton.spec import ModelSpec
from amphitrite_export.conversion.convert import OnnxFile, digest, to_onnx
from amphitrite_export.conversion.parity import Answer, parity, run
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import Ensemble
from amphitrite_export.publishing.generations import PARITY, published, write
from amphitrite_export.publishing.hooks import Hooks
from amphitrite_export.publishing.versions import PublishedVersion

logger = logging.getLogger(__name__)


def publish(
    artefacts: Sequence[Artefact], repository: Path, hooks: Sequence[Hooks] = ()
) -> list[PublishedVersion]:
    """Convert artefacts and make them the served versions of their models.

    Parameters
    ----------
    artefacts : sequence of Artefact
        Trained networks; those given together become one generation.
    repository : Path
        The model repository; created if need be.
    hooks : sequence of Hooks
        Additions of the surveys: companions of models, and ensembles, which are
        published as soon as all members are there.

    Returns
    -------
    list of PublishedVersion
        The models in the order given, then their companions and ensembles; see
        `publish_together`.

    Raises
    ------
    BadInput
        A network does not fit its spec, or its ONNX file gives other answers; or a
        model is given twice; or a survey's hook refuses the artefacts.
    OutputError
        The repository cannot be written.
    """
    specs = [artefact.spec for artefact in artefacts]
    names = [spec.name for spec in specs]
    if len(set(names)) < len(names):
        raise BadInput(
            f"the artefacts are of {', '.join(names)}; give one of each model"
        )
    companions = [file for each in hooks for file in each.companions(specs)]
    convert = {name: own for each in hooks for name, own in each.convert.items()}
    files = [convert.get(each.spec.name, converted)(each) for each in artefacts]
    files += companions
    known = [ensemble for each in hooks for ensemble in each.ensembles]

    def check_members(members: Sequence[ModelSpec]) -> None:
        for each in hooks:
            each.check_members(members)

    with next_generation(repository) as generation:
        changes = write(
            files,
            repository,
            generation.folder,
            ensembles=_complete(known, files, repository),
            check_members=check_members,
        )
    return published(changes)


def _complete(
    known: Sequence[Ensemble], files: Sequence[OnnxFile], repository: Path
) -> list[Ensemble]:
    """Return the ensembles of the new files whose members are all there."""
    changing = {file.spec.name for file in files}
    there = changing | set(repo.models(repository))
    complete = []
    for ensemble in known:
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


def converted(
    artefact: Artefact,
    *,
    contract: ModelSpec | None = None,
    around: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None,
    answer: Answer = run,
) -> OnnxFile:
    """Convert an artefact and compare the result with it.

    Parameters
    ----------
    artefact : Artefact
        The trained network.
    contract : ModelSpec, optional
        Inputs and outputs of the served model, where they are not the network's own.
    around : callable, optional
        ``around(graph)`` builds the graph of that contract around the network's.
    answer : callable
        ``answer(content, samples)`` returns the file's outputs for the samples.

    Returns
    -------
    OnnxFile
        The learned value ``parity`` of its spec holds the largest differences.

    Raises
    ------
    BadInput
        The network does not fit its spec, or its ONNX file gives other answers, or
        answers outside the ranges that the spec declares.
    """
    graph = to_onnx(artefact.model, artefact.spec)
    if around is not None:
        graph = around(graph)
    content = graph.SerializeToString(deterministic=True)
    measured = parity(artefact.model, content, artefact.samples, answer=answer)
    _check_ranges(artefact, answer(content, artefact.samples))
    return OnnxFile(
        content,
        (contract or artefact.spec).with_weights(
            digest=digest(content),
            learned={**artefact.spec.learned, PARITY: measured},
        ),
    )


def _check_ranges(artefact: Artefact, given: Mapping[str, NDArray[Any]]) -> None:
    try:
        check_answer(artefact.spec, artefact.samples, given)
    except InferenceFailed as error:
        raise BadInput(
            f"the network '{artefact.spec.name}' does not answer as its spec declares: "
            f"{error}. Nothing was published."
        ) from error
