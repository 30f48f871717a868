"""The server's log: its last lines, and why a model was not loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

LINES: Final = 25

# Triton puts messages about a model in quotes, with escapes inside
_QUOTED: Final = r'"(?P<said>{start}(?:[^"\\]|\\.)*)"'
_ESCAPED: Final = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\"}


class Log:
    """The log of one run, which may follow the logs of earlier runs in the same file.

    Parameters
    ----------
    path : Path
        The file; its present contents belong to earlier runs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = path.stat().st_size if path.exists() else 0

    def text(self) -> str:
        """Return the whole log of this run; empty if there is none yet."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._start)
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def tail(self, *, until: str | None = None) -> str:
        """Return the last lines of the log, or a remark that it is empty.

        Parameters
        ----------
        until : str, optional
            Text after whose first occurrence the log is cut off.
        """
        text = self.text()
        if until is not None and until in text:
            text = text[: text.index(until) + len(until)]
        return "\n".join(text.splitlines()[-LINES:]) or "(it is empty)"

    def why_not_loaded(self, model: str) -> str | None:
        """Return the reason why a model or one of its versions was not loaded, or None.

        For an ensemble this may be the failure of a member.
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
