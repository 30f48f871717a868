"""The errors that Amphitrite raises deliberately.

The number is the exit code of the command line::

    AmphitriteError
    ├── BadInput            2  a file, an option or a value that cannot be used
    ├── OutputError         2  the result cannot be written where it was asked for
    ├── MissingExtra        2  an optional part is not installed
    ├── WorkerError         2  a worker process was killed, or cannot do its task
    ├── Interrupted         130  Ctrl-C or SIGTERM ended the run
    └── ServerError         3  anything on the server's side
        ├── ProvisioningError   the local server cannot be installed or started
        ├── ServerUnreachable   nothing answers at the address
        ├── ModelNotReady       the server answers but does not serve the model
        ├── SpecMismatch        the served model is not the one expected
        │   └── AnswersMixed        a server changed its model during a run, unnoticed
        ├── QueueFull           the server has too many requests already
        ├── InferenceTimeout    no answer within the deadline
        └── InferenceFailed     the server refused or failed the request

Messages say what was wrong, what was received and what to do about it.
"""

from __future__ import annotations


class AmphitriteError(Exception):
    """Base of every deliberate error; ``exit_code`` is what a shell sees."""

    exit_code = 1


class BadInput(AmphitriteError):
    """A file, an option or a value cannot be used."""

    exit_code = 2


class OutputError(AmphitriteError):
    """The result cannot be written where it was asked for."""

    exit_code = 2


class MissingExtra(AmphitriteError):
    """An optional part of Amphitrite is not installed.

    Parameters
    ----------
    what : str
        The part that is missing, as the beginning of a sentence.
    extra : str
        The extra that provides it.
    """

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        self.what = what
        self.extra = extra
        super().__init__(
            f"{what} needs the '{extra}' extra, which is not installed.\n"
            f"Install it with: pip install 'amphitrite[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """Return the class and its arguments, for passing between processes."""
        return type(self), (self.what, self.extra)


class WorkerError(AmphitriteError):
    """A worker process was killed, or cannot do its task."""

    exit_code = 2


class Interrupted(AmphitriteError):
    """Ctrl-C or SIGTERM ended the run."""

    exit_code = 130


class ServerError(AmphitriteError):
    """Something is wrong on the server's side."""

    exit_code = 3


class ProvisioningError(ServerError):
    """The local server cannot be installed or started on this machine."""


class ServerUnreachable(ServerError):
    """Nothing answers at the address of the server."""


class ModelNotReady(ServerError):
    """The server answers but does not serve the model."""


class SpecMismatch(ServerError):
    """The served model differs from what this survey expects."""


class AnswersMixed(SpecMismatch):
    """A server changed its model during a run, and may have answered with either."""


class QueueFull(ServerError):
    """The server has as many requests waiting as it takes."""


class InferenceTimeout(ServerError):
    """The server gave no answer within the deadline."""


class InferenceFailed(ServerError):
    """The server refused or failed an inference request."""
