"""Where a run keeps its work until the result stands under its final name.

Everything is written into ``OUT.part/`` beside the result; only a finished result is
renamed to ``OUT``.  The folder is locked while a run uses it, and what an interrupted
run leaves there lets a later one go on.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from amphitrite.errors import BadInput, OutputError


class Staging:
    """The folder in which a result is made; a context manager.

    Parameters
    ----------
    out : Path
        The result's final name, a file or a folder.
    resume : bool
        Go on with what an interrupted run left.
    overwrite : bool
        Replace an existing result, and drop what an interrupted run left.

    Raises
    ------
    OutputError
        The result exists already, or cannot be written where it was asked for, or
        another run is making it.
    BadInput
        An interrupted run was found, and nothing says what to do with it.
    """

    def __init__(self, out: Path, *, resume: bool = False, overwrite: bool = False):
        self.out = out
        self.folder = out.with_name(out.name + ".part")
        if out.exists() and not overwrite:
            raise OutputError(
                f"{out} exists already; give another --output, or replace it with "
                "--overwrite"
            )
        if self.folder.exists() and not (resume or overwrite):
            raise BadInput(
                f"an interrupted run was found in {self.folder}; go on with it with "
                "--resume, or start anew with --overwrite"
            )
        self._lock = FileLock(self.folder / "lock", timeout=0)
        self._take()
        if overwrite and not resume:
            self._clear()

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @property
    def journal(self) -> Path:
        """Where the run's journal is."""
        return self.folder / "journal"

    @property
    def result(self) -> Path:
        """Where the result is made."""
        return self.folder / self.out.name

    def publish(self) -> None:
        """Force the result onto the disk, give it its name and clear up."""
        _sync_tree(self.result)
        if self.out.is_dir():
            shutil.rmtree(self.folder / "replaced", ignore_errors=True)
            self.out.rename(self.folder / "replaced")
        self.result.rename(self.out)
        _sync(self.out.parent)
        self._lock.release()
        shutil.rmtree(self.folder)

    def discard(self) -> None:
        """Remove the folder: the run ended before anything was worth keeping."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise OutputError(
                f"another run is writing {self.out} (it holds {self.folder}); wait for "
                "it, or give another --output"
            ) from None
        except OSError as error:
            raise OutputError(
                f"cannot write {self.out}: {error.strerror} ({error.filename}); give "
                "an --output in a folder that you may write to"
            ) from error

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "lock":
                path.unlink()


def _sync_tree(path: Path) -> None:
    for inner in sorted(path.rglob("*")) if path.is_dir() else []:
        _sync(inner)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
