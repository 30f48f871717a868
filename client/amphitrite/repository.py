"""The model repository that a local server serves: finding, reading, installing one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from amphitrite import homes
from amphitrite.archives import check_sha256, download, is_url, sha256, unpack
from amphitrite.errors import BadInput, OutputError, SpecMismatch
from amphitrite.spec import ModelSpec, parameter_key
from amphitrite.triton import parse_config

VARIABLE: Final = "AMPHITRITE_MODEL_REPOSITORY"
FOLDER: Final = "model_repository"


def user_repository() -> Path:
    """Return where `install` puts models.

    It is ``XDG_DATA_HOME/amphitrite/model_repository``, by default under
    ``~/.local/share``.

    Raises
    ------
    BadInput
        There is no home, or the variable names no folder.
    """
    instead = "XDG_DATA_HOME to a folder that you may write to"
    data = homes.user_folder("XDG_DATA_HOME", ".local/share", instead=instead)
    return data / "amphitrite" / FOLDER


def _user_repository() -> Path | BadInput:
    """Return where `install` puts models, or why there is no such place."""
    try:
        return user_repository()
    except BadInput as error:
        return error


def checkout_repository() -> Path | None:
    """Return the repository of the source tree; None where there is no source tree."""
    root = Path(__file__).resolve().parents[2]
    return root / FOLDER if (root / "pyproject.toml").is_file() else None


def find_repository(option: Path | None = None) -> Path:
    """Return the model repository to serve.

    Parameters
    ----------
    option : Path, optional
        The one that was asked for.  Without it, the environment variable
        ``AMPHITRITE_MODEL_REPOSITORY`` counts, then the source tree's, then the user's
        (see `user_repository`).

    Raises
    ------
    BadInput
        The repository asked for has no model, or none was found; lists where it
        looked.
    """
    if option is not None:
        return _asked_for(option, "--model-repository")
    if variable := os.environ.get(VARIABLE):
        return _asked_for(homes.expanded(variable, VARIABLE), VARIABLE)
    places = {
        "the source tree": checkout_repository(),
        "your data folder": _user_repository(),
    }
    for place in places.values():
        if isinstance(place, Path) and model_folders(place):
            return place.absolute()
    looked = "\n".join(
        f"  {name}: {place or 'not running from one'}" for name, place in places.items()
    )
    raise BadInput(
        "no model repository was found. Looked in\n"
        f"  --model-repository: not given\n  {VARIABLE}: not set\n{looked}\n"
        "Give one with --model-repository, or install one: "
        "amphitrite models install DIR|ARCHIVE|URL"
    )


def _asked_for(place: Path, by: str) -> Path:
    """Return a repository that was named, if it is one."""
    if not model_folders(place):
        what = "has no model" if place.is_dir() else "is no folder"
        raise BadInput(
            f"{place}, given by {by}, {what}; a model repository holds a folder with "
            "a config.pbtxt for each model"
        )
    return place.absolute()


def model_folders(repository: Path) -> list[Path]:
    """List the models' folders, by name; empty where there is no repository."""
    return sorted(
        path.parent
        for path in repository.glob("*/config.pbtxt")
        if not path.parent.name.startswith(".")
    )


def served_spec(model_dir: Path, *, version: int | None = None) -> ModelSpec:
    """Read the spec of one version of a model from its ``config.pbtxt``.

    Parameters
    ----------
    model_dir : Path
        The model's folder in the repository.
    version : int, optional
        The latest that has a spec if not given.

    Raises
    ------
    BadInput
        There is no readable ``config.pbtxt``.
    SpecMismatch
        It holds no spec of that version, or one of another format.
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
    """Return the JSON of each version's spec."""
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


def install(source: str | Path, *, sha256: str | None = None) -> list[str]:
    """Put models into the user's repository, replacing those of the same names.

    Parameters
    ----------
    source : str or Path
        A folder, an archive (.zip, .tar.gz, .tgz), or the URL of one.
    sha256 : str, optional
        The archive's checksum, as its publisher gave it.

    Returns
    -------
    list of str
        The names of the models, sorted.

    Raises
    ------
    BadInput
        The source cannot be read, is not what its checksums say, or has no model.
    SpecMismatch
        A model has no spec of this release's format.
    OutputError
        The user's data folder cannot be written.

    Notes
    -----
    Everything is checked before anything is replaced, and each model is replaced by
    renaming: members before the ensembles that use them.
    """
    target = user_repository()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(target.with_name(f"{FOLDER}.lock")),
            # beside the target, so that renaming does not have to copy
            _scratch(target.parent) as scratch,
        ):
            new = _models_of(_unpacked(str(source), scratch, sha256=sha256), source)
            for folder in new:
                check_model(folder)
            aside = scratch / "aside"
            for folder in new:
                shutil.copytree(folder, aside / folder.name)
            for folder in new:
                _replace(target / folder.name, aside / folder.name, scratch / "old")
    except OSError as error:
        raise OutputError(
            f"the models cannot be installed in {target}: {error}; set XDG_DATA_HOME "
            "to choose another data folder"
        ) from error
    return sorted(folder.name for folder in new)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".install-", dir=parent) as folder:
        yield Path(folder)


def _unpacked(source: str, scratch: Path, *, sha256: str | None) -> Path:
    """Return the folder that a source is, or holds."""
    path = homes.expanded(source, "the source")
    if is_url(source):
        path = download(source, scratch)
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
    """List the models of a folder, or of the one folder in it; ensembles last."""
    inner = [entry for entry in folder.iterdir() if entry.is_dir()]
    candidates = [folder, *(inner if len(inner) == 1 else [folder / FOLDER])]
    for candidate in candidates:
        if models := model_folders(candidate):
            return sorted(models, key=lambda model: bool(served_spec(model).members))
    raise BadInput(
        f"{source} has no model; expected a folder with a config.pbtxt for each model"
    )


def _replace(old: Path, new: Path, grave: Path) -> None:
    """Put one folder in the place of another by renaming."""
    grave.mkdir(exist_ok=True)
    if old.exists():
        old.rename(grave / old.name)
    new.rename(old)
