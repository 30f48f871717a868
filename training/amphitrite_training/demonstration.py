"""What the demos of all surveys share."""

from __future__ import annotations

from amphitrite.commands.talk import Talk
from amphitrite.engine import Control


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
