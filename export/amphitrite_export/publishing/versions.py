"""Which version of a model is served, and going back to the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.files.generations import next_generation
from amphitrite.triton.spec import ModelSpec, check_contract
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import (
    ensemble_config,
    model_config,
    specs_in,
    steps_in,
)
from amphitrite_export.publishing.settings import settings_of


@dataclass(frozen=True)
class PublishedVersion:
    """A version that is served after publishing or rolling back.

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


def rollback(model: str, repository: Path) -> PublishedVersion:
    """Serve the version before the one that is served now.

    Parameters
    ----------
    model : str
        A model or an ensemble of the repository.
    repository : Path
        The model repository.

    Returns
    -------
    PublishedVersion
        The version that is served from now on.

    Raises
    ------
    BadInput
        There is no such model or no version before, or the model is a member of an
        ensemble, which has to be rolled back in its place.
    OutputError
        The repository cannot be written.
    """
    repo.read_config(repository, model)  # refuses an unknown model
    with next_generation(repository) as generation:
        return _roll_back(model, repository, generation.folder)


def _roll_back(model: str, repository: Path, folder: Path) -> PublishedVersion:
    """Serve the earlier version in the next generation of a repository."""
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
    return PublishedVersion(model, version, kept[version].digest)


def _kept(
    repository: Path, spec: ModelSpec, *, needed: Iterable[int] = ()
) -> tuple[dict[int, ModelSpec], int]:
    """Return the specs to keep, the new one among them, and the new version's number.

    The version that is served is kept; of a member of ensembles, the versions that they
    pin.  A version of another contract is not: one configuration cannot describe both.
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
    """Return the versions of its members that an ensemble uses now, by name."""
    config = repo.read_config(repository, ensemble)
    return {member.name: member.version for member in _served_spec(config).members}
