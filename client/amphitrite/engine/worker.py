"""The program of a worker process: one call after another, for its parent process.

It ends when it is asked to, and when its parent has ended.  See
`amphitrite.engine.workers`.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
from typing import IO, Any, Final, Never

from amphitrite.errors import AmphitriteError, WorkerError

_LENGTH: Final = struct.Struct("!Q")
_END: Final = b""


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write one message; an empty one asks the other side to end."""
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Return the next message.

    Raises
    ------
    EOFError
        The other side is gone.
    """
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def serve(tasks: int, answers: int) -> Never:
    """Do calls until this process is asked to end.

    Parameters
    ----------
    tasks, answers : int
        File descriptors: where calls come from, and where their results go.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Read aside, so that the parent's end is noticed in the middle of a long call.
    reading = threading.Thread(target=_read, args=(tasks, waiting), daemon=True)
    reading.start()
    with os.fdopen(answers, "wb") as pipe:
        while True:
            send(pipe, _answer(waiting.get()))


def _read(tasks: int, waiting: queue.SimpleQueue[bytes]) -> None:
    try:
        with os.fdopen(tasks, "rb") as pipe:
            while (task := receive(pipe)) != _END:
                waiting.put(task)
    except EOFError:
        pass
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(0)


def _answer(task: bytes) -> bytes:
    """Do one call; return whether it was done, and its result or error, as a pickle."""
    try:
        return _packed(done=True, value=_call(task))
    except BaseException as error:
        if not isinstance(error, AmphitriteError):
            error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        try:
            answer = _packed(done=False, value=error)
            pickle.loads(answer)  # not every exception survives it
        except Exception:
            said = "\n".join([repr(error), *getattr(error, "__notes__", ())])
            answer = _packed(done=False, value=RuntimeError(said))
        return answer


def _call(task: bytes) -> Any:
    try:
        function, arguments, options = pickle.loads(task)
    except Exception as error:
        raise WorkerError(
            f"a worker process cannot take its task: {error}. It imports modules as "
            "the program does that started it, but never that program itself: define "
            "functions and classes for workers in a module of their own, or use no "
            "workers (workers=0)"
        ) from None
    try:
        return function(*arguments, **options)
    except MemoryError as error:
        raise WorkerError(
            f"a worker process has no memory left ({error}); use fewer workers "
            "(--workers, workers=)"
        ) from None


def _packed(*, done: bool, value: Any) -> bytes:
    return pickle.dumps((done, value), pickle.HIGHEST_PROTOCOL)
