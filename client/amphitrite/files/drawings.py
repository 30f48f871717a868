"""Folders of pictures that a run draws beside its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite.files import folders
from amphitrite.files.replacing import aside
from amphitrite.files.standing import check_output, kind, sighting
from amphitrite.files.writing import writing


def check_folder(folder: Path | None, what: str, *, replace: bool) -> None:
    """Check, before anything is done, that pictures can be drawn into a folder.

    Parameters
    ----------
    folder : Path or None
        The folder; None where nothing is drawn.
    what : str
        What is drawn, such as ``"candidates"``, for messages.
    replace : bool
        Whether the pictures of an earlier run may be replaced.

    Raises
    ------
    MissingExtra
        matplotlib is not installed.
    BadInput
        The name is that of a file.
    OutputError
        It holds something that amphitrite has not put there, or pictures that may not
        be replaced; or it is a link, a pipe or a device.
    """
    if folder is None:
        return
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra(f"Pictures of {what}", "plots") from None
    check_output(folder)
    if kind(folder) == "file":
        raise BadInput(f"--plots must be a folder; {folder} is a file")
    with writing(folder):
        if kind(folder) is None or not (inside := list(folder.iterdir())):
            return
        if not folders.is_ours(folder):
            raise OutputError(
                f"{folder} already holds {inside[0].name} and is not a folder that "
                f"amphitrite made (it has no {folders.MARKER}); give a new folder with "
                "--plots"
            )
    if len(inside) > 1 and not replace:
        raise OutputError(
            f"{folder} already holds pictures; give a new folder with --plots, or "
            "replace them with --overwrite"
        )


def make_folder(folder: Path) -> None:
    """Make and mark a folder for pictures, see `check_folder`.

    Raises
    ------
    OutputError
        The folder cannot be made.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not folders.is_ours(folder):
            folders.mark(folder)


@contextmanager
def drawing(path: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a temporary name; the picture drawn there replaces the final one.

    Parameters
    ----------
    path : Path
        The picture.
    replace : bool
        Whether one that is there may be replaced.

    Raises
    ------
    OutputError
        See `amphitrite.files.replacing.aside`.
    """
    with aside(path, instead_of=sighting(path) if replace else None) as other:
        yield other
