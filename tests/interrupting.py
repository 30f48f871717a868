"""What is left when a process is ended at any one of its file-system steps."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

ENDS: Final = (signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long))
"""Both ways in which a process ends at any moment, for tests that take many steps."""

STEPS: Final = (
    "amphitrite.rename",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "open",
)


def endings(
    prepare: Callable[[], Path],
    work: Callable[[Path], object],
    *,
    number: signal.Signals,
    most: int = 1000,
) -> Iterator[Path]:
    """End some work at each of its file-system steps; yield what each time is left.

    Every file that is opened, made, renamed or removed under the folder is a step.  The
    work is done in a forked child, which gets the signal just before the step.

    Parameters
    ----------
    prepare : callable
        Makes the state before, in a new folder each time; returns the folder.
    work : callable
        Given that folder; what it prints and raises is of no concern.
    number : Signals
        SIGKILL, or SIGINT, which Python turns into KeyboardInterrupt.
    most : int
        Steps after which something is wrong.

    Yields
    ------
    Path
        The folder, after the child has ended; the last one after work to its end.
    """
    for step in range(1, most + 1):
        folder = prepare()
        child = os.fork()
        if child == 0:
            _work(folder, work, step, number)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2:
            raise AssertionError("the work failed by itself")
        yield folder
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            if step == 1:
                raise AssertionError("the work has no step at which it can be ended")
            return
    raise AssertionError(f"the work has more than {most} steps")


def _work(
    folder: Path, work: Callable[[Path], object], step: int, number: signal.Signals
) -> None:
    """Do the work in this process and end it: 0 without, 1 with the signal."""
    left = step
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left, watching
        if not watching or event not in STEPS:
            return
        if not _concerns(arguments, folder):
            return
        left -= 1
        if left == 0:
            watching = False
            os.kill(os.getpid(), number)

    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.addaudithook(hook)
        work(folder)
        code = 0 if left > 0 else 1
    except BaseException:
        if left > 0:  # not by the signal: a test would take it for the end
            traceback.print_exc()
            code = 2
    finally:
        os._exit(code)


def _concerns(arguments: tuple[object, ...], folder: Path) -> bool:
    """Tell whether an event is about the folder.

    `shutil.rmtree` names what it removes relative to an open folder's descriptor.
    """
    *names, last = arguments
    if isinstance(last, int) and last >= 0 and not os.path.isabs(str(names[0])):  # noqa: PTH117
        return True
    return any(
        os.fsdecode(name).startswith(str(folder))
        for name in arguments
        if isinstance(name, str | bytes | os.PathLike)
    )
