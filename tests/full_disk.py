"""A disk that is really full: a small one of its own, seen by a forked child alone."""

from __future__ import annotations

import ctypes
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

_NEW_MOUNTS: Final = 0x00020000
_PRIVATE: Final = (1 << 18) | (1 << 14)  # MS_PRIVATE, of all mounts below


def on_small_disk(
    work: Callable[[Path], Any], *, n_bytes: int = 1 << 20, n_files: int = 0
) -> Any:
    """Return what some work returns on a disk of a few bytes; raise what it raises.

    Parameters
    ----------
    work : callable
        Given the disk's folder, of which nothing is left afterwards.
    n_bytes : int
        The size of the disk.
    n_files : int
        How many files and folders it has room for; 0 for many.
    """
    with tempfile.TemporaryDirectory() as folder:
        if not _may_mount(folder):
            pytest.skip("mounting a small disk needs a superuser on Linux")
        reading, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _work(work, Path(folder), f"size={n_bytes},nr_inodes={n_files}", telling)
        os.close(telling)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
    raised, value = pickle.loads(told)
    if raised:
        raise value
    return value


def fill(folder: Path) -> Path:
    """Take all that is left of a disk; return the file that took it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while True:
                    file.write(b"\1" * size)
            except OSError:
                continue
    return path


def _work(
    work: Callable[[Path], Any], folder: Path, options: str, telling: int
) -> None:
    try:
        _mount(str(folder), options)
        told = False, work(folder)
    except BaseException as error:
        told = True, error
    os.write(telling, pickle.dumps(told))
    os._exit(0)


def _may_mount(folder: str) -> bool:
    child = os.fork()
    if child == 0:
        try:
            _mount(folder, "size=65536")
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _mount(folder: str, options: str) -> None:
    """Mount a small disk where no other process sees it."""
    libc = ctypes.CDLL(None, use_errno=True)
    for failed in (
        lambda: libc.unshare(_NEW_MOUNTS),
        lambda: libc.mount(None, b"/", None, _PRIVATE, None),
        lambda: libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, options.encode()),
    ):
        if failed():
            raise OSError(ctypes.get_errno(), "cannot mount")
