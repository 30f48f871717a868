"""Input files from names, patterns, folders and lists of names."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files.addresses import check_local
from amphitrite.files.standing import check_regular

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """The files that a folder stands for.

    Parameters
    ----------
    name : str
        What they are, for messages.
    suffixes : str
        A regular expression of what stands behind the last dots of their names.
    """

    name: str
    suffixes: str

    def includes(self, name: str) -> bool:
        """Return whether a file of some name is one of them."""
        pattern = rf".*\.({self.suffixes})"
        return bool(re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL))


FITS: Final = Kind("FITS", r"(fits?|fts|ft1)(\.(gz|fz|bz2|xz))?")
_HDU: Final = re.compile(r"(.+)\[[^\[\]]+\]", re.DOTALL)
_BYTE_ORDER_MARK: Final = "\ufeff"


def expand(arguments: Iterable[str | Path]) -> list[Path]:
    """Return the files that names, patterns, folders and lists of names stand for.

    Parameters
    ----------
    arguments : iterable of str or Path
        See `found`.

    Returns
    -------
    list of Path
        Each file once; those of a pattern or a folder are sorted by name.

    Raises
    ------
    BadInput
        See `found`; also, a name in a list stands for no file.
    """
    files, skipped = _found(arguments, FITS)
    if skipped:
        raise BadInput("\n".join(skipped.values()))
    return files


def found(
    arguments: Iterable[str | Path], inside: Kind = FITS
) -> tuple[list[Path], dict[str, str]]:
    """Return the files that are there, and the names in lists that stand for none.

    Parameters
    ----------
    arguments : iterable of str or Path
        Names of files, with ``~`` for a home; patterns with ``*``, ``?``, ``[...]`` and
        ``**``, quoted so that the shell does not expand them; folders, which stand for
        the FITS files in them; and ``@NAME``, where NAME is a text file with one of
        these per line.  Empty lines and those that begin with ``#`` are left out.
        ``FILE[HDU]`` stays as it is where there is a file of that name.

    Returns
    -------
    files : list of Path
        Each file once; those of a pattern or a folder are sorted by name.
    skipped : dict of str to str
        Names in lists that stand for no file, and why; each is named in a warning.

    Raises
    ------
    BadInput
        A name is an address, matches no file, or matches a pipe or a device; or a list
        cannot be read, or nothing in it stands for a file.
    """
    files, skipped = _found(arguments, inside)
    for name, why in skipped.items():
        logger.warning("skipped %s: %s", name, why)
    return files, skipped


def _found(
    arguments: Iterable[str | Path], inside: Kind
) -> tuple[list[Path], dict[str, str]]:
    files: dict[Path, None] = {}
    missing: dict[str, str] = {}
    for argument in arguments:
        text = str(argument)
        if not text.startswith("@"):
            files.update(dict.fromkeys(_matches(text, inside)))
            continue
        for name in _listed(_at_home(text[1:])):
            try:
                files.update(dict.fromkeys(_matches(name, inside)))
            except _NoFileError as error:
                missing[name] = str(error)
    if missing and not files:
        raise BadInput("\n".join(missing.values()))
    if not files:
        raise BadInput(
            "no file was given; give files, patterns, folders or @LIST, a text file "
            "with one of them a line"
        )
    return list(files), missing


class _NoFileError(BadInput):
    """A name or a pattern stands for no file."""


def _listed(path: Path) -> Iterator[str]:
    """Yield the names and patterns in a list."""
    # A shell's <( ) is a pipe under /dev that ends; other pipes may never end.
    if not str(path).startswith("/dev/"):
        check_local(path)
        check_regular(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"the list {path} cannot be read: {error}; @ stands before the name of a "
            "text file with one file name a line"
        ) from error
    if b"\0" in content:
        raise BadInput(
            f"the list {path} cannot be read: it is no plain text, or text in UTF-16; "
            "write one file name a line, in UTF-8"
        )
    # Names are bytes to the system: those that are not UTF-8 are kept.
    for line in os.fsdecode(content).removeprefix(_BYTE_ORDER_MARK).split("\n"):
        if name := line.strip():
            if not name.startswith("#"):
                yield name


def _matches(name: str, inside: Kind) -> list[Path]:
    """Return the files that one name, pattern or folder stands for."""
    path = _at_home(name)
    check_local(path)
    if path.is_dir():
        return _in_folder(path, inside)
    if path.exists():  # checked first, since names of files may contain brackets
        check_regular(path)
        return [path]
    try:
        matches = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        files = sorted(file for file in matches if not file.is_dir())
    except ValueError as error:  # such as a**b
        raise BadInput(f"the pattern {name} cannot be used: {error}") from error
    if not files:
        hdu = _HDU.fullmatch(str(path))
        if hdu is not None and Path(hdu[1]).is_file():
            return [path]
        raise _NoFileError(f"{name} stands for no file; check the name or the pattern")
    for file in files:
        check_regular(file)
    return files


def _in_folder(path: Path, inside: Kind) -> list[Path]:
    """Return the files of a kind in a folder, without its sub-folders."""
    files = sorted(
        file
        for file in path.iterdir()
        if inside.includes(file.name) and not file.is_dir()
    )
    if not files:
        raise _NoFileError(
            f"the folder {path} holds no {inside.name} file; check the name"
        )
    for file in files:
        check_regular(file)
    return files


def _at_home(name: str) -> Path:
    """Return a path with ``~`` and ``~user`` replaced by the folder they stand for."""
    path = Path(name)
    try:
        return path if path.exists() else path.expanduser()
    except RuntimeError:  # no such user
        return path
