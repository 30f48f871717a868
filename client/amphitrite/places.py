"""Folders of the user: home, cache, installed models; and the source tree's models."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput

FOLDER: Final = "model_repository"

# Environment variables of libraries that write to the user's home, some on import.
_WANTED: Final = {
    "ASTROPY_CONFIG_DIR": "astropy",
    "XDG_CONFIG_HOME": "",  # of astropy 7
    "MPLCONFIGDIR": "matplotlib",
    "KERAS_HOME": "keras",
}


def home(instead: str) -> Path:
    """Return the user's home folder.

    Parameters
    ----------
    instead : str
        What the user can set instead, for the message.

    Raises
    ------
    BadInput
        There is no home folder, or it is not an existing folder with an absolute path.
    """
    given = os.environ.get("HOME")
    try:
        found = Path.home() if given is None else Path(given)
    except RuntimeError:
        why = f"HOME is not set, and the user {os.getuid()} has no entry in passwd"
    else:
        if given != "" and found.is_absolute() and _is_folder(found):
            return found
        why = f"HOME is '{given}', which is not the absolute path of a folder"
        if given is None:
            why = f"HOME is not set, and passwd names {found}, which is not a folder"
    raise BadInput(f"{why}. Set HOME, or {instead}.")


def user_folder(variable: str, default: str, *, instead: str) -> Path:
    """Return one of the user's folders of the XDG Base Directory Specification.

    Parameters
    ----------
    variable : str
        The environment variable that may name it, such as ``XDG_CACHE_HOME``.
    default : str
        Its path in the home folder if the variable is not set.
    instead : str
        What the user can set instead, for the message.

    Raises
    ------
    BadInput
        The variable holds a relative path, or is not set and there is no home folder.
    """
    named = os.environ.get(variable)
    if not named:
        return home(instead) / default
    folder = expanded(named, variable)
    if not folder.is_absolute():
        raise BadInput(
            f"{variable} is '{named}', which is a relative path. Set it to an absolute "
            f"one, or {instead}."
        )
    return folder


def expanded(path: str, variable: str) -> Path:
    """Return a path with ``~`` replaced by the home folder.

    Parameters
    ----------
    path : str
        The path.
    variable : str
        The environment variable that holds it, for the message.

    Raises
    ------
    BadInput
        There is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise BadInput(
            f"{variable} is '{path}', but HOME is not set, or there is no such user; "
            "give an absolute path"
        ) from None


def lend() -> None:
    """Give libraries a temporary folder if they cannot write to the user's home.

    The folder is removed when this process ends.  Variables of the environment that are
    already set stay as they are.
    """
    if _is_usable():
        return
    try:
        place = tempfile.mkdtemp(prefix="amphitrite-libraries-")
    except OSError:  # nothing can be written: astropy gets a folder without settings
        os.environ.setdefault("ASTROPY_CONFIG_DIR", str(Path(__file__).parent))
        return
    atexit.register(_remove, place, os.getpid())
    for variable, name in _WANTED.items():
        folder = Path(place, name)
        folder.mkdir(exist_ok=True)
        if not os.environ.get(variable):
            os.environ[variable] = str(folder)


def _remove(place: str, owner: int) -> None:
    if os.getpid() == owner:  # not at the end of a fork
        shutil.rmtree(place, ignore_errors=True)


def _is_usable() -> bool:
    """Return whether libraries can write to the folders that they use."""
    if all(os.environ.get(variable) for variable in _WANTED):
        return True
    named = [os.environ.get(name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")]
    try:
        folders = [home(""), *(Path(name) for name in named if name)]
    except BadInput:
        return False
    return all(
        folder.is_absolute() and _is_folder(folder) and os.access(folder, os.W_OK)
        for folder in folders
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that nobody may enter
        return False


def user_repository() -> Path:
    """Return the model repository that ``amphitrite install`` writes to.

    It is ``XDG_DATA_HOME/amphitrite/model_repository``, by default under
    ``~/.local/share``.

    Raises
    ------
    BadInput
        There is no home folder, or ``XDG_DATA_HOME`` is not an absolute path.
    """
    instead = "XDG_DATA_HOME to a folder that you may write to"
    data = user_folder("XDG_DATA_HOME", ".local/share", instead=instead)
    return data / "amphitrite" / FOLDER


def checkout_repository() -> Path | None:
    """Return the model repository of the source tree; None without a source tree."""
    root = Path(__file__).resolve().parents[2]
    return root / FOLDER if (root / "pyproject.toml").is_file() else None


def cache_directory() -> Path:
    """Return the user's cache folder for Amphitrite.

    It is ``AMPHITRITE_CACHE``, else ``XDG_CACHE_HOME/amphitrite``, else
    ``~/.cache/amphitrite``.

    Raises
    ------
    BadInput
        There is no home folder, or ``XDG_CACHE_HOME`` is not an absolute path.
    """
    if own := os.environ.get("AMPHITRITE_CACHE"):
        return expanded(own, "AMPHITRITE_CACHE").absolute()
    instead = "AMPHITRITE_CACHE to a folder that you may write to"
    return user_folder("XDG_CACHE_HOME", ".cache", instead=instead) / "amphitrite"
