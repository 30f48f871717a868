"""Model repositories: the one that a local server serves, and installing models."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from amphitrite import places
from amphitrite.errors import BadInput, OutputError, SpecMismatch
from amphitrite.files.archives import unpack
from amphitrite.files.checksums import check_sha256, sha256
from amphitrite.files.downloads import Advance, download, is_safe_url, is_url
from amphitrite.files.generations import next_generation
from amphitrite.triton.config import parse_config
from amphitrite.triton.plain_models import (
    MODEL_FILE,
    PLACEHOLDER,
    PlainModel,
    read_model,
)
from amphitrite.triton.spec import ModelSpec, parameter_key

VARIABLE: Final = "AMPHITRITE_MODEL_REPOSITORY"


def _user_repository() -> Path | BadInput:
    """Return the user's repository, or the error why there is none."""
    try:
        return places.user_repository()
    except BadInput as error:
        return error


def find_repository(option: Path | None = None) -> Path:
    """Return the model repository to serve.

    Parameters
    ----------
    option : Path, optional
        The repository that the user gave.  Without it, the first of these is taken:
        that of the environment variable ``AMPHITRITE_MODEL_REPOSITORY``, that of the
        source tree, and the user's (see `amphitrite.places.user_repository`).

    Raises
    ------
    BadInput
        The given repository has no model, or none was found; the message lists the
        places.
    """
    if option is not None:
        return _asked_for(option, "--model-repository")
    if variable := os.environ.get(VARIABLE):
        return _asked_for(places.expanded(variable, VARIABLE), VARIABLE)
    looked = {
        "the source tree": places.checkout_repository(),
        "your data folder": _user_repository(),
    }
    for place in looked.values():
        if isinstance(place, Path) and model_folders(place):
            return place.absolute()
    listed = "\n".join(
        f"  {name}: {place or 'not running from one'}" for name, place in looked.items()
    )
    raise BadInput(
        "no model repository was found. Looked in\n"
        f"  --model-repository: not given\n  {VARIABLE}: not set\n{listed}\n"
        "Give one with --model-repository, or install one: "
        "amphitrite models install DIR|ARCHIVE|URL"
    )


def _asked_for(place: Path, by: str) -> Path:
    """Return the repository that the user gave; refuse a folder without models."""
    if not model_folders(place):
        what = "has no model" if place.is_dir() else "is no folder"
        raise BadInput(
            f"{place}, given by {by}, {what}; a model repository holds a folder with "
            "a config.pbtxt for each model"
        )
    return place.absolute()


def model_folders(repository: Path) -> list[Path]:
    """Return the model folders, sorted by name; empty if there is no repository."""
    return sorted(
        path.parent
        for path in repository.glob("*/config.pbtxt")
        if not path.parent.name.startswith(".")
    )


def served_spec(model_dir: Path, *, version: int | None = None) -> ModelSpec:
    """Return the spec of one version of a model from its ``config.pbtxt``.

    Parameters
    ----------
    model_dir : Path
        The model's folder in the repository.
    version : int, optional
        The version; by default the latest one with a spec.

    Raises
    ------
    BadInput
        There is no readable ``config.pbtxt``.
    SpecMismatch
        There is no spec of that version, or it has another format.
    """
    specs = _spec_texts(model_dir)
    if version is None:
        version = max(specs, default=1)
    if version not in specs:
        have = f"it has {sorted(specs)}" if specs else "it has none"
        raise SpecMismatch(
            f"{model_dir / 'config.pbtxt'} holds no spec of version {version}, the "
            f"parameter '{parameter_key(version)}'; {have}.\n"
            "Export the model with this release of amphitrite."
        )
    return ModelSpec.from_json(specs[version])


def _spec_texts(model_dir: Path) -> dict[int, str]:
    """Return the JSON text of each version's spec."""
    path = model_dir / "config.pbtxt"
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    parameters = parse_config(text, source=str(path)).parameters
    stem = parameter_key(0).removesuffix("0")
    return {
        int(key.removeprefix(stem)): value.string_value
        for key, value in parameters.items()
        if key.startswith(stem) and key.removeprefix(stem).isdecimal()
    }


def check_model(model_dir: Path) -> None:
    """Compare every ONNX file of a model with the digest in its spec.

    Raises
    ------
    BadInput
        A file is missing or is not the one that was exported.
    SpecMismatch
        A version has no spec.
    """
    versions = sorted(int(p.name) for p in model_dir.iterdir() if p.name.isdecimal())
    latest = served_spec(model_dir)
    if not versions and not latest.members:
        raise BadInput(f"the model '{model_dir.name}' has no version folder")
    for version in versions:
        spec = served_spec(model_dir, version=version)
        file = model_dir / str(version) / "model.onnx"
        if spec.members and not file.exists():
            continue  # an ensemble has no file of its own
        if not file.is_file():
            raise BadInput(f"the model '{model_dir.name}' lacks {version}/model.onnx")
        digest = f"sha256:{sha256(file)}"
        if digest != spec.digest:
            raise BadInput(
                f"the model '{model_dir.name}': {version}/model.onnx has the digest "
                f"{digest}, its spec says {spec.digest or 'none'}; it is damaged or "
                "was replaced: fetch it again"
            )


