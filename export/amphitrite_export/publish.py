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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import onnx
from numpy.typing import NDArray

from amphitrite.answers import check_answer
from amphitrite.errors import BadInput, InferenceFailed, SpecMismatch
from amphitrite.generations import next_generation
from amphitrite.spec import Member, ModelSpec, check_contract, wiring_digest
from amphitrite.surveys.asid import HEADS, UNET, per_source
from amphitrite.triton import parse_config
from amphitrite_export import repository as repo
from amphitrite_export import slots
from amphitrite_export.artefact import Artefact
from amphitrite_export.asid import ENSEMBLES, check_detector, peaks_file
from amphitrite_export.config import (
    Ensemble,
    ensemble_config,
    model_config,
    specs_in,
    steps_in,
)
from amphitrite_export.convert import OnnxFile, digest, to_onnx
from amphitrite_export.parity import parity, run
from amphitrite_export.peaks import MAX_PEAKS
from amphitrite_export.settings import settings_of
from amphitrite_export.validate import check_ensemble, check_model

logger = logging.getLogger(__name__)


# Kept with each file's learned values: how well it agrees with its network.
PARITY: Final = "parity"
# What each member's own spec says of how it came to be; of no use to who asks an
# ensemble, and different in each.
_OWN: Final = (PARITY, "recipe", "training")
_HEADS: Final = {head.name: head for head in HEADS}


@dataclass(frozen=True)
class Published:
    """What is served after publishing or rolling back.

    Parameters
    ----------
    model : str
        The model's name in the repository.
    version : int
        The version that clients now get.
    digest : str
        The digest in that version's spec.
    """

    model: str
    version: int
    digest: str


@dataclass(frozen=True)
class _Change:
    """The next version of a model, checked and not yet written."""

    version: int
    kept: Mapping[int, ModelSpec]
    text: str
    files: Mapping[str, bytes]
    gpu: str | None = None


def publish(
    artefacts: Sequence[Artefact], repository: Path, *, max_peaks: int | None = None
) -> list[Published]:
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
        patches (see `amphitrite_export.slots`).

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


def publish_together(
    files: Sequence[OnnxFile],
    repository: Path,
    *,
    ensembles: Sequence[Ensemble] = (),
) -> list[Published]:
    """Publish models, and every ensemble that they are members of, as one generation.

    Parameters
    ----------
    files : sequence of OnnxFile
        The models.
    repository : Path
        The model repository; created if need be.
    ensembles : sequence of Ensemble
        Ensembles to publish besides those that are in the repository; one of a name
        that is there takes its place.

    Returns
    -------
    list of Published
        The models, then the ensembles, each of which pins the new models.

    Raises
    ------
    BadInput
        A file does not fit its spec, an ensemble breaks one of Triton's rules, or a
        head learned from another detector; nothing was written.
    OutputError
        The repository cannot be written.
    """
    with next_generation(repository) as generation:
        changes = _write(files, repository, generation.folder, ensembles)
    return _published(changes)


def _write(
    files: Sequence[OnnxFile],
    repository: Path,
    folder: Path,
    ensembles: Sequence[Ensemble],
) -> dict[str, _Change]:
    """Write the next versions of models and their ensembles into a folder.

    The folder is the repository's next generation; nothing is written there before all
    of them are prepared.
    """
    given = {ensemble.contract.name: ensemble.contract for ensemble in ensembles}
    changes = {file.spec.name: _model_change(file, repository, given) for file in files}
    for ensemble in _affected(list(changes), repository, ensembles):
        change = _ensemble_change(ensemble, repository, changes)
        changes[ensemble.contract.name] = change
    for name, change in changes.items():
        repo.add_version(folder, name, change.version, change.files)
        _switch(folder, name, change.text, change.gpu)
        repo.remove_versions(folder, name, but=set(change.kept))
    return changes


def _published(changes: Mapping[str, _Change]) -> list[Published]:
    """Say what is served now."""
    for name, change in changes.items():
        logger.info("published %s version %d", name, change.version)
    return [
        Published(name, change.version, change.kept[change.version].digest)
        for name, change in changes.items()
    ]


