"""Files that a run writes beside its result, under names of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from amphitrite.engine.parts import beside_of
from amphitrite.errors import BadInput, OutputError
from amphitrite.files import replacing
from amphitrite.files.standing import Sighting, check_output, kind, sighting


class Beside:
    """The files that a run writes beside its result, seen before anything is done.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    out : Path
        The result.
    inputs : sequence of Path
        What is read.
    overwrite : bool
        Whether existing files may be replaced; those of another name that appear later
        never are.
    resume : bool
        Whether files may be replaced that the interrupted run has written.

    Raises
    ------
    BadInput
        Two outputs have one name, or an output has an input's.
    OutputError
        A file exists, or its folder does not, or it is a link, a pipe or a device.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        out: Path,
        inputs: Sequence[Path],
        *,
        overwrite: bool = False,
        resume: bool = False,
    ) -> None:
        check_distinct(paths, out, inputs)
        self._record = beside_of(out)
        self._written = self._read() if resume else {}
        self._agreed: dict[Path, Sighting | None] = {}
        for path in paths:
            if not path.parent.is_dir():
                raise OutputError(
                    f"{path} cannot be written: the folder {path.parent} does not "
                    "exist; make it, or choose another"
                )
            check_output(path)
            seen = sighting(path)
            ours = seen is not None and seen == self._written.get(str(path.resolve()))
            if kind(path) == "folder" or (seen and not (overwrite or ours)):
                raise OutputError(
                    f"{path} exists already; give another name, or replace a file with "
                    "--overwrite"
                )
            self._agreed[path] = seen

    @contextmanager
    def aside(self, path: Path) -> Iterator[Path]:
        """Yield a temporary name; the file written there replaces the final one.

        Parameters
        ----------
        path : Path
            One of the files; untouched after an exception.

        Raises
        ------
        OutputError
            See `amphitrite.files.replacing.aside`.
        """

        def note(seen: Sighting | None) -> None:
            self._written[str(path.resolve())] = seen
            with replacing.aside(
                self._record, instead_of=sighting(self._record)
            ) as other:
                other.write_text(json.dumps(self._written))

        with replacing.aside(
            path, instead_of=self._agreed[path], announce=note
        ) as other:
            yield other

    def _read(self) -> dict[str, Sighting | None]:
        with suppress(FileNotFoundError, NotADirectoryError, ValueError):
            return dict(json.loads(self._record.read_text()))
        return {}


def check_distinct(paths: Sequence[Path], out: Path, inputs: Sequence[Path]) -> None:
    """Refuse outputs that have the name of another one, or of an input.

    Raises
    ------
    BadInput
        Names all outputs.
    """
    outputs = [path.resolve() for path in (out, *paths)]
    taken = {path.resolve() for path in inputs} & set(outputs)
    if taken or len(set(outputs)) < len(outputs):
        raise BadInput(
            "every output needs a name of its own that is no input's; received "
            f"{', '.join(map(str, (out, *paths)))}"
        )
