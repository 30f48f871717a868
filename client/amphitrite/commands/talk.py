"""A command's output: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.table import Table
from rich.text import Text

from amphitrite.api import connect
from amphitrite.commands.options import Serving
from amphitrite.shown import shown
from amphitrite.triton.served import Server


class Talk:
    """Output of one command.

    Parameters
    ----------
    as_json, quiet, verbose : bool
        The command's options of these names.
    """

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._errors = _console(stderr=True)
        self.console = _console(stderr=True, quiet=True) if quiet else self._errors
        level = (
            logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING
        )
        for package in ("amphitrite", "amphitrite_training", "amphitrite_export"):
            logger = logging.getLogger(package)
            logger.setLevel(level)
            logger.handlers = [_ConsoleHandler(self._errors)]

    def say(self, text: str) -> None:
        """Print a message for a person on standard error."""
        self.console.print(shown(text), soft_wrap=True)

    def result(self, found: str | Table, fields: Mapping[str, Any]) -> None:
        """Print the result on standard output: as JSON if asked for, else as text."""
        if self.as_json:
            sys.stdout.write(json.dumps(fields, allow_nan=False) + "\n")
            sys.stdout.flush()
        elif not self.quiet:
            text = shown(found) if isinstance(found, str) else found
            _console().print(text, soft_wrap=True)

    def status(self, text: str) -> Status:
        """Show a message for as long as a ``with`` block lasts."""
        return self.console.status(Text(shown(text)))

    @contextmanager
    def connected(self, serving: Serving, models: Sequence[str]) -> Iterator[Server]:
        """Connect as `amphitrite.connect` does, and show each step."""
        with ExitStack() as stack:
            with self.status("connecting to Triton") as status:
                connection = stack.enter_context(
                    connect(
                        serving.server,
                        models=models,
                        model_repository=serving.model_repository,
                        deadline=serving.deadline,
                        tls_ca=serving.tls_ca,
                        tls_cert=serving.tls_cert,
                        tls_key=serving.tls_key,
                        header_file=serving.header_file,
                        report=reporter(status),
                    )
                )
            yield connection

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar with rate and time left; yield the function that advances it."""
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=self.quiet,
        ) as bar:
            task = bar.add_task(what, total=total)
            yield lambda size: bar.advance(task, size)


def reporter(status: Status) -> Callable[[str], None]:
    """Return the function that replaces the message of a status."""
    return lambda text: status.update(Text(shown(text)))


def _console(**options: Any) -> Console:
    """Return a console that prints text as it is: brackets in paths are no markup."""
    return Console(highlight=False, markup=False, emoji=False, **options)


class _ConsoleHandler(logging.Handler):
    """Prints log records above the progress bar, without breaking their lines."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        text = f"{record.levelname.lower()}: {self.format(record)}"
        self._console.print(shown(text), soft_wrap=True)


class _Rate(ProgressColumn):
    """Units per second."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.0f}/s" if rate else "")
