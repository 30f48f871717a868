"""Manifests: the SHA-256 of every file of a folder, in a file within it.

The file is that of ``sha256sum``: ``sha256sum --check manifest.sha256`` checks a copy
where amphitrite is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from amphitrite.errors import BadInput
from amphitrite.files.checksums import sha256

MANIFEST: Final = "manifest.sha256"


def write(folder: Path) -> None:
    """Write the manifest of a folder; an older one is replaced.

    Raises
    ------
    OSError
        A file cannot be read, or the manifest not written.
    """
    lines = [f"{sha256(folder / name)}  {name}\n" for name in sorted(_files(folder))]
    (folder / MANIFEST).unlink(missing_ok=True)  # it may be a link to an older one
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def check(folder: Path) -> None:
    """Compare all files of a folder with its manifest.

    Parameters
    ----------
    folder : Path
        A folder with a manifest.

    Raises
    ------
    BadInput
        A file is missing, has another content or is not in the manifest, or the
        manifest cannot be read.
    """
    listed = _listed(folder)
    there = set(_files(folder))
    for name in sorted(listed.keys() | there):
        if name not in there:
            raise _refused(folder, f"{name} is missing")
        if name not in listed:
            raise _refused(folder, f"{name} is not in it")
        if sha256(folder / name) != listed[name]:
            raise _refused(folder, f"{name} has another content")


def _listed(folder: Path) -> dict[str, str]:
    """Return the checksums that a manifest states, by name of the file."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
        pairs = [line.split("  ", maxsplit=1) for line in lines]
        return {name: digest for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise _refused(folder, f"it cannot be read: {error}") from error


def _files(folder: Path) -> Iterator[str]:
    """Yield the names of all files of a folder but its manifest."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name != MANIFEST:
            yield name


def _refused(folder: Path, why: str) -> BadInput:
    return BadInput(
        f"{folder} is not what its {MANIFEST} says: {why}; it was changed, or is a "
        "part of a copy: copy it again"
    )
