"""A process that ends when this one does, in whatever way this one ends.

This is the caller's side of `amphitrite.server.supervisor`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from amphitrite.errors import ProvisioningError
from amphitrite.server import supervisor

PATIENCE: Final = 30.0  # seconds; a supervisor answers in 0.1


class Supervised:
    """A process with a supervisor, and the folder of its run.

    Parameters
    ----------
    place : Path
        The folder in which to create that of the run.

    Raises
    ------
    ProvisioningError
        The supervisor does not start.

    Attributes
    ----------
    folder : Path
        The run's folder, removed at the end.
    pid : int or None
        The process number; None before the start.
    """

    def __init__(self, place: Path) -> None:
        self.pid: int | None = None
        self._exit: int | None = None
        self._grace = 0.0
        self._heard = b""
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", supervisor.__file__),
                *(str(self._owner), str(place)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # out of reach of the terminal's Ctrl-C
            start_new_session=True,
            cwd="/",
        )
        try:
            self.folder = Path(self._expect("folder"))
        except BaseException:
            self._process.kill()
            self._close()
            raise

    def start(
        self,
        command: list[str],
        *,
        environ: dict[str, str],
        directory: Path,
        log: Path,
        grace: float,
    ) -> None:
        """Start the process.

        Parameters
        ----------
        command : list of str
            Program and arguments.
        environ : dict
            All its environment variables.
        directory : Path
            Its working directory.
        log : Path
            File to which its output is appended.
        grace : float
            Seconds that it has to end by itself when it is stopped; if 0, it is killed
            at once.

        Raises
        ------
        ProvisioningError
            The process does not start.
        """
        job = {
            "command": command,
            "environ": environ,
            "directory": str(directory),
            "log": str(log),
            "grace": grace,
        }
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # _expect reports it
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        self._grace = grace
        self.pid = int(self._expect("pid"))

    def exit_status(self) -> int | None:
        """Return the process's exit status; None while it runs.

        It is negative for a signal, as in `subprocess`.
        """
        if self._exit is None:
            message = self._hear(0)
            if message is not None:
                self._exit = int(message["exit"])
            elif self._process.poll() is not None:
                self._exit = self._process.returncode
        return self._exit

    def stop(self) -> None:
        """End the process and remove its folder; more than once does no harm."""
        if os.getpid() != self._owner or self._process.stdin is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(self._grace + 10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        finally:
            self._close()
            # already done, unless the supervisor was killed
            supervisor.sweep(self.folder, supervisor.shm_prefix(self.folder))

    def _close(self) -> None:
        """Close the pipes to the supervisor and wait for its end."""
        process = self._process
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.stdin = None
        process.wait()

    def _expect(self, fact: str) -> Any:
        """Return a value that the supervisor reports next, or raise an error."""
        message = self._hear(PATIENCE)
        if message is None or fact not in message:
            self._process.kill()
            assert self._process.stderr is not None
            said = self._process.stderr.read().decode(errors="replace")
            raise ProvisioningError(
                "The supervisor of the local Triton server does not start: "
                f"{said.strip() or 'it gives no answer'}"
            )
        return message[fact]

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        """Return the supervisor's next message; None if there is none in time."""
        assert self._process.stdout is not None
        end = time.monotonic() + seconds
        while b"\n" not in self._heard:
            left = max(0.0, end - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                return None
            heard = os.read(self._process.stdout.fileno(), 65536)
            if not heard:
                return None
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message
