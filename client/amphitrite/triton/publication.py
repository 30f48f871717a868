"""Publishing: models for a folder from which many servers load them.

The new models are copied aside, get a manifest, and take the place of the old ones in
one step; the old ones are kept beside them, for the way back.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import manifests, renaming
from amphitrite.files.generations import link, next_generation
from amphitrite.triton.repository import bring, model_folders

PREVIOUS: Final = ".previous"


def publish(source: str, destination: Path) -> list[str]:
    """Put the models of a source into a folder, in the place of those there.

    Parameters
    ----------
    source : str
        A folder, an archive or its address; see `amphitrite.triton.repository.bring`.
        If it has a manifest, that is checked.
    destination : Path
        A folder that `publish` made before, an empty one, or none yet.

    Returns
    -------
    list of str
        The names of the models, sorted.

    Raises
    ------
    BadInput
        The source is altered, not whole or has no model; or the copy is not what was
        copied, and the old models are back.
    OutputError
        The destination holds something else, or cannot be written.
    """
    _check_destination(destination)
    origin = Path(source)
    if (origin / manifests.MANIFEST).exists():
        manifests.check(origin)
    with next_generation(destination) as generation:
        _empty(generation.folder)
        names = bring(source, generation.folder, generation.scratch)
        _write_manifest(generation.folder)
        _keep(destination)
    try:
        manifests.check(destination)
    except BadInput as error:
        if previous_of(destination).exists():
            rollback(destination)
            error.add_note("The models that were published before are back.")
        raise
    return names


def rollback(destination: Path) -> list[str]:
    """Exchange the published models with those that were published before.

    Parameters
    ----------
    destination : Path
        The folder; a second call undoes the first.

    Returns
    -------
    list of str
        The names of the models, sorted.

    Raises
    ------
    BadInput
        Nothing was published before, or it was changed since.
    OutputError
        The folders cannot be exchanged.
    """
    previous = previous_of(destination)
    if not (previous / manifests.MANIFEST).exists():
        raise BadInput(
            f"{destination} cannot be rolled back: there is no {previous} with the "
            "models that were published before; publish them again"
        )
    manifests.check(previous)
    try:
        renaming.exchange(previous, destination)
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"{previous} and {destination} cannot be exchanged: {error}; publish the "
            "older models again"
        ) from error
    return [folder.name for folder in model_folders(destination)]


def previous_of(destination: Path) -> Path:
    """Return the folder that keeps what was published before."""
    absolute = destination.absolute()
    return absolute.with_name(absolute.name + PREVIOUS)


def _check_destination(destination: Path) -> None:
    """Refuse a folder with contents that were not published."""
    if not destination.is_dir() or not any(destination.iterdir()):
        return
    if not (destination / manifests.MANIFEST).exists():
        raise OutputError(
            f"{destination} holds something that was not published (it has no "
            f"{manifests.MANIFEST}), and would be replaced; give an empty or a new "
            "folder"
        )


def _write_manifest(folder: Path) -> None:
    try:
        manifests.write(folder)
    except OSError as error:
        raise OutputError(f"cannot write the manifest: {error}") from error


def _keep(destination: Path) -> None:
    """Keep the models that are about to be replaced, as links to their files."""
    if not (destination / manifests.MANIFEST).exists():
        return
    with next_generation(previous_of(destination)) as generation:
        _empty(generation.folder)
        try:
            shutil.copytree(
                *(destination, generation.folder),
                copy_function=link,
                dirs_exist_ok=True,
            )
        except (OSError, shutil.Error) as error:
            raise OutputError(
                f"{destination} cannot be kept as {previous_of(destination)}: {error}"
            ) from error


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
