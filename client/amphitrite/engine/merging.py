"""The parts of a survey, put together.

They must be all shards of one run, each once; then their records fill a journal, and
the models that were asked stand in for a server.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from amphitrite.engine import partfiles
from amphitrite.engine.journal import Journal
from amphitrite.engine.partfiles import Head
from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.triton.answers import Tensors
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec, check_contract

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """All parts of one run.

    Parameters
    ----------
    head : Head
        Of the first shard; but for ``shard`` and ``skipped`` all have the same.
    paths : tuple of Path
        The files in the order of the shards.
    sums : tuple of str
        Their SHA-256.
    skipped : mapping of str to str
        Units that no shard could use, and why.
    """

    head: Head
    paths: tuple[Path, ...]
    sums: tuple[str, ...]
    skipped: Mapping[str, str]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Parts:
        """Return the parts in some files, in any order.

        Parameters
        ----------
        paths : sequence of Path
            The files.

        Raises
        ------
        BadInput
            A file is no whole part, the parts are not of one run, or a shard is missing
            or there twice.
        """
        found: dict[int, tuple[Path, str]] = {}
        skipped: dict[int, Mapping[str, str]] = {}
        first: Head | None = None
        for path in paths:
            head = partfiles.read_head(path)
            first = first or head
            _check_same_run(first, head, paths[0], path)
            index, _ = head.shard
            digest = checksum(path)
            if index in found:
                raise _doubled(index, found[index], (path, digest))
            found[index] = path, digest
            skipped[index] = head.skipped
        if first is None:
            raise BadInput("no part was given; give the files of all shards")
        _check_all(first, found)
        ordered = [found[index] for index in sorted(found)]
        every = {
            k: why for index in sorted(skipped) for k, why in skipped[index].items()
        }
        return cls(
            Head(**{**vars(first), "skipped": {}}),
            tuple(path for path, _ in ordered),
            tuple(digest for _, digest in ordered),
            every,
        )

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of each part, for the provenance."""
        names = (path.name for path in self.paths)
        return tuple(zip(names, self.sums, strict=True))

    def check_folder(self) -> None:
        """Check that relative names of inputs mean the same files as in the shards.

        Raises
        ------
        BadInput
            Names the folder in which the shards were run.
        """
        if self.head.folder and Path(self.head.folder) != Path.cwd():
            raise BadInput(
                f"the shards were run in {self.head.folder}, with names of files "
                f"relative to it, and this is {Path.cwd()}; run merge there"
            )

    def check_run(self, run: Mapping[str, Any]) -> None:
        """Check that the run which is to use the parts is the one of the shards.

        Parameters
        ----------
        run : mapping
            The head of its journal.

        Raises
        ------
        BadInput
            Names the first difference, such as inputs that have changed since.
        """
        for name, (was, now) in _differences(self.head.run, run):
            raise BadInput(
                f"the parts were made with {name} = {was!r}, and now it is {now!r}; "
                "merge with the same files and the same version, or run the shards "
                "again"
            )

    def fill(self, journal: Journal) -> None:
        """Put the records of all parts into a journal, one by one.

        Parameters
        ----------
        journal : Journal
            Records that it holds already are left as they are.
        """
        for path in self.paths:
            for key, body in partfiles.records(path):
                if key not in journal:
                    journal.put(key, body)

    @cached_property
    def _models(self) -> dict[str, ServedModel]:
        models = {}
        for record in self.head.models:
            spec = ModelSpec.from_json(record["spec"])
            models[spec.name] = ServedModel(
                server=_NoServer(),
                spec=spec,
                version=record["version"],
                max_batch=record["max_batch"],
                verified=record["verified"],
            )
        return models

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return a model as it was served to the shards.

        Raises
        ------
        BadInput
            No shard has asked for it.
        SpecMismatch
            It is not the one that this client expects.
        """
        if expected.name not in self._models:
            raise BadInput(
                f"the parts were made without the model '{expected.name}'; run the "
                "shards again with this version"
            )
        model = self._models[expected.name]
        check_contract(served=model.spec, expected=expected)
        return model


def recorded(model: ServedModel) -> dict[str, Any]:
    """Return a served model in JSON types, for the head of a part."""
    return {
        "spec": model.spec.to_json(),
        "version": model.version,
        "max_batch": model.max_batch,
        "verified": model.verified,
    }


class _NoServer:
    """In the place of a server: everything that it could be asked was answered."""

    url = "(none: parts are merged)"

    def model(self, expected: ModelSpec) -> ServedModel:
        """Refuse."""
        raise _unanswered(expected)

    def send(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        """Refuse."""
        raise _unanswered(model.spec)


def _unanswered(spec: ModelSpec) -> BadInput:
    return BadInput(
        f"the parts do not hold all answers of '{spec.name}', so that an input must "
        "have changed since the shards were run; run them again"
    )


def _check_same_run(first: Head, other: Head, one: Path, another: Path) -> None:
    """Refuse parts of two runs, and name the first difference."""
    for name, (have, has) in _differences(_identity(first), _identity(other)):
        raise BadInput(
            f"{one} and {another} are parts of two runs: {name} is {have!r} in the one "
            f"and {has!r} in the other; merge the parts of one run alone"
        )


def _identity(head: Head) -> dict[str, Any]:
    """Return what is the same in all parts of a run."""
    _, count = head.shard
    models = [ModelSpec.from_json(model["spec"]).identity for model in head.models]
    return {
        "survey": head.survey,
        "the number of shards": count,
        **head.run,
        **{f"the option {name}": value for name, value in head.options.items()},
        "the given names": head.inputs,
        "the working directory": head.folder,
        "models": models,
    }


def _differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield name, (one.get(name), other.get(name))


def _doubled(index: int, one: tuple[Path, str], other: tuple[Path, str]) -> BadInput:
    """Return the error that a shard is there twice."""
    same = one[1] == other[1]
    return BadInput(
        f"shard {index} is there twice: {one[0]} and {other[0]}, which "
        + (
            "have the same content (by their SHA-256); give it once"
            if same
            else "differ; give the right one alone"
        )
    )


def _check_all(head: Head, found: Mapping[int, Any]) -> None:
    """Refuse parts that are not all shards of their run."""
    _, count = head.shard
    missing = [f"{index}/{count}" for index in range(count) if index not in found]
    if missing:
        some = ", ".join(missing[:20]) + (" ..." if len(missing) > 20 else "")
        one = len(missing) == 1
        raise BadInput(
            f"{'the part' if one else f'{len(missing)} parts'} of shard"
            f"{'' if one else 's'} {some} {'is' if one else 'are'} missing; run "
            f"{'it' if one else 'them'}, or give the files too"
        )
