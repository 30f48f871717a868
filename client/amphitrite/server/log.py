"""What a server's log says: what it could not load, and its last words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

LINES: Final = 25

# Triton quotes what it says about a model, and escapes what is within the quotes
_QUOTED: Final = r'"(?P<said>{start}(?:[^"\\]|\\.)*)"'
_ESCAPED: Final = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\"}


class Log:
    """The log of one run, which may follow that of earlier ones in the same file.

    Parameters
    ----------
    path : Path
        The file; what it holds already is of earlier runs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = path.stat().st_size if path.exists() else 0

    def text(self) -> str:
        """Return all of it; empty while there is none."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._start)
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def tail(self, *, until: str | None = None) -> str:
        """Return the last lines, or say that there are none.

        Parameters
        ----------
        until : str, optional
            Words at which it ends for this purpose, where they stand in it.
        """
        text = self.text()
        if until is not None and until in text:
            text = text[: text.index(until) + len(until)]
        return "\n".join(text.splitlines()[-LINES:]) or "(it is empty)"

    def why_not_loaded(self, model: str) -> str | None:
        """Return why a model, or one of its versions, was not loaded; None if it was.

        For an ensemble that is what became of a member.
        """
        starts = (
            rf"failed to load '{re.escape(model)}' version \d+: ",
            rf"Poll failed for model directory '{re.escape(model)}': ",
            rf"Invalid argument: ensemble '?{re.escape(model)}'? ",
        )
        text = self.text()
        for start in starts:
            if found := re.search(_QUOTED.format(start=start), text):
                return re.sub(
                    r"\\.", lambda pair: _ESCAPED.get(pair[0], pair[0]), found["said"]
                )
        return None
