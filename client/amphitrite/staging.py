"""Where a run keeps its work until the result stands under its final name.

Everything is written into ``OUT.part/`` beside the result; only a finished result is
renamed to ``OUT``.  The folder is locked while a run uses it, and what an interrupted
run leaves there lets a later one go on.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from amphitrite.errors import BadInput, OutputError

_LOCK: Final = "lock"
_PUBLISHING: Final = "publishing"


class Staging:
    """The folder in which a result is made; a context manager.

    An exception leaves the folder if `keep` is set, else removes it.

    Parameters
    ----------
    out : Path
        The result's final name, a file or a folder.
    products : collection of str, optional
        What a folder of results may hold; a folder that holds anything else is never
        replaced.  None where the result is a file.
    resume : bool
        Go on with what an interrupted run left.
    overwrite : bool
        Replace an existing result, and drop what an interrupted run left.

    Attributes
    ----------
    keep : bool
        Whether the folder holds anything that a later run can use.

    Raises
    ------
    OutputError
        The result exists already, or cannot be written where it was asked for, or
        another run is making it, or what would be replaced is no result.
    BadInput
        An interrupted run was found, and nothing says what to do with it.
    """

    def __init__(
        self,
        out: Path,
        *,
        products: Collection[str] | None = None,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.out = Path(os.path.abspath(out))  # noqa: PTH100 - keeps symbolic links
        self.folder = self.out.with_name(self.out.name + ".part")
        if self.out.exists() and not (resume and self._was_published()):
            self._check_replaceable(products, overwrite=overwrite)
        if self.folder.exists() and not (resume or overwrite):
            raise BadInput(
                f"an interrupted run was found in {self.folder}; go on with it with "
                "--resume, or start anew with --overwrite"
            )
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        self._take()
        if overwrite and not resume:
            self._clear()
        self.keep = self.journal.exists()

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    @property
    def journal(self) -> Path:
        """Where the run's journal is."""
        return self.folder / "journal"

    @property
    def result(self) -> Path:
        """Where the result is made."""
        return self.folder / self.out.name

    def require(self, n_bytes: int) -> None:
        """Refuse to begin what the disk has no room for.

        Raises
        ------
        OutputError
            Says how much is needed and how much is free.
        """
        free = shutil.disk_usage(self.folder).free
        if free < n_bytes:
            raise OutputError(
                f"the run needs about {n_bytes / 1e9:.1f} GB of disk at {self.folder}, "
                f"where {free / 1e9:.1f} GB are free; give another --output"
            )

    def publish(self) -> None:
        """Force the result onto the disk, give it its name and clear up.

        Raises
        ------
        OutputError
            The operating system could not do it.
        """
        with writing(self.out):
            _sync_tree(self.result)
            (self.folder / _PUBLISHING).touch()
            if self.out.is_dir():
                shutil.rmtree(self.folder / "replaced", ignore_errors=True)
                self.out.rename(self.folder / "replaced")
            self.result.rename(self.out)
            sync(self.out.parent)
            # The lock is a file in the folder: it is held until nothing is left.
            shutil.rmtree(self.folder)

    def _was_published(self) -> bool:
        """Return whether a run died after its result had got its name."""
        return (self.folder / _PUBLISHING).exists() and not self.result.exists()

    def _check_replaceable(
        self, products: Collection[str] | None, *, overwrite: bool
    ) -> None:
        if self.out.is_dir() != (products is not None):
            kind = "folder" if self.out.is_dir() else "file"
            raise OutputError(
                f"{self.out} is a {kind}, which this result cannot replace; give "
                "another --output"
            )
        if not overwrite:
            raise OutputError(
                f"{self.out} exists already; give another --output, or replace it with "
                "--overwrite"
            )
        if products is not None:
            foreign = {path.name for path in self.out.iterdir()} - set(products)
            if foreign:
                raise OutputError(
                    f"{self.out} also holds {', '.join(sorted(foreign)[:5])}, which is "
                    "no product of this command, so that it is not replaced; give "
                    "another --output"
                )

    def _take(self) -> None:
        try:
            with writing(self.out):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock.acquire()
        except Timeout:
            raise OutputError(
                f"another run is writing {self.out} (it holds {self.folder}); wait for "
                "it, or give another --output"
            ) from None

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into `OutputError`."""
    try:
        yield
    except Timeout:  # filelock's, and an OSError too
        raise
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise OutputError(
            f"cannot write {out}: {error.strerror or error}{place}; free some space, "
            "or give an --output in a folder that you may write to"
        ) from error


def _sync_tree(path: Path) -> None:
    for inner in sorted(path.rglob("*")) if path.is_dir() else []:
        sync(inner)
    sync(path)


def sync(path: Path) -> None:
    """Have the operating system store a file, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
