"""Shards: a survey divided among tasks that know nothing of each other.

Whether an input belongs to a shard follows from its key alone, such as the name of its
star: every task finds its own share without asking anybody, and finds the same one when
it is started again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from amphitrite.errors import BadInput

AUTO: Final = "auto"
COUNT_VARIABLE: Final = "AMPHITRITE_SHARDS"
_SLURM: Final = "SLURM_ARRAY_TASK_"
_INDEXED_JOB: Final = "JOB_COMPLETION_INDEX"
_GIVEN: Final = re.compile(r"(-?\d+)/(-?\d+)")


@dataclass(frozen=True)
class Shard:
    """One of the equal shares of a survey.

    Parameters
    ----------
    index : int
        Its number, counted from 0.
    count : int
        How many there are.

    Raises
    ------
    BadInput
        There is no such shard.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise BadInput(
                "a shard is I/N, with N shards in all, 1 at least, and I counted from "
                f"0 to N - 1; received {self}"
            )

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str]) -> Shard:
        """Return the shard that a text stands for.

        Parameters
        ----------
        text : str
            ``I/N``, or ``auto`` for the task of an engine: of a Slurm job array, or of
            an Indexed Job of Kubernetes with `COUNT_VARIABLE`.
        environment : mapping of str to str
            The environment variables.

        Raises
        ------
        BadInput
            The text is of another form, there is no such shard, or ``auto`` finds no
            engine or cannot number its tasks.
        """
        if text == AUTO:
            return _of_engine(environment)
        if not (given := _GIVEN.fullmatch(text)):
            raise BadInput(
                "--shard must be I/N, such as 0/4 for the first of four shards, or "
                f"{AUTO}; received {text!r}"
            )
        return cls(int(given[1]), int(given[2]))

    def takes(self, key: str) -> bool:
        """Return whether what has a key belongs to this shard."""
        return shard_of(key, self.count) == self.index


def shard_of(key: str, count: int) -> int:
    """Return the number of the shard to which a key belongs.

    Parameters
    ----------
    key : str
        Any text, such as `amphitrite.files.compression.plain_name` of a file.
    count : int
        Number of shards.
    """
    digest = sha256(key.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % count


def _of_engine(environment: Mapping[str, str]) -> Shard:
    """Return the shard of the task that the environment describes."""
    for task in (f"{_SLURM}ID", _INDEXED_JOB):
        if task in environment:
            if task == _INDEXED_JOB or COUNT_VARIABLE in environment:
                index = _number(environment, task)
                return Shard(index, _number(environment, COUNT_VARIABLE))
            return _of_array(environment)
    raise BadInput(
        f"--shard {AUTO} takes the shard from the task of an engine, and this process "
        f"is none: neither {_SLURM}ID (a Slurm job array) nor {_INDEXED_JOB} (an "
        "Indexed Job of Kubernetes) is set; give --shard I/N"
    )


def _of_array(environment: Mapping[str, str]) -> Shard:
    """Return the shard of a task of a job array, which counts from 0 or from 1.

    Any other array may be a part of one, such as ``--array=3`` for a task that failed.
    """
    task, count, first, last = (
        _number(environment, _SLURM + name) for name in ("ID", "COUNT", "MIN", "MAX")
    )
    if first > 1 or last - first + 1 != count:
        raise BadInput(
            f"--shard {AUTO} needs an array numbered from 0 on, such as sbatch "
            f"--array=0-{max(0, count - 1)}, or how many shards there are in the "
            f"environment variable {COUNT_VARIABLE}; received an array of {count} "
            f"tasks from {first} to {last}"
        )
    return Shard(task - first, count)


def _number(environment: Mapping[str, str], name: str) -> int:
    """Return a whole number from the environment."""
    text = environment.get(name, "")
    if not re.fullmatch(r"\d+", text):
        raise BadInput(
            f"--shard {AUTO} needs a whole number in the environment variable {name}; "
            f"received {text or 'nothing'!r}; give --shard I/N instead"
        )
    return int(text)
