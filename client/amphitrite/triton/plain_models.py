"""Model folders that hold only weights, configurations, model cards and pictures.

A model folder of Triton can also hold programs, and name libraries to load and files to
read.  Only what is listed here is allowed; the same list is applied when models are
installed and whenever a server starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import BadInput
from amphitrite.triton.config import format_config, parse_config
from amphitrite.triton.plain_configs import check_config
from amphitrite.triton.self_contained import check_self_contained

CONFIG: Final = "config.pbtxt"
CONFIGS: Final = "configs"
MODEL_FILE: Final = "model.onnx"
# In the version folder of an ensemble, which has no model file: git keeps no empty
# folder.
PLACEHOLDER: Final = ".gitkeep"
PICTURES: Final = "pictures"
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
CARD_SUFFIX: Final = ".md"
# Fifty times the largest configuration that export writes; limits what is read.
CONFIG_BYTES: Final = 4_000_000

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class PlainModel:
    """A model folder in which everything is allowed.

    Parameters
    ----------
    folder : Path
        The folder.
    texts : mapping of str to str
        The configurations, ``config.pbtxt`` and ``configs/NAME.pbtxt``, written anew
        from what was parsed, without comments.
    weights : mapping of int to Path or None
        The model file of each version; None for the versions of an ensemble.
    extras : tuple of str
        Model cards and pictures, relative to the folder.
    hidden : tuple of str
        Entries whose name begins with a dot, relative to the folder.  They are not part
        of the model.
    """

    folder: Path
    texts: Mapping[str, str]
    weights: Mapping[int, Path | None]
    extras: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.folder.name

    @property
    def is_ensemble(self) -> bool:
        """Whether the model is an ensemble of other models."""
        return None in self.weights.values()


def is_plain_name(name: str) -> bool:
    """Return whether a model, or one of its files, may have this name."""
    return len(name) < 200 and _NAME.fullmatch(name) is not None


def read_model(folder: Path) -> PlainModel:
    """Return the model in a folder after checking that everything in it is allowed.

    Parameters
    ----------
    folder : Path
        The model's folder; its name is the model's.  It may be a link, and so may its
        configurations, versions and ``model.onnx``: the targets of links are checked.

    Raises
    ------
    BadInput
        An entry is not part of a model, or could make a server read or run something
        else; the message names the file, and what is allowed.
    """
    if not is_plain_name(folder.name):
        raise BadInput(
            f"'{folder.name}' is no name for a model; use letters, digits, '_', '-' "
            "and '.'"
        )
    try:
        return _Reader(folder).read()
    except OSError as error:
        raise BadInput(f"the model '{folder.name}' cannot be read: {error}") from error


class _Reader:
    """A model folder while it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.versions: list[int] = []
        self.extras: list[str] = []
        self.hidden: list[str] = []
        self.ensembles: set[bool] = set()

    def read(self) -> PlainModel:
        """Return the model."""
        self._sort()
        if not self.versions:
            raise BadInput(f"the model '{self.folder.name}' has no version folder")
        ensemble = self._is_ensemble()
        weights = {
            version: self._weights(version, ensemble=ensemble)
            for version in sorted(self.versions)
        }
        return PlainModel(
            folder=self.folder,
            texts=self.texts,
            weights=weights,
            extras=tuple(sorted(self.extras)),
            hidden=tuple(sorted(self.hidden)),
        )

    def _sort(self) -> None:
        """Read or note every entry of the folder, according to its name."""
        # first, since an error in it explains more than a foreign file
        self._read_config(CONFIG)
        for entry in self._entries(self.folder):
            name = entry.name
            if name == CONFIG:
                continue
            if name == CONFIGS and entry.is_dir():
                self._read_configs(entry)
            elif _VERSION.fullmatch(name) and entry.is_dir():
                self.versions.append(int(name))
            elif name.endswith(CARD_SUFFIX):
                self._add_extra(entry)
            elif name == PICTURES and entry.is_dir() and not entry.is_symlink():
                for picture in self._entries(entry):
                    if picture.suffix not in PICTURE_SUFFIXES:
                        raise self._foreign(picture)
                    self._add_extra(picture)
            elif entry.suffix in PICTURE_SUFFIXES:
                self._add_extra(entry)
            else:
                raise self._foreign(entry)

    def _is_ensemble(self) -> bool:
        if len(self.ensembles) > 1:
            raise BadInput(
                f"the configurations of '{self.folder.name}' differ: one is of an "
                "ensemble, another is not"
            )
        return self.ensembles == {True}

    def _weights(self, version: int, *, ensemble: bool) -> Path | None:
        """Return the model file of a version, the only file in its folder."""
        folder = self.folder / str(version)
        file = folder / MODEL_FILE
        for entry in self._entries(folder, but=[PLACEHOLDER]):
            if ensemble or entry != file:
                raise self._foreign(entry)
        if ensemble:
            return None
        if not file.is_file():
            raise BadInput(
                f"the model '{self.folder.name}' lacks {version}/{MODEL_FILE}"
            )
        check_self_contained(file)
        return file

    def _read_configs(self, folder: Path) -> None:
        for entry in self._entries(folder):
            if entry.suffix != ".pbtxt" or not is_plain_name(entry.name):
                raise self._foreign(entry)
            self._read_config(f"{CONFIGS}/{entry.name}")

    def _read_config(self, relative: str) -> None:
        path = self.folder / relative
        config = parse_config(_text(path), source=str(path))
        check_config(config, model=self.folder.name, source=str(path))
        self.ensembles.add(config.platform == "ensemble")
        self.texts[relative] = _written(config, self.folder.name)

    def _add_extra(self, path: Path) -> None:
        """Note a card or a picture; refuse links, as the contents are not checked."""
        if path.is_symlink() or not path.is_file():
            raise self._foreign(path)
        self.extras.append(str(path.relative_to(self.folder)))

    def _entries(self, folder: Path, *, but: Iterable[str] = ()) -> Iterator[Path]:
        """Yield the entries of a folder, sorted by name; note the hidden ones."""
        for entry in sorted(folder.iterdir()):
            if not entry.name.startswith("."):
                yield entry
            elif entry.name not in but or entry.is_symlink() or not entry.is_file():
                self.hidden.append(str(entry.relative_to(self.folder)))

    def _foreign(self, path: Path) -> BadInput:
        relative = str(path.relative_to(self.folder))
        return BadInput(
            f"the model '{self.folder.name}' has {relative!r}, which is no part of a "
            f"model; a model has {CONFIG}, {CONFIGS}/NAME.pbtxt, VERSION/{MODEL_FILE} "
            f"(an ensemble has no file), cards (*{CARD_SUFFIX}) and pictures "
            f"({', '.join(PICTURE_SUFFIXES)}); cards and pictures must not be links"
        )


def _text(path: Path) -> str:
    """Return the text of a configuration; refuse one that is too large."""
    try:
        if not path.is_file():
            raise BadInput(f"{path} cannot be read: there is no such file")
        with path.open("rb") as file:
            content = file.read(CONFIG_BYTES + 1)
        if len(content) > CONFIG_BYTES:
            raise BadInput(
                f"{path} is no model configuration: it has more than "
                f"{CONFIG_BYTES // 1_000_000} MB"
            )
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error


def _written(config: Any, name: str) -> str:
    """Return the text of a parsed configuration, with the model's name."""
    config.name = name
    return format_config(config)
