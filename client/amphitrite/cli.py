"""The command line: ``amphitrite SURVEY INPUT... -o OUT`` and the commands around it.

Exit codes: 0 done; 1 done, but some inputs were skipped; 2 a mistake in the command or
an unusable input; 3 the server; 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType

from amphitrite._version import __version__
from amphitrite.errors import AmphitriteError


def main() -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # instant: nothing else has been imported
        sys.stdout.write(f"amphitrite {__version__}\n")
        raise SystemExit(0)
    signal.signal(signal.SIGTERM, _terminate)
    raise SystemExit(_run(arguments))


def _terminate(signum: int, frame: FrameType | None) -> None:
    """Let SIGTERM end a run as Ctrl-C does: cleanly, and ready to be resumed."""
    raise KeyboardInterrupt


def _run(arguments: list[str]) -> int:
    from amphitrite.commands import application

    try:
        outcome = application()(
            arguments, prog_name="amphitrite", standalone_mode=False
        )
    except AmphitriteError as error:
        return _fail(error, arguments)
    except Exception as error:
        if not hasattr(error, "show"):
            raise
        error.show()  # typer's own error about the command's usage
        return 2
    return outcome if isinstance(outcome, int) else 0


def _fail(error: AmphitriteError, arguments: list[str]) -> int:
    """Say what went wrong: to a person, and to a script that asked for JSON."""
    message = "\n".join([str(error), *getattr(error, "__notes__", ())])
    sys.stderr.write(f"amphitrite: {message}\n")
    if "--json" in arguments:
        fields = {"error": message, "exit_code": error.exit_code}
        sys.stdout.write(json.dumps(fields) + "\n")
    return error.exit_code
