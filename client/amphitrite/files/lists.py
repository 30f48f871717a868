"""Which files are meant: names, patterns and lists of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from amphitrite.errors import BadInput
from amphitrite.files.standing import check_regular


def expand(arguments: Iterable[str | Path]) -> list[Path]:
    """Return the files that some arguments stand for.

    Parameters
    ----------
    arguments : iterable of str or Path
        Names of files; patterns with ``*``, ``?``, ``[...]`` and ``**`` (for those that
        a shell would not expand, or too many for it); and ``@NAME``, a text file with
        one of these a line, where empty lines and those from ``#`` on are left out.

    Returns
    -------
    list of Path
        Each file once, those of a pattern in the order of their names.

    Raises
    ------
    BadInput
        A name or a pattern stands for no file, or for a pipe or a device, or a list
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
    """Yield the entries of a list."""
    # That of a shell's <( ) is read once and ends; nobody may write into any other.
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
    """Return the files of one name or pattern."""
    path = Path(name)
    if path.is_dir():
        raise BadInput(f"{name} is a folder; give its files, such as '{name}/*.fits'")
    if path.exists():  # before anything else: names may hold brackets
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
