"""Publish a version of a model or of an ensemble, and go back to the one before.

Every model keeps two versions: the one that was served until now and the new one.  A
model on its own serves one of them.  A member of an ensemble serves both, because the
ensemble pins its members' versions: while it is switched over, and after a rollback,
the versions of the other generation are needed.  Members are written first, the
ensemble last.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.spec import Member, ModelSpec, check_contract
from amphitrite.triton import parse_config
from amphitrite_export import repository as repo
from amphitrite_export.artefact import Artefact
from amphitrite_export.config import (
    Step,
    ensemble_config,
    model_config,
    specs_in,
    steps_in,
)
from amphitrite_export.convert import digest, to_onnx
from amphitrite_export.parity import parity
from amphitrite_export.settings import settings_of
from amphitrite_export.validate import check_ensemble, check_model

logger = logging.getLogger(__name__)


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


def publish(artefact: Artefact, repository: Path) -> list[Published]:
    """Convert an artefact and make it the served version of its model.

    Parameters
    ----------
    artefact : Artefact
        What training left behind.
    repository : Path
        The model repository; created if need be.

    Returns
    -------
    list of Published
        The model first, then every ensemble of which it is a member, each with a new
        version that pins the new member.

    Raises
    ------
    BadInput
        The network does not fit its spec, or its ONNX file does not answer as it does.
    OutputError
        The repository cannot be written.
    """
    proto = to_onnx(artefact.model, artefact.spec)
    content = proto.SerializeToString(deterministic=True)
    measured = parity(artefact.model, content, artefact.samples)
    spec = artefact.spec.with_weights(
        digest=digest(content), learned={**artefact.spec.learned, "parity": measured}
    )
    return publish_onnx(content, spec, repository)


def publish_onnx(content: bytes, spec: ModelSpec, repository: Path) -> list[Published]:
    """Make an ONNX file the served version of its model; see `publish`.

    Parameters
    ----------
    content : bytes
        The ONNX file.
    spec : ModelSpec
        Its spec with the file's digest.
    repository : Path
        The model repository; created if need be.

    Returns
    -------
    list of Published
        The model first, then the ensembles of which it is a member.
    """
    if spec.digest != digest(content):
        raise BadInput(
            f"the spec of '{spec.name}' is of the file {spec.digest or '(none)'}; the "
            f"file given is {digest(content)}"
        )
    ensembles = repo.ensembles_of(repository, spec.name)
    pinned = {name: _pins(repository, name) for name in ensembles}
    kept, version = _kept(
        repository, spec, needed={pins[spec.name] for pins in pinned.values()}
    )
    settings = settings_of(spec.name)
    serving = sorted(kept) if ensembles else [version]
    text, gpu = (
        model_config(kept, serving, settings, gpu=gpu) for gpu in (False, True)
    )
    check_model(parse_config(text), onnx.load_from_string(content))
    repo.add_version(repository, spec.name, version, {repo.MODEL_FILE: content})
    _switch(repository, spec.name, text, gpu)
    done = [Published(spec.name, version, spec.digest)]
    for name in ensembles:
        config = repo.read_config(repository, name)
        done += publish_ensemble(
            _served_spec(config),
            steps_in(config),
            repository,
            pins={**pinned[name], spec.name: version},
        )
    repo.remove_versions(repository, spec.name, but=set(kept))
    logger.info("published %s version %d", spec.name, version)
    return done


def publish_ensemble(
    contract: ModelSpec,
    steps: Sequence[Step],
    repository: Path,
    *,
    pins: Mapping[str, int] | None = None,
) -> list[Published]:
    """Publish an ensemble of models that are in the repository.

    Parameters
    ----------
    contract : ModelSpec
        The ensemble's contract; members and digest are filled in here.
    steps : sequence of Step
        The members, all of them in the repository, and how their tensors are joined.
    repository : Path
        The model repository.
    pins : mapping of str to int, optional
        The members' versions; the newest that each serves by default.

    Returns
    -------
    list of Published
        The ensemble.

    Raises
    ------
    BadInput
        The ensemble breaks one of Triton's rules.
    OutputError
        The repository cannot be written.
    """
    configs = {
        name: repo.read_config(repository, name) for name in repo.models(repository)
    }
    members = tuple(
        _member(name, configs, version=(pins or {}).get(name))
        for name in sorted({step.model for step in steps})
    )
    spec = contract.with_weights(
        digest=_ensemble_digest(members, steps), members=members
    )
    kept, version = _kept(repository, spec)
    limits = [configs[member.name].max_batch_size for member in members]
    text = ensemble_config(
        kept,
        version,
        steps,
        max_batch_size=min((limit for limit in limits if limit), default=0),
    )
    others = {
        name: (config, set(repo.served(config))) for name, config in configs.items()
    }
    check_ensemble(parse_config(text), others)
    repo.add_version(repository, spec.name, version, {repo.PLACEHOLDER: b""})
    _switch(repository, spec.name, text)
    repo.remove_versions(repository, spec.name, but=set(kept))
    return [Published(spec.name, version, spec.digest)]


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
        _switch(repository, model, text)
    else:
        settings = settings_of(model)
        _switch(
            repository,
            model,
            *(
                model_config(kept, [version], settings, gpu=gpu)
                for gpu in (False, True)
            ),
        )
    return Published(model, version, kept[version].digest)


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


def _switch(repository: Path, model: str, text: str, gpu: str | None = None) -> None:
    """Let new configurations take effect, the one for processors last."""
    if gpu is not None:
        repo.replace_file(repository / model / repo.GPU_CONFIG, gpu)
    repo.replace_file(repository / model / repo.CONFIG, text)


def _served_spec(config: Any) -> ModelSpec:
    return specs_in(config)[max(repo.served(config))]


def _pins(repository: Path, ensemble: str) -> dict[str, int]:
    """Return the members' versions that an ensemble is made of now."""
    config = repo.read_config(repository, ensemble)
    return {member.name: member.version for member in _served_spec(config).members}


def _member(name: str, configs: Mapping[str, Any], *, version: int | None) -> Member:
    if name not in configs:
        raise BadInput(
            f"the ensemble needs the model '{name}', which is not in the repository; "
            "publish the members first"
        )
    specs = specs_in(configs[name])
    chosen = version or max(repo.served(configs[name]))
    return Member(name, chosen, specs[chosen].digest)


def _ensemble_digest(members: Sequence[Member], steps: Sequence[Step]) -> str:
    """Digest what an ensemble computes: its members' weights and their wiring."""
    parts = {
        "members": [[member.name, member.digest] for member in members],
        "steps": [asdict(step) for step in steps],
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
