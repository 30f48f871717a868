"""The command line: ``amphitrite SURVEY INPUT... -o OUT`` and the commands around it.

Exit codes: 0 done; 1 done, but some inputs were skipped; 2 a mistake in the command or
an unusable input; 3 the server; 70 a defect of amphitrite; 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
from types import FrameType
from typing import Any, Final

from amphitrite import streams
from amphitrite._version import __version__
from amphitrite.errors import AmphitriteError, Interrupted, OutputError
from amphitrite.shown import shown

MISUSE: Final = 2
DEFECT: Final = 70  # EX_SOFTWARE of BSD's sysexits.h


def main() -> None:
    """Run the command line and exit with its code."""
    streams.prepare()
    arguments = sys.argv[1:]
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OutputError as error:  # the error cannot be printed there either
        code = _fail(error, [])
    raise SystemExit(code)


def _terminate(signum: int, frame: FrameType | None) -> None:
    """Let SIGTERM end a run as Ctrl-C does: cleanly, and ready to be resumed."""
    raise KeyboardInterrupt


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:  # instant: nothing else has been imported
        sys.stdout.write(f"amphitrite {__version__}\n")
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    try:
        from amphitrite.commands import application

        outcome = application()(
            arguments, prog_name="amphitrite", standalone_mode=False
        )
    except AmphitriteError as error:
        return _fail(error, arguments)
    except KeyboardInterrupt:  # while a command was still being imported
        return _fail(Interrupted("interrupted"), arguments)
    except Exception as error:
        if hasattr(error, "show"):
            return _misused(error, arguments)
        return _broken(error, arguments)
    return outcome if isinstance(outcome, int) else 0


def _fail(error: AmphitriteError, arguments: list[str]) -> int:
    """Say what went wrong: to a person, and to a script that asked for JSON."""
    message = "\n".join([str(error), *getattr(error, "__notes__", ())])
    sys.stderr.write(f"amphitrite: {shown(message)}\n")
    return _ended(message, error.exit_code, arguments)


def _misused(error: Any, arguments: list[str]) -> int:
    """Say what typer found wrong with the command's usage."""
    message = error.format_message()
    error.message = shown(error.message)
    error.show()
    return _ended(message, MISUSE, arguments)


def _broken(error: Exception, arguments: list[str]) -> int:
    """Say all that is known of an error that nobody foresaw."""
    sys.stderr.write(shown("".join(traceback.format_exception(error))))
    message = (
        f"this is a defect of amphitrite, please report it with the lines above "
        f"({type(error).__name__}: {error})"
    )
    sys.stderr.write(f"amphitrite: {shown(message)}\n")
    return _ended(message, DEFECT, arguments)


def _ended(message: str, code: int, arguments: list[str]) -> int:
    """Return the exit code; print it as JSON for a script that asked for that."""
    if "--json" in arguments:
        fields = {"error": message, "exit_code": code}
        sys.stdout.write(json.dumps(fields) + "\n")
    return code
