"""Models and their ensembles, published as one generation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import onnx

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.files.generations import next_generation
from amphitrite.triton.config import parse_config
from amphitrite.triton.spec import Member, ModelSpec, check_contract, wiring_digest
from amphitrite_export.conversion.convert import OnnxFile
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import (
    Ensemble,
    ensemble_config,
    model_config,
    specs_in,
    steps_in,
)
from amphitrite_export.publishing.hooks import CheckMembers, any_members
from amphitrite_export.publishing.settings import settings_of
from amphitrite_export.publishing.validate import check_ensemble, check_model
from amphitrite_export.publishing.versions import (
    PublishedVersion,
    _Change,
    _kept,
    _pins,
    _served_spec,
    _switch,
)

logger = logging.getLogger(__name__)


# Learned value of a file: the largest differences from its network.
PARITY: Final = "parity"
# Learned values on how a member was made: they differ between members, and users of an
# ensemble do not need them.
_OWN: Final = (PARITY, "recipe", "training")


def publish_together(
    files: Sequence[OnnxFile],
    repository: Path,
    *,
    ensembles: Sequence[Ensemble] = (),
    check_members: CheckMembers = any_members,
) -> list[PublishedVersion]:
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
    check_members : callable
        See `amphitrite_export.publishing.hooks.Hooks`.

    Returns
    -------
    list of PublishedVersion
        The models, then the ensembles, each of which pins the new models.

    Raises
    ------
    BadInput
        A file does not fit its spec, an ensemble breaks one of Triton's rules, or its
        members do not belong together; nothing was written.
    OutputError
        The repository cannot be written.
    """
    with next_generation(repository) as generation:
        changes = write(
            files,
            repository,
            generation.folder,
            ensembles=ensembles,
            check_members=check_members,
        )
    return published(changes)


def write(
    files: Sequence[OnnxFile],
    repository: Path,
    folder: Path,
    *,
    ensembles: Sequence[Ensemble],
    check_members: CheckMembers,
) -> dict[str, _Change]:
    """Write the next versions of models and their ensembles into a folder.

    The folder is the repository's next generation; nothing is written there before all
    of them are prepared.  See `publish_together` for the rest.
    """
    given = {ensemble.contract.name: ensemble.contract for ensemble in ensembles}
    changes = {file.spec.name: _model_change(file, repository, given) for file in files}
    for ensemble in _affected(list(changes), repository, ensembles):
        change = _ensemble_change(ensemble, repository, changes, check_members)
        changes[ensemble.contract.name] = change
    for name, change in changes.items():
        repo.add_version(folder, name, change.version, change.files)
        _switch(folder, name, change.text, change.gpu)
        repo.remove_versions(folder, name, but=set(change.kept))
    return changes


def published(changes: Mapping[str, _Change]) -> list[PublishedVersion]:
    """Return the versions of changed models that are served now, and log them."""
    for name, change in changes.items():
        logger.info("published %s version %d", name, change.version)
    return [
        PublishedVersion(name, change.version, change.kept[change.version].digest)
        for name, change in changes.items()
    ]


def _affected(
    names: Sequence[str], repository: Path, given: Sequence[Ensemble]
) -> list[Ensemble]:
    """Return the ensembles to publish with new models, all given ones among them."""
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

    An ensemble whose contract changes cannot be rolled back, so that the versions and
    contracts of its members need not be kept.
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
    ensemble: Ensemble,
    repository: Path,
    changes: Mapping[str, _Change],
    check_members: CheckMembers,
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
    check_members(list(specs.values()))
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
    """Return the learned values of all members, but those on how each was made."""
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
