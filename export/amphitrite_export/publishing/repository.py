"""The model repository on disk: what it holds, and how its next generation is written.

Nothing is written into the repository itself, but into its next generation, which then
takes its place as a whole (see `amphitrite.files.generations`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput, OutputError
from amphitrite.triton.config import parse_config

CONFIG: Final = "config.pbtxt"
GPU_CONFIG: Final = "configs/gpu.pbtxt"
MODEL_FILE: Final = "model.onnx"
# An ensemble's version holds no file, and git keeps no empty folder.
PLACEHOLDER: Final = ".gitkeep"


def read_config(repository: Path, model: str) -> Any:
    """Return the parsed configuration of a model.

    Parameters
    ----------
    repository : Path
        The model repository.
    model : str
        The model's name.

    Raises
    ------
    BadInput
        The repository has no such model, or its ``config.pbtxt`` cannot be read.
    """
    path = repository / model / CONFIG
    if not path.is_file():
        raise BadInput(
            f"the repository '{repository}' has no model '{model}'; it has: "
            f"{', '.join(models(repository)) or 'none'}"
        )
    return parse_config(path.read_text(), source=str(path))


def models(repository: Path) -> list[str]:
    """Return the names of a repository's models, sorted."""
    return sorted(path.parent.name for path in repository.glob(f"*/{CONFIG}"))


def ensembles_of(repository: Path, model: str) -> list[str]:
    """Return the names of the ensembles that a model is a member of."""
    return [
        name
        for name in models(repository)
        if any(
            step.model_name == model
            for step in read_config(repository, name).ensemble_scheduling.step
        )
    ]


def versions(repository: Path, model: str) -> list[int]:
    """Return the versions of a model that lie in the repository, oldest first."""
    folder = repository / model
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def served(config: Any) -> list[int]:
    """Return the versions that a parsed configuration serves, oldest first."""
    return sorted(config.version_policy.specific.versions)


def add_version(
    repository: Path, model: str, version: int, files: Mapping[str, bytes]
) -> None:
    """Write a version's folder.

    Parameters
    ----------
    repository : Path
        The next generation of a repository.
    model : str
        The model's name.
    version : int
        The number of the new version.
    files : mapping of str to bytes
        The folder's files by name.

    Raises
    ------
    OutputError
        The version exists already, or the repository cannot be written.
    """
    target = repository / model / str(version)
    try:
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
    except OSError as error:
        raise OutputError(f"cannot write '{target}': {error}") from error


def replace_file(path: Path, text: str) -> None:
    """Replace a text file at once: readers see the old one or the new one.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(f"cannot write '{path}': {error}") from error


def remove_versions(repository: Path, model: str, *, but: set[int]) -> None:
    """Delete the versions of a model that are not to be kept.

    Raises
    ------
    OutputError
        They cannot be deleted.
    """
    for version in versions(repository, model):
        if version not in but:
            folder = repository / model / str(version)
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise OutputError(f"cannot delete '{folder}': {error}") from error
