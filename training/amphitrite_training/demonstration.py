"""What the demos of all surveys share."""

from __future__ import annotations

from pathlib import Path

from amphitrite import folders
from amphitrite.commands.talk import Talk
from amphitrite.engine import Control
from amphitrite.errors import OutputError
from amphitrite.standing import check_output, kind
from amphitrite.storing import writing


def make_folder(folder: Path, *, overwrite: bool) -> None:
    """Make and mark the folder of a demo, or take that of an earlier one.

    Parameters
    ----------
    folder : Path
        The folder.
    overwrite : bool
        Whether the files of an earlier demo may be replaced.

    Raises
    ------
    OutputError
        It exists, or cannot be made, or is not a demo's.
    """
    check_output(folder)
    if kind(folder) is not None and not overwrite:
        raise OutputError(
            f"{folder} exists already; give another --out, or replace what is in it "
            "with --overwrite"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            folders.mark(folder)
    if not folders.is_ours(folder):
        raise OutputError(
            f"{folder} is not a folder that amphitrite made (it has no "
            f"{folders.MARKER}), so that nothing in it is replaced; give another --out"
        )


def as_a_user(talk: Talk, said: str, command: str) -> Control:
    """Tell which command a demo stands for, and return how it is run.

    Parameters
    ----------
    talk : Talk
        Who tells the user.
    said : str
        A sentence on what was simulated.
    command : str
        What a user would type; the products name it.
    """
    talk.say(f"{said} The demo now does as you would with")
    talk.say(f"  {command}")
    return Control(overwrite=True, command=command, progress=talk.progress)


def can_draw() -> bool:
    """Return whether the extra that draws pictures is installed."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True
