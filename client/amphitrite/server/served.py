"""The models that a local server serves, checked before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amphitrite.errors import BadInput
from amphitrite.triton.config import parse_config
from amphitrite.triton.plain_models import CONFIG, CONFIGS, PlainModel, read_model
from amphitrite.triton.repository import model_folders


def choose(repository: Path, names: Sequence[str] | None) -> list[PlainModel]:
    """Return the requested models, with the members of ensembles among them.

    Parameters
    ----------
    repository : Path
        The repository's folder.
    names : sequence of str or None
        Names of the models; None for all models of the repository.

    Raises
    ------
    BadInput
        The repository or a model does not exist, or a model's folder holds something
        that is not part of a model; the message names it.
    """
    if not repository.is_dir():
        raise BadInput(f"there is no model repository at {repository}")
    folders = {folder.name: folder for folder in model_folders(repository)}
    waiting = list(folders if names is None else names)
    chosen: dict[str, PlainModel] = {}
    needed_by: dict[str, str] = {}
    while waiting:
        name = waiting.pop(0)
        if name in chosen:
            continue
        if name not in folders:
            needed = f", which '{needed_by[name]}' needs" if name in needed_by else ""
            raise BadInput(
                f"the model repository {repository} has no model '{name}'{needed}; "
                f"it has {', '.join(folders) or 'none'}"
            )
        chosen[name] = read_model(folders[name])
        for member in _members(chosen[name]):
            needed_by.setdefault(member, name)
            waiting.append(member)
    # ensembles last, since an error of a member says more than that of its ensemble
    return sorted(chosen.values(), key=lambda model: (model.is_ensemble, model.name))


def instances(model: PlainModel, *, gpu: bool) -> int:
    """Return the number of server processes that run a model; 0 for an ensemble."""
    if model.is_ensemble:
        return 0
    groups = _config(model, gpu=gpu).instance_group
    # Triton starts one instance where none is configured
    return sum(max(1, group.count) * max(1, len(group.gpus)) for group in groups) or 1


def _members(model: PlainModel) -> list[str]:
    steps = _config(model).ensemble_scheduling.step
    return [str(step.model_name) for step in steps]


def _config(model: PlainModel, *, gpu: bool = False) -> Any:
    special = f"{CONFIGS}/gpu.pbtxt"
    chosen = special if gpu and special in model.texts else CONFIG
    return parse_config(model.texts[chosen])