def rollback(model: str, repository: Path) -> Published:
    """Serve the version before the one that is served now.

    Parameters
    ----------
    model : str
        A model or an ensemble of the repository.
    repository : Path
        The model repository.

    Returns
    -------
    Published
        The version that is served from now on.

    Raises
    ------
    BadInput
        There is no such model or no version before, or the model is a member of an
        ensemble, which is what has to be rolled back then.
    OutputError
        The repository cannot be written.
    """
    repo.read_config(repository, model)  # where there is none, nothing is begun
    with next_generation(repository) as generation:
        return _roll_back(model, repository, generation.folder)


def _roll_back(model: str, repository: Path, folder: Path) -> Published:
    """Serve the version before in the next generation of a repository."""
    config = repo.read_config(repository, model)
    if ensembles := repo.ensembles_of(repository, model):
        raise BadInput(
            f"'{model}' is a member of the ensemble {', '.join(ensembles)}, which pins "
            f"its version; roll that back: --rollback {ensembles[0]}"
        )
    kept = specs_in(config)
    now = max(repo.served(config))
    earlier = [
        version
        for version in repo.versions(repository, model)
        if version < now and version in kept
    ]
    if not earlier:
        raise BadInput(
            f"'{model}' serves version {now}, and the repository has none before it"
        )
    version = max(earlier)
    if config.ensemble_scheduling.step:
        text = ensemble_config(
            kept, version, steps_in(config), max_batch_size=config.max_batch_size
        )
        _switch(folder, model, text)
    else:
        settings = settings_of(model)
        _switch(
            folder,
            model,
            *(
                model_config(kept, [version], settings, gpu=gpu)
                for gpu in (False, True)
            ),
        )
    return Published(model, version, kept[version].digest)


def _affected(
    names: Sequence[str], repository: Path, given: Sequence[Ensemble]
) -> list[Ensemble]:
    """Return the ensembles to publish with some models, those given in any case."""
    known = {ensemble.contract.name for ensemble in given}
    affected = {name for each in names for name in repo.ensembles_of(repository, each)}
    there = [
        _ensemble_in(repo.read_config(repository, name))
        for name in sorted(affected - known)
    ]
    return [*there, *given]


def _ensemble_in(config: Any) -> Ensemble:
    return Ensemble(_served_spec(config), tuple(steps_in(config)))


def _model_change(
    file: OnnxFile, repository: Path, given: Mapping[str, ModelSpec]
) -> _Change:
    """Prepare the next version of a model, to be published with given ensembles.

    An ensemble that gets another contract cannot go back, nor hold its members to
    theirs.
    """
    name = file.spec.name
    ensembles = [
        ensemble
        for ensemble in repo.ensembles_of(repository, name)
        if not _replaces(given.get(ensemble), repository, ensemble)
    ]
    needed = {_pins(repository, ensemble)[name] for ensemble in ensembles}
    kept, version = _kept(repository, file.spec, needed=needed)
    serving = sorted(kept) if ensembles else [version]
    text, gpu = (
        model_config(kept, serving, settings_of(name), gpu=gpu) for gpu in (False, True)
    )
    check_model(parse_config(text), onnx.load_from_string(file.content))
    return _Change(version, kept, text, {repo.MODEL_FILE: file.content}, gpu)


def _replaces(contract: ModelSpec | None, repository: Path, name: str) -> bool:
    """Return whether an ensemble in the repository is to get another contract."""
    if contract is None:
        return False
    try:
        served = _served_spec(repo.read_config(repository, name))
        check_contract(served=served, expected=contract)
    except SpecMismatch:
        return True
    return False


