"""The common part of all surveys' commands: run, print the result, and exit."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer

from amphitrite.commands.options import Common
from amphitrite.commands.talk import Talk
from amphitrite.engine.control import Control, Limits, PartResult, Result
from amphitrite.engine.partfiles import check_lasting
from amphitrite.engine.shards import Shard
from amphitrite.surveys import asked
from amphitrite.surveys import survey as find

R = TypeVar("R", bound=Result)

SKIPPED = 1


def conduct(
    name: str,
    inputs: Sequence[Path],
    output: Path,
    options: Any,
    common: Common,
    describe: Callable[[R], tuple[str, Mapping[str, Any]]],
    *,
    workers: int = 0,
) -> None:
    """Run a survey on files, or a shard of it, and print its result.

    Parameters
    ----------
    name : str
        The survey's name.
    inputs : sequence of Path
        Its input files.
    output : Path
        Where its result goes.
    options : Options
        The survey's own options.
    common : Common
        The options of all surveys.
    describe : callable
        Gives, of the survey's result, the sentence to print and the fields of
        ``--json``.
    workers : int
        See `amphitrite.engine.control.Limits`.

    Raises
    ------
    typer.Exit
        With `SKIPPED` if an input could not be used; in a shard that is kept in the
        part, and said when the parts are merged.
    AmphitriteError
        See `amphitrite.errors`.
    """
    talk = Talk(as_json=common.as_json, quiet=common.quiet, verbose=common.verbose)
    control = Control(
        limits=Limits(common.in_flight, workers, common.patience),
        resume=common.resume,
        overwrite=common.overwrite,
        command=shlex.join(["amphitrite", *sys.argv[1:]]),
        progress=talk.progress,
        shard=_shard(common, inputs),
    )
    connecting = talk.connected(common, asked(name))
    result: Any = find(name).run(inputs, connecting, output, options, control)
    if isinstance(result, PartResult):
        _tell_part(talk, result, output)
    else:
        tell(talk, result, output, describe)


def tell(
    talk: Talk,
    result: R,
    output: Path,
    describe: Callable[[R], tuple[str, Mapping[str, Any]]],
) -> None:
    """Print the result of a survey; see `conduct`.

    Raises
    ------
    typer.Exit
        With `SKIPPED` if an input could not be used.
    """
    sentence, fields = describe(result)
    talk.result(
        sentence + _left_out(result), {"output": str(output), **_tail(result), **fields}
    )
    if result.summary.skipped:
        raise typer.Exit(SKIPPED)


def _shard(common: Common, inputs: Sequence[Path]) -> Shard | None:
    """Return the shard that was asked for, if one was."""
    if common.shard is None:
        return None
    check_lasting(inputs)
    return Shard.of(common.shard, os.environ)


def _tell_part(talk: Talk, result: PartResult, output: Path) -> None:
    """Print the result of a shard."""
    units = f"{result.n_units} unit{'s' * (result.n_units != 1)}"
    talk.result(
        f"shard {result.shard}: {units} in {output}{_left_out(result)}; "
        "'amphitrite merge' makes the result of all parts",
        {
            "output": str(output),
            **_tail(result),
            "shard": str(result.shard),
            "units": result.n_units,
        },
    )


def _left_out(result: Result) -> str:
    """Return the end of the sentence, on inputs that were skipped."""
    n = len(result.summary.skipped)
    return f"; {n} {'file was' if n == 1 else 'files were'} left out" if n else ""


def _tail(result: Result) -> dict[str, Any]:
    """Return the fields of ``--json`` that every survey has."""
    return {
        "resumed": result.summary.resumed,
        "skipped": dict(result.summary.skipped),
        "seconds": {stage: round(s, 3) for stage, s in result.seconds.items()},
    }
