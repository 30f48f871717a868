"""The model repository on disk: what it holds, and how a file in it is replaced.

``config.pbtxt`` alone decides which versions are served.  A new version therefore lies
in place, whole, before the configuration that names it is renamed over the old one, and
going back is one more such rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput, OutputError
from amphitrite.triton import parse_config

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
    """Put a version's folder in place, whole, by a rename in the same file system.

    Triton overlooks folders of a model whose name is no number, so that the files can
    be written there.

    Parameters
    ----------
    repository : Path
        The model repository; created if need be.
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
    aside = target.with_name(f".{version}.{os.getpid()}")
    try:
        aside.mkdir(parents=True)
        for name, content in files.items():
            _write(aside / name, content)
        aside.rename(target)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
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
        _write(aside, text.encode())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(f"cannot write '{path}': {error}") from error


def remove_versions(repository: Path, model: str, *, but: set[int]) -> None:
    """Delete the versions of a model that are not to be kept."""
    for version in versions(repository, model):
        if version not in but:
            shutil.rmtree(repository / model / str(version))


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
