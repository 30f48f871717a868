"""Input files from names, patterns and lists of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from amphitrite.errors import BadInput
from amphitrite.files.standing import check_regular


def expand(arguments: Iterable[str | Path]) -> list[Path]:
    """Return the files that names, patterns and lists of names stand for.

    Parameters
    ----------
    arguments : iterable of str or Path
        Names of files; patterns with ``*``, ``?``, ``[...]`` and ``**``, quoted so that
        the shell does not expand them; and ``@NAME``, where NAME is a text file with
        one name or pattern per line.  Empty lines and those that begin with ``#`` are
        skipped.

    Returns
    -------
    list of Path
        Each file once; the files of a pattern are sorted by name.

    Raises
    ------
    BadInput
        A name or pattern matches no file, or matches a pipe or a device; or a list
        cannot be read.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        text = str(argument)
        names = _listed(Path(text[1:])) if text.startswith("@") else iter([text])
        for name in names:
            found.update(dict.fromkeys(_matches(name)))
    if not found:
        raise BadInput("no file was given; give files, patterns or @LIST")
    return list(found)


def _listed(path: Path) -> Iterator[str]:
    """Yield the names and patterns in a list."""
    # A shell's <( ) is a pipe under /dev that ends; other pipes may never end.
    if not str(path).startswith("/dev/"):
        check_regular(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"the list {path} cannot be read: {error}; @ stands before the name of a "
            "text file with one file name a line"
        ) from error
    for line in lines:
        if name := line.strip():
            if not name.startswith("#"):
                yield name


def _matches(name: str) -> list[Path]:
    """Return the files that one name or pattern stands for."""
    path = Path(name)
    if path.is_dir():
        raise BadInput(f"{name} is a folder; give its files, such as '{name}/*.fits'")
    if path.exists():  # checked first, since names of files may contain brackets
        check_regular(path)
        return [path]
    try:
        matches = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        files = sorted(file for file in matches if not file.is_dir())
    except ValueError as error:  # such as a**b
        raise BadInput(f"the pattern {name} cannot be used: {error}") from error
    if not files:
        raise BadInput(f"{name} stands for no file; check the name or the pattern")
    for file in files:
        check_regular(file)
    return files
