"""Worker processes, which end with the process that started them.

A worker is a program of its own (`amphitrite.engine.worker`) that finds modules where
this process finds them.  Nothing of ``__main__`` is needed, so a script without a
guard, an interactive session, standard input or a daemonic process can all have
workers.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from amphitrite.engine.worker import receive, send
from amphitrite.errors import WorkerError

logger = logging.getLogger(__name__)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_BEGIN: Final = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from amphitrite.engine.worker import serve; "
    "serve(int(sys.argv[1]), int(sys.argv[2]))"
)
_FLAGS: Final = {"isolated": "-I", "ignore_environment": "-E", "no_user_site": "-s"}
_END_SECONDS: Final = 5.0


def pool(n: int) -> Executor:
    """Return a pool of workers: processes, or one thread.

    Processes are started fresh, not forked, since neither gRPC nor a training framework
    survives a fork.  They leave Ctrl-C to the parent, and end with it even if it is
    killed.  A program frozen into one file cannot start them: there a thread does
    their work, and says so.

    Parameters
    ----------
    n : int
        How many processes at most, each started when there is work for it; 0 is one
        thread of this process.

    Returns
    -------
    concurrent.futures.Executor
        Its futures raise `amphitrite.errors.WorkerError` where a worker was killed or
        cannot take a call.
    """
    if n == 0:
        return threads(1)
    if getattr(sys, "frozen", False) or not sys.executable:
        logger.warning(
            "this program is no Python that could start worker processes; a thread "
            "does their work, as with workers=0"
        )
        return threads(1)
    return _Processes(n)


def threads(n: int) -> Executor:
    """Return a pool of threads of this process, one at least.

    They begin at once, and share what they read; for work that numpy and scipy do
    without Python's lock.
    """
    return _Threads(max(1, n), thread_name_prefix="amphitrite-worker")


class _Threads(ThreadPoolExecutor):
    """Threads that, on an error, begin nothing more."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for calls under way; on an error, drop those not yet begun."""
        self.shutdown(cancel_futures=kind is not None)


class _Processes(_Threads):
    """Threads, each with a worker process that does its work."""

    def __init__(self, n: int) -> None:
        super().__init__(n, thread_name_prefix="amphitrite-worker")
        self._resting: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._lost: WorkerError | None = None

    def submit(
        self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_T]:
        """Have a worker process call a function."""
        return super().submit(self._send, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; end the workers once theirs is done."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        while wait and (worker := self._rested()) is not None:
            worker.end()

    def _send(self, function: Callable[..., _T], args: Any, kwargs: Any) -> _T:
        if self._lost is not None:
            raise self._lost
        task = _packed(function, args, kwargs)
        worker = self._rested() or _Worker()
        try:
            answer = worker.answer(task)
        except WorkerError as lost:
            if args and isinstance(args[0], os.PathLike):
                lost.add_note(f"It was at work on {os.fspath(args[0])}.")
            self._lost = lost
            raise
        self._resting.put(worker)
        done, value = pickle.loads(answer)
        if not done:
            raise value
        return value  # type: ignore[no-any-return]

    def _rested(self) -> _Worker | None:
        try:
            return self._resting.get_nowait()
        except queue.Empty:
            return None


class _Worker:
    """One worker process.

    Raises
    ------
    WorkerError
        The operating system starts no process.
    """

    def __init__(self) -> None:
        tasks, asking = os.pipe()
        answering, answers = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, *_flags(), "-c", _BEGIN, str(tasks), str(answers)]
                + [entry for entry in sys.path if isinstance(entry, str)],
                stdin=subprocess.DEVNULL,
                pass_fds=(tasks, answers),
                process_group=0,  # out of the terminal's reach: Ctrl-C is not for it
            )
        except OSError as error:
            os.close(asking)
            os.close(answering)
            raise WorkerError(
                f"a worker process cannot be started: {error}; use fewer workers, or "
                "none (--workers 0, workers=0)"
            ) from error
        finally:
            os.close(tasks)
            os.close(answers)
        self._asking = os.fdopen(asking, "wb")
        self._answering = os.fdopen(answering, "rb")
        self._has_answered = False

    def answer(self, task: bytes) -> bytes:
        """Have the process do a call.

        Raises
        ------
        WorkerError
            The process has ended; names the likely cause.
        """
        try:
            send(self._asking, task)
            answer = receive(self._answering)
        except (EOFError, OSError):
            raise self._obituary() from None
        self._has_answered = True
        return answer

    def end(self) -> None:
        """Ask the process to end, and wait until it has."""
        try:
            send(self._asking, b"")
        except OSError:
            pass
        self._close()

    def _close(self) -> int:
        """End the process, and return its exit status."""
        try:
            self._asking.close()
        except OSError:  # the last message cannot be delivered
            pass
        self._answering.close()
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _obituary(self) -> WorkerError:
        status = self._close()
        if -status == signal.SIGKILL:
            return WorkerError(
                "a worker process was killed (SIGKILL), most likely for want of "
                "memory; use fewer workers (--workers, workers=)"
            )
        how = f"signal {_name(-status)}" if status < 0 else f"exit code {status}"
        if self._has_answered:
            return WorkerError(
                f"a worker process died ({how}); do without, to see more of the "
                "cause: --workers 0 (workers=0)"
            )
        return WorkerError(
            f"the worker process that {sys.executable} started ended before it had "
            f"done anything ({how}); do without: --workers 0 (workers=0)"
        )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _flags() -> Iterator[str]:
    """Yield the options of this interpreter that a worker's must share."""
    for name, flag in _FLAGS.items():
        if getattr(sys.flags, name):
            yield flag
    yield from ["-O"] * sys.flags.optimize
    yield from (f"-W{option}" for option in sys.warnoptions)
    # or names of files would mean other files there
    yield from ("-X", f"utf8={sys.flags.utf8_mode}")


def _packed(function: Callable[..., Any], args: Any, kwargs: Any) -> bytes:
    try:
        return pickle.dumps((function, args, kwargs), pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise WorkerError(
            f"worker processes cannot be given this task: {error}. Define functions "
            "and classes for workers in a module of their own, or use no workers "
            "(workers=0)"
        ) from error
