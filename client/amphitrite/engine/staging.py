"""The folder of a run's work until the result stands under its final name.

Everything is written into ``OUT.part/`` beside the result; only a finished result is
renamed to ``OUT``.  The folder is locked while a run uses it; with the files that an
interrupted run leaves there, a later run goes on.

Nothing that is not ours is lost: the folder, and a result that is a folder, carry a
marker (see `amphitrite.files.folders`), without which they are left alone, and ``OUT``
is looked at again in the very renaming (see `amphitrite.files.replacing`).
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Collection
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any

from amphitrite.engine import parts
from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders, locks, renaming
from amphitrite.files.replacing import aside, aside_pattern, backup_of, put
from amphitrite.files.standing import check_output, kind, sighting
from amphitrite.files.writing import sync, sync_tree, writing

logger = logging.getLogger(__name__)


class Staging:
    """The folder in which a result is made; a context manager.

    An exception leaves the folder if `keep` is set, else removes it, and the folders
    above that were made for it.

    Parameters
    ----------
    out : Path
        The result's final name, a file or a folder.
    products : collection of str, optional
        What a folder of results may hold; a folder that holds anything else, or that is
        not marked as one of ours, is never replaced.  None where the result is a file.
    begun : str
        Name of the file, within the folder, by which an interrupted run is known.
    work : collection of str
        Patterns of further files that a run keeps in the folder.
    resume : bool
        Go on with an interrupted run.
    overwrite : bool
        Replace an existing result, and drop an interrupted run.

    Attributes
    ----------
    keep : bool
        Whether the folder holds anything that a later run can use.

    Raises
    ------
    OutputError
        The result exists already, or cannot be written where it was asked for, or
        another run is making it, or a file or folder that would be replaced was not
        made by amphitrite.
    BadInput
        An interrupted run was found, and neither resume nor overwrite was chosen.
    """

    def __init__(
        self,
        out: Path,
        *,
        products: Collection[str] | None = None,
        begun: str = parts.JOURNAL,
        work: Collection[str] = (),
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.out = Path(os.path.abspath(out))  # noqa: PTH100 - keeps symbolic links
        self.folder = parts.part_of(out)
        self.keep = False
        self._whole = self._published = False
        self._here: Path | None = self.folder
        self._inside = None if products is None else parts.patterns(products)
        self._begun = begun
        self._work = dict.fromkeys((begun, f"{begun}.new", *work))
        self._made: list[Path] = []
        with writing(self.out):
            check_output(self.out)
            published = resume and self._was_published()
            if kind(self.out) is not None and not published:
                self._check_replaceable(overwrite=overwrite)
            self._agreed = sighting(self.out)
            self._sweep()
            self._lock = self._take()
            try:
                self._begin(resume=resume, overwrite=overwrite)
            except BaseException:
                self.__exit__(*sys.exc_info())
                raise

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        left = raised is None or self.keep or self._whole
        if left and not self._published:
            self._lock.release(self.folder)
        else:
            self._remove()

    @property
    def journal(self) -> Path:
        """Path of the run's journal."""
        return self.folder / parts.JOURNAL

    @property
    def result(self) -> Path:
        """Path under which the result is made."""
        return self.folder / parts.RESULT / self.out.name

    def require(self, n_bytes: int) -> None:
        """Check that the disk has room for the run.

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
            The operating system could not do it, or something appeared under the name
            or was changed there since the run began; the result is then kept.
        """
        with writing(self.out):
            if self._inside is not None:
                folders.mark(self.result)
            sync_tree(self.result)
            self._whole = True
            made = [*self._record["made"], sighting(self.result)]
            self._note({"made": made, "old": self._agreed, "pending": True})
            try:
                put(self.result, self.out, instead_of=self._agreed)
            except FileExistsError:
                raise self._taken() from None
            sync(self.out.parent)
            self._published = True
        self._remove()

    def _taken(self) -> OutputError:
        return OutputError(
            f"{self.out} appeared or was changed while the run was going on, and is "
            f"left as it is; the finished result is kept in {self.folder}. Move "
            f"{self.out.name} away and give the same command with --resume, or replace "
            "it with --resume --overwrite"
        )

    @property
    def _ours(self) -> folders.Contents:
        """Patterns of the files that a run puts into its folder."""
        name = escape(self.out.name)
        result = {
            **{name: self._inside, escape(backup_of(self.out).name): self._inside},
            aside_pattern(self.out): None,
        }
        notes = (parts.PUBLISHING, parts.BESIDE)
        asides = (aside_pattern(Path(name)) for name in notes)
        files = dict.fromkeys((*locks.NAMES, *notes, *asides))
        return {**files, **self._work, parts.RESULT: result}

    def _was_published(self) -> bool:
        """Return whether an interrupted run's result has the final name."""
        made = self._record["made"]
        return bool(made) and sighting(self.out) in made

    @property
    def _record(self) -> dict[str, Any]:
        """The record of results that were given the final name.

        ``made`` are the run's results, however often it was resumed; ``old`` is what
        the last one was to replace; ``pending`` is whether that may be half-way.
        """
        if folders.is_ours(self.folder):
            with suppress(FileNotFoundError):
                return dict(json.loads((self.folder / parts.PUBLISHING).read_text()))
        return {"made": [], "old": None, "pending": False}

    def _note(self, record: dict[str, Any]) -> None:
        path = self.folder / parts.PUBLISHING
        with aside(path, instead_of=sighting(path)) as other:
            other.write_text(json.dumps(record))

    def _check_replaceable(self, *, overwrite: bool) -> None:
        found = kind(self.out)
        if found != ("file" if self._inside is None else "folder"):
            raise OutputError(
                f"{self.out} is a {found}, which this result cannot replace; give "
                "another --output"
            )
        if not overwrite:
            raise OutputError(
                f"{self.out} exists already; give another --output, or replace it with "
                "--overwrite"
            )
        if self._inside is None:
            return
        if foreign := folders.guests(self.out, self._inside):
            names = ", ".join(path.name for path in foreign[:5])
            raise OutputError(
                f"{self.out} also holds {names}, which is no product of this command, "
                "so that it is not replaced; give another --output"
            )
        if not folders.is_ours(self.out):
            raise OutputError(
                f"{self.out} is not a folder that amphitrite made (it has no "
                f"{folders.MARKER}), so that it is not replaced; move it away, or give "
                "another --output"
            )

    def _take(self) -> locks.Lock:
        """Make the folder, or take that of an interrupted run."""
        lock = None
        while lock is None:  # it may appear or vanish between look and deed
            if kind(self.folder) is None:
                lock = self._make()
            elif folders.is_ours(self.folder):
                lock = self._lock_existing()
            elif kind(self.folder) is not None:
                raise OutputError(
                    f"{self.folder} is in the way: it is not a folder that amphitrite "
                    f"made (it has no {folders.MARKER}), so that nothing in it is "
                    "touched; move it away, or give another --output"
                )
        return lock

    def _lock_existing(self) -> locks.Lock | None:
        try:
            return locks.Lock(self.folder)
        except FileNotFoundError:
            return None
        except locks.Held as held:
            raise OutputError(
                f"another run is writing {self.out} (it holds {self.folder}); {held}"
            ) from None

    def _make(self) -> locks.Lock | None:
        """Make the folder, which appears marked and locked; None if one was there."""
        parents = [self.out.parent, *self.out.parent.parents]
        self._made = [parent for parent in parents if not parent.exists()]
        hidden = self._hidden()
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            hidden.mkdir()
            lock = locks.Lock(hidden)
            try:
                folders.mark(hidden)
                (hidden / parts.RESULT).mkdir()
                renaming.exclusive(hidden, self.folder)
            except BaseException:
                lock.release(hidden)
                raise
        except BaseException as error:
            shutil.rmtree(hidden, ignore_errors=True)
            self._unmake_parents()
            if isinstance(error, FileExistsError) and kind(self.folder) is not None:
                return None
            raise
        return lock

    def _hidden(self) -> Path:
        """Return a free, hidden name for a folder that is not in use."""
        name = f".{self.folder.name}-{secrets.token_hex(4)}"
        return self.folder.with_name(name)

    def _unmake_parents(self) -> None:
        for parent in self._made:
            with suppress(OSError):
                parent.rmdir()

    def _begin(self, *, resume: bool, overwrite: bool) -> None:
        """Find an interrupted run, and clear the files that are not used again."""
        interrupted = kind(self.folder / self._begun) is not None
        # What it holds is kept until it is known to be of no use.
        self.keep = interrupted
        if interrupted and not (resume or overwrite):
            raise BadInput(
                f"an interrupted run was found in {self.folder}; go on with it with "
                "--resume, or start anew with --overwrite"
            )
        self._settle()
        dropped = {parts.RESULT: self._ours[parts.RESULT]}
        if not resume:
            dropped |= {**self._work, parts.BESIDE: None, parts.PUBLISHING: None}
        folders.clear(self.folder, dropped)
        if kind(self.result) is not None:
            raise OutputError(
                f"{self.result} holds what this run would not put there; move it away, "
                "then give the same command again"
            )
        (self.folder / parts.RESULT).mkdir(exist_ok=True)
        self.keep = resume and interrupted

    def _settle(self) -> None:
        """Complete or undo a renaming in the middle of which a run died."""
        backup = backup_of(self.result)
        if kind(backup) is not None and kind(self.out) is None:
            renaming.exclusive(backup, self.out)
            self._agreed = sighting(self.out)
        record = self._record
        if record["pending"]:
            left = sighting(self.result)
            if left is not None and left not in (*record["made"], record["old"]):
                raise OutputError(
                    f"{self.result} stood under the name {self.out} when that was to "
                    "be replaced, and is not of this run; move it away, then give the "
                    "same command again"
                )
            self._note({**record, "pending": False})

    def _remove(self) -> None:
        """Release the folder and remove it; files that are not ours stay.

        After an interruption it goes on where it was.
        """
        try:
            if self._here == self.folder:
                if guests := folders.guests(self.folder, self._ours):
                    self._leave(guests)
                    return
                # One step, after which nobody takes it for an interrupted run's.
                hidden = self._hidden()
                renaming.exclusive(self.folder, hidden)
                self._here = hidden
            if self._here is not None:
                self._erase(self._here, self._lock)
                self._here = None
            self._unmake_parents()
        except OSError as error:
            logger.warning("%s could not be removed: %s", self._here, error)
            self._lock.release(self.folder)

    def _erase(self, hidden: Path, lock: locks.Lock) -> None:
        """Remove a folder that nobody uses any more; nothing in it is a guest."""
        rest = {name: each for name, each in self._ours.items() if name != locks.LOCK}
        folders.clear(hidden, rest)
        # A network file system keeps a file for as long as it is open.
        lock.release(hidden)
        folders.clear(hidden, self._ours)
        (hidden / folders.MARKER).unlink(missing_ok=True)
        hidden.rmdir()

    def _sweep(self) -> None:
        """Remove the hidden folders of runs that were killed while they cleared up."""
        pattern = f".{escape(self.folder.name)}-{'[0-9a-f]' * 8}"
        for hidden in self.out.parent.glob(pattern):
            if not folders.is_ours(hidden) or folders.guests(hidden, self._ours):
                continue
            with suppress(OSError, locks.Held):
                self._erase(hidden, locks.Lock(hidden))

    def _leave(self, guests: list[Path]) -> None:
        """Remove our files and leave others; the folder keeps its mark."""
        logger.warning(
            "%s is left, since it holds what amphitrite has not put there: %s",
            self.folder,
            ", ".join(str(path.relative_to(self.folder)) for path in guests),
        )
        folders.clear(self.folder, self._ours)
        self._lock.release(self.folder)
        self._here = None