def install(
    source: str | Path,
    *,
    sha256: str | None = None,
    advance: Advance = lambda _done, _size: None,
) -> list[str]:
    """Install models into the user's repository, replacing those of the same names.

    Parameters
    ----------
    source : str or Path
        A folder, an archive (.zip, .tar.gz, .tgz), or the URL of one.
    sha256 : str, optional
        The archive's SHA-256 checksum, as its publisher gives it; required for
        ``http://``.
    advance : callable
        Called during a download with the number of bytes received so far and the size
        in bytes, None if the server does not announce it.

    Returns
    -------
    list of str
        The names of the models, sorted.

    Raises
    ------
    BadInput
        The source cannot be read, does not match its checksums, has no model, or has
        foreign files in a model's folder.
    SpecMismatch
        A model has no spec of this release's format.
    OutputError
        The user's data folder cannot be written.

    Notes
    -----
    See `bring`.  The repository is replaced as a whole, in one step (see
    `amphitrite.files.generations.next_generation`).
    """
    target = places.user_repository()
    try:
        with next_generation(target) as generation:
            return bring(
                *(source, generation.folder, generation.scratch),
                sha256=sha256,
                advance=advance,
            )
    except OutputError as error:
        raise OutputError(
            f"the models cannot be installed: {error}; set XDG_DATA_HOME to choose "
            "another data folder"
        ) from error


def bring(
    source: str | Path,
    folder: Path,
    scratch: Path,
    *,
    sha256: str | None = None,
    advance: Advance = lambda _done, _size: None,
) -> list[str]:
    """Copy models into a folder, in the place of those of the same names.

    Parameters
    ----------
    source, sha256, advance
        See `install`, also for the errors.
    folder : Path
        The folder.
    scratch : Path
        An empty folder for temporary files.

    Returns
    -------
    list of str
        The names of the models, sorted.

    Notes
    -----
    All models are checked before any is copied, and their copies are checked again.
    """
    text = str(source)
    if is_url(text) and not is_safe_url(text) and sha256 is None:
        raise BadInput(
            "what comes over http:// can be changed on the way: give --sha256, the "
            "archive's checksum as its publisher shows it, or an https:// address"
        )
    try:
        found = _unpacked(text, scratch, sha256=sha256, advance=advance)
        new = [_checked(model) for model in _models_of(found, source)]
        for model in new:
            place = folder / model.name
            if place.exists():
                shutil.rmtree(place)
            _copy(model, place)
            _checked(place)
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error}") from error
    return sorted(model.name for model in new)


def _checked(folder: Path) -> PlainModel:
    """Return a model after checking that it is complete and without foreign files."""
    model = read_model(folder)
    if model.hidden:
        raise BadInput(
            f"the model '{model.name}' has {', '.join(model.hidden)}, which is no part "
            "of a model; remove it, and pack the models again if they are packed"
        )
    check_model(folder)
    return model


def _copy(model: PlainModel, place: Path) -> None:
    """Copy a model; links become files."""
    try:
        for relative, text in model.texts.items():
            target = place / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for version, file in model.weights.items():
            (place / str(version)).mkdir()
            if file is None:
                (place / str(version) / PLACEHOLDER).touch()
            else:
                shutil.copyfile(file, place / str(version) / MODEL_FILE)
        for relative in model.extras:
            target = place / relative
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(model.folder / relative, target)
    except OSError as error:
        raise OutputError(f"'{model.name}' cannot be copied: {error}") from error


def _unpacked(
    source: str, scratch: Path, *, sha256: str | None, advance: Advance
) -> Path:
    """Return the folder of a source, which is downloaded and unpacked if necessary."""
    path = places.expanded(source, "the source")
    if is_url(source):
        path = download(source, scratch, advance=advance)
    elif path.is_dir():
        if sha256 is not None:
            raise BadInput(
                f"{source} is a folder; --sha256 is the checksum of an archive"
            )
        return path
    elif not path.is_file():
        raise BadInput(f"{source} is no folder, no archive and no http(s) address")
    if sha256 is not None:
        check_sha256(path, sha256)
    unpack(path, scratch / "unpacked")
    return scratch / "unpacked"


def _models_of(folder: Path, source: str | Path) -> list[Path]:
    """Return the model folders in a folder, or in the only subfolder that it has."""
    inner = [entry for entry in folder.iterdir() if entry.is_dir()]
    for candidate in [
        folder,
        *(inner if len(inner) == 1 else [folder / places.FOLDER]),
    ]:
        if models := model_folders(candidate):
            return models
    raise BadInput(
        f"{source} has no model; expected a folder with a config.pbtxt for each model"
    )
