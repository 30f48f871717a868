"""Files that a run writes beside its result, under names of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from amphitrite.errors import BadInput, OutputError
from amphitrite.staging import sync, writing


def check(
    beside: Sequence[Path], out: Path, inputs: Sequence[Path], *, replace: bool
) -> None:
    """Refuse what could not be written at the end, before anything is done.

    Parameters
    ----------
    beside : sequence of Path
        The files beside the result.
    out : Path
        The result.
    inputs : sequence of Path
        What is read.
    replace : bool
        Whether existing files may be replaced.

    Raises
    ------
    BadInput
        Two outputs have one name, or an output has an input's.
    OutputError
        A file exists, or its folder does not.
    """
    outputs = [path.resolve() for path in (out, *beside)]
    taken = {path.resolve() for path in inputs} & set(outputs)
    if taken or len(set(outputs)) < len(outputs):
        raise BadInput(
            "every output needs a name of its own that is no input's; received "
            f"{', '.join(map(str, (out, *beside)))}"
        )
    for path in beside:
        if not path.parent.is_dir():
            raise OutputError(
                f"{path} cannot be written: the folder {path.parent} does not exist; "
                "make it, or choose another"
            )
        if path.is_dir() or (path.exists() and not replace):
            raise OutputError(
                f"{path} exists already; give another name, or replace a file with "
                "--overwrite"
            )


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Yield a name beside a file's; what is written there gets the file's name.

    Parameters
    ----------
    path : Path
        The file, replaced if it exists, and untouched after an exception.

    Raises
    ------
    OutputError
        The operating system could not write it.
    """
    other = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        with writing(path):
            yield other
            sync(other)
            other.replace(path)
            sync(path.parent)
    except BaseException:
        other.unlink(missing_ok=True)
        raise
