"""The beginning and the end of a run, the same for every survey."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from astropy.table import QTable

from amphitrite.engine import merging, partfiles, workers
from amphitrite.engine.beside import Beside
from amphitrite.engine.control import Control, PartResult, Summary
from amphitrite.engine.execution import Unit, Work, execute
from amphitrite.engine.journal import Journal
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.staging import Staging
from amphitrite.files import catalogues
from amphitrite.triton.served import ServedModel, Server
from amphitrite.triton.spec import ModelSpec

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Session:
    """One run, from the check of its output to the publication of its result.

    A context manager.  It refuses an output that cannot be written before anything is
    read, connects when the first models are asked for, keeps the journal, prepares
    units in one pool of workers, measures the stages, and publishes.  After an
    exception nothing stands under the result's name, and what the journal holds is kept
    for ``--resume``.

    A run may be one of many shards, and end with `part` instead of a result; or make
    the result of their parts, in which case no server is connected to.

    Parameters
    ----------
    survey : str
        The survey's name.
    out : Path
        The result: a folder if there are `products`, else a catalogue, whose suffix
        chooses the format.
    connecting : context manager
        Gives a connection to a server; entered by `models`.
    control : Control, optional
        How to run.
    inputs : sequence of Path
        All files that are read; none may be an output.
    beside : sequence of Path
        Files that are written beside the result.
    products : collection of str, optional
        See `amphitrite.engine.staging.Staging`.
    disk_bytes : int
        Disk space that the run needs.
    threads : bool
        Whether the workers are threads of this process, not processes.

    Attributes
    ----------
    beside : Beside
        For writing the files beside the result.
    journal : Journal
        From `record` on.
    seconds : dict of str to float
        Wall time of each stage that has ended.

    Raises
    ------
    BadInput
        The suffix is of no known format, two outputs have one name or an input's, or
        an interrupted run was found and neither resume nor overwrite was chosen.
    OutputError
        The result exists or cannot be written, or the disk is too full.
    """

    journal: Journal

    def __init__(
        self,
        survey: str,
        out: Path,
        connecting: AbstractContextManager[Server],
        control: Control | None = None,
        *,
        inputs: Sequence[Path],
        beside: Sequence[Path] = (),
        products: Collection[str] | None = None,
        disk_bytes: int = 0,
        threads: bool = False,
    ) -> None:
        self.control = control = control or Control()
        if control.shard is not None:
            partfiles.check_name(out)
            products, beside = None, ()
        elif products is None:
            catalogues.check_suffix(out)
        self.seconds: dict[str, float] = {}
        self._survey = survey
        self._pool = workers.threads if threads else workers.pool
        self._connecting = connecting
        self._stage: tuple[str, float] | None = None
        self._out = out
        self._asked: list[ServedModel] = []
        self._run: dict[str, Any] = {}
        self._skipped: dict[str, str] = {}
        resume, overwrite = control.resume, control.overwrite
        self.beside = Beside(beside, out, inputs, resume=resume, overwrite=overwrite)
        self._staging = Staging(
            out, products=products, resume=resume, overwrite=overwrite
        )
        with ExitStack() as stack:
            stack.enter_context(self._staging)
            self._staging.require(disk_bytes)
            self._stack = stack.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, raised, trace)

    @property
    def result(self) -> Path:
        """The name under which the result is made."""
        return self._staging.result

    @property
    def may_replace(self) -> bool:
        """Whether what an earlier run has written may be replaced."""
        return self.control.overwrite or self.control.resume

    @cached_property
    def pool(self) -> Executor:
        """The workers that prepare units; they end with the session."""
        return self._stack.enter_context(self._pool(self.control.limits.workers))

    @cached_property
    def _connection(self) -> Server:
        return self._stack.enter_context(self._connecting)

    def stage(self, name: str) -> None:
        """Begin a stage, which ends the one before it."""
        now = time.monotonic()
        if self._stage is not None:
            before, began = self._stage
            self.seconds[before] = now - began
        self._stage = name, now

    def models(self, *specs: ModelSpec) -> tuple[ServedModel, ...]:
        """Return models as they are served, checked to be those that the client needs.

        Raises
        ------
        ServerError
            See `amphitrite.triton.connection.Connection.model`.
        """
        served = self.control.parts or self._connection
        found = tuple(served.model(spec) for spec in specs)
        self._asked += found
        return found

    def own(self, items: Sequence[T], keys: Callable[[T], str]) -> Sequence[T]:
        """Return the items that this run is to do: all, or those of its shard.

        Parameters
        ----------
        items : sequence
            What the survey is divided into.
        keys : callable
            The key of an item, the same in every run.  Items of one key are in one
            shard.
        """
        shard = self.control.shard
        if shard is None:
            return items
        return [item for item in items if shard.takes(keys(item))]

    def record(self, provenance: Provenance, **choices: Any) -> Provenance:
        """Open the journal, in which finished units are kept.

        Parameters
        ----------
        provenance : Provenance
            Where the result comes from.
        **choices
            Options, in JSON types, that must be the same when the run is resumed.

        Returns
        -------
        Provenance
            With the parts, if the result is made of some.

        Raises
        ------
        BadInput
            The parts are of another run; see also
            `amphitrite.engine.journal.Journal`.
        OutputError
            See `amphitrite.engine.journal.Journal`.
        """
        parts, shard = self.control.parts, self.control.shard
        self._run = {"survey": self._survey, **choices, **provenance.identity}
        if parts is not None:
            parts.check_run(self._run)
        head = self._run if shard is None else {**self._run, "shard": str(shard)}
        self.journal = self._stack.enter_context(
            recording(self._staging, head, resume=self.control.resume)
        )
        if parts is None:
            return provenance
        parts.fill(self.journal)
        return replace(provenance, parts=parts.named)

    def serve(
        self,
        what: str,
        units: Iterable[Unit],
        total: int,
        prepare: Callable[[Any], Work],
        model: ServedModel,
        *,
        outputs: Sequence[str] | None = None,
    ) -> Summary:
        """Bring units through a model into the journal, and show the progress.

        Parameters
        ----------
        what : str
            Label of the progress bar, such as ``"searching"``.
        units : iterable of Unit
            The work; read lazily.
        total : int
            Sum of the units' sizes.
        prepare, model, outputs
            See `amphitrite.engine.execution.execute`, also for the errors.

        Returns
        -------
        Summary
            Numbers of units that were done, resumed and skipped.
        """
        with self.control.progress(what, total) as advance:
            left_out: dict[str, str] = {}
            summary = execute(
                self._usable(units, left_out, advance),
                prepare,
                model,
                self.journal,
                outputs=outputs,
                limits=self.control.limits,
                pool=self.pool,
                advance=advance,
            )
        summary.skipped |= left_out
        self._skipped |= summary.skipped
        return summary

    def _usable(
        self,
        units: Iterable[Unit],
        left_out: dict[str, str],
        advance: Callable[[int], None],
    ) -> Iterator[Unit]:
        """Yield units but those that a shard has skipped, which are named again."""
        skipped = {} if self.control.parts is None else self.control.parts.skipped
        for unit in units:
            if (why := skipped.get(unit.key)) is None:
                yield unit
                continue
            logger.warning("skipped %s: %s", unit.key, why)
            left_out[unit.key] = why
            advance(unit.size)

    def part(
        self, inputs: Sequence[Path], options: Any, summary: Summary
    ) -> PartResult:
        """Write the part of this shard in the place of a result, and publish it.

        Parameters
        ----------
        inputs : sequence of Path
            The inputs as they were given to the run.
        options : Options
            The survey's options.
        summary : Summary
            Of the units that were done.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        shard = self.control.shard
        assert shard is not None
        names = [str(path) for path in inputs]
        head = partfiles.Head(
            survey=self._survey,
            shard=(shard.index, shard.count),
            run=self._run,
            options=partfiles.plain(options),
            inputs=names,
            folder=partfiles.folder_of(names, options),
            models=[merging.recorded(model) for model in self._asked],
            skipped=self._skipped,
        )
        partfiles.write(self.result, head, self.journal)
        n_units = len(self.journal)
        self.publish()
        return PartResult(
            *(QTable(), summary, self._out, self.seconds), shard=shard, n_units=n_units
        )

    def publish(self) -> None:
        """Give the result its name, and end the last stage.

        Raises
        ------
        OutputError
            See `amphitrite.engine.staging.Staging.publish`.
        """
        self.journal.close()
        self._staging.publish()
        self.stage("")


@contextmanager
def recording(
    staging: Staging, head: Mapping[str, Any], *, resume: bool
) -> Iterator[Journal]:
    """Open the journal of a run.

    What was finished is kept if the run ends early, for ``--resume``.

    Raises
    ------
    BadInput, OutputError
        See `amphitrite.engine.journal.Journal`.
    """
    with Journal(staging.journal, head, resume=resume) as journal:
        try:
            yield journal
        except BaseException as error:
            staging.keep = len(journal) > 0
            if staging.keep:
                error.add_note(
                    f"{len(journal)} finished parts are kept in {staging.folder}; go "
                    "on with the same command and --resume"
                )
            raise
