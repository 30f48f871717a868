"""``amphitrite merge``: the parts of a divided survey to its result."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from amphitrite.commands import options as common


def merge(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="PART",
            help="The parts of all shards, in any order; also quoted patterns.",
            show_default=False,
        ),
    ],
    output: common.Output,
    resume: common.Resume = False,
    overwrite: common.Overwrite = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Make the result of a survey that was run in shards.

    Each shard, run with --shard I/N, leaves a part with the answers of the network. The
    result of all parts is the one of a single run over all inputs: the same rows to the
    bit, with the parts in its header. No server is asked. The options are those of the
    shards, and so are the inputs, which must still be there: all surveys but calnet
    read them again.

    An input that a shard could not use is named, and the exit code is then 1.

    Example: amphitrite merge parts/*.part -o eb.fits
    """
    from amphitrite import api
    from amphitrite.commands.conduct import tell
    from amphitrite.commands.talk import Talk
    from amphitrite.engine.control import Control
    from amphitrite.engine.merging import Parts

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    with talk.status("checking the parts"):
        found = Parts.of(list(_matching(parts)))
    control = Control(
        resume=resume,
        overwrite=overwrite,
        command=shlex.join(["amphitrite", *sys.argv[1:]]),
        progress=talk.progress,
    )
    result = api.merge(found, output, control=control)
    command = import_module(f"amphitrite.commands.{found.head.survey}")
    tell(talk, result, output, command.describe)


def _matching(parts: list[Path]) -> Iterator[Path]:
    """Yield the files that names and patterns stand for; folders stay as they are."""
    from amphitrite.files import lists

    for part in parts:
        if part.exists():
            yield part
        else:
            yield from lists.expand([part])