def _ensemble_change(
    ensemble: Ensemble, repository: Path, changes: Mapping[str, _Change]
) -> _Change:
    """Prepare the next version of an ensemble, of members that may be changing too."""
    name = ensemble.contract.name
    configs = {
        each: repo.read_config(repository, each) for each in repo.models(repository)
    }
    pins = _pins(repository, name) if name in configs else {}
    for each, change in changes.items():
        configs[each] = parse_config(change.text)
        pins[each] = change.version
    specs = _member_specs(ensemble, configs, pins)
    check_detector(list(specs.values()))
    members = tuple(
        Member(each, version, spec.digest, spec.identity)
        for (each, version), spec in specs.items()
    )
    spec = ensemble.contract.with_weights(
        digest=wiring_digest(
            members,
            [(step.model, step.inputs, step.outputs) for step in ensemble.steps],
        ),
        learned=_joined(name, list(specs.values())),
        members=members,
    )
    kept, version = _kept(repository, spec)
    limits = [configs[member.name].max_batch_size for member in members]
    text = ensemble_config(
        kept,
        version,
        ensemble.steps,
        max_batch_size=min((limit for limit in limits if limit), default=0),
    )
    check_ensemble(
        parse_config(text),
        {each: (config, set(repo.served(config))) for each, config in configs.items()},
    )
    return _Change(version, kept, text, {repo.PLACEHOLDER: b""})


def _member_specs(
    ensemble: Ensemble, configs: Mapping[str, Any], pins: Mapping[str, int]
) -> dict[tuple[str, int], ModelSpec]:
    """Return the specs of an ensemble's members by name and version.

    A member that is neither pinned nor changing comes in the newest version served.
    """
    specs = {}
    for name in sorted({step.model for step in ensemble.steps}):
        if name not in configs:
            raise BadInput(
                f"the ensemble needs the model '{name}', which is not in the "
                "repository; publish the members first"
            )
        version = pins.get(name) or max(repo.served(configs[name]))
        specs[name, version] = specs_in(configs[name])[version]
    return specs


def _joined(ensemble: str, members: Sequence[ModelSpec]) -> dict[str, Any]:
    """Return the learned values of all members; how each came to be is its own."""
    joined: dict[str, Any] = {}
    for member in members:
        for key, value in member.learned.items():
            if key not in _OWN and joined.setdefault(key, value) != value:
                raise BadInput(
                    f"the members of '{ensemble}' do not belong together: '{key}' is "
                    f"{value} in '{member.name}' and {joined[key]} in another; publish "
                    "the artefact that all of them come from"
                )
    return joined


def _kept(
    repository: Path, spec: ModelSpec, *, needed: Iterable[int] = ()
) -> tuple[dict[int, ModelSpec], int]:
    """Return the specs to keep, the new one among them, and the new version's number.

    Kept is the version that is served; of a member of ensembles, what they pin.  A
    version of another contract cannot be: one configuration cannot describe both.
    """
    version = max(repo.versions(repository, spec.name), default=0) + 1
    if spec.name not in repo.models(repository):
        return {version: spec}, version
    config = repo.read_config(repository, spec.name)
    specs = specs_in(config)
    old = {each: specs[each] for each in set(needed) or {max(repo.served(config))}}
    try:
        for each in old.values():
            check_contract(served=each, expected=spec)
    except SpecMismatch as error:
        if needed:
            raise BadInput(
                f"'{spec.name}' is a member of an ensemble, so its contract cannot "
                f"change: {error}"
            ) from error
        old = {}
    return {**old, version: spec}, version


def _switch(folder: Path, model: str, text: str, gpu: str | None = None) -> None:
    """Write new configurations in the next generation of a repository."""
    if gpu is not None:
        repo.replace_file(folder / model / repo.GPU_CONFIG, gpu)
    repo.replace_file(folder / model / repo.CONFIG, text)


def _served_spec(config: Any) -> ModelSpec:
    return specs_in(config)[max(repo.served(config))]


def _pins(repository: Path, ensemble: str) -> dict[str, int]:
    """Return the members' versions that an ensemble is made of now."""
    config = repo.read_config(repository, ensemble)
    return {member.name: member.version for member in _served_spec(config).members}
