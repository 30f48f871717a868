"""Where a result comes from: written into every product's header."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amphitrite._version import __version__
from amphitrite.files.checksums import checksum
from amphitrite.surveys.calnet.interpret.stars import Scored
from amphitrite.triton.served import ServedModel


@dataclass(frozen=True)
class Provenance:
    """What went into a result.

    Parameters
    ----------
    model : str
        The model's name.
    version : int
        Its version on the server.
    model_sum : str
        ``"sha256:..."`` of its whole spec, see
        `amphitrite.triton.spec.ModelSpec.identity`.
    verified : bool
        Whether the server compared the weights with the digest in that spec.
    inputs : tuple of (str, str)
        File name and SHA-256 of each input.
    command : str
        The command line, or what stands for it.
    date : str
        When the run began, UTC in ISO 8601.
    """

    model: str
    version: int
    model_sum: str
    verified: bool
    inputs: tuple[tuple[str, str], ...]
    command: str
    date: str

    @classmethod
    def of(cls, inputs: Sequence[Path], model: ServedModel, command: str) -> Provenance:
        """Describe a run that is about to begin.

        Raises
        ------
        BadInput
            An input cannot be read.
        """
        named = ((path.name, checksum(path)) for path in inputs)
        return cls.by(model, tuple(named), command)

    @classmethod
    def by(
        cls, model: ServedModel, inputs: tuple[tuple[str, str], ...], command: str
    ) -> Provenance:
        """Describe a run over inputs whose names and checksums are known."""
        return cls(
            model=model.spec.name,
            version=model.version,
            model_sum=model.spec.identity,
            verified=model.verified,
            inputs=inputs,
            command=command,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one it goes on with."""
        return {
            "amphitrite": __version__,
            "model": f"{self.model} version {self.version} {self.model_sum}",
            "weights": self._weights,
            "inputs": [list(pair) for pair in self.inputs],
        }

    @property
    def cards(self) -> dict[str, str | int | float]:
        """The same as FITS cards, also used as the metadata of a table."""
        cards: dict[str, str | int | float] = {
            "CREATOR": f"amphitrite {__version__}",
            "DATE": self.date.removesuffix("+00:00"),
            "MODEL": self.model,
            "MODELVER": self.version,
            "MODELSUM": self.model_sum,
            "WEIGHTS": self._weights,
        }
        for number, (name, digest) in enumerate(self.inputs, start=1):
            cards[f"INPUT{number}"] = name
            cards[f"INSUM{number}"] = f"sha256:{digest}"
        if self.command:
            cards["COMMAND"] = self.command
        return cards

    @property
    def _weights(self) -> str:
        return "verified" if self.verified else "not verified"


def of_many(paths: Sequence[Path], model: ServedModel, command: str) -> Provenance:
    """Describe a run over many files that is about to begin, without reading them.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    model : ServedModel
        Who judges them.
    command : str
        The command line.

    Returns
    -------
    Provenance
        With one input: how many files, and a digest of their names, by which a resumed
        run knows that the same are meant; their contents are compared one by one (see
        `amphitrite.surveys.calnet.work.score`).
    """
    digest = _digest(f"{path}\n" for path in paths)
    return Provenance.by(model, ((_count(len(paths)), digest),), command)


def with_inputs(before: Provenance, files: Iterable[Scored]) -> Provenance:
    """Return the provenance with what was really read.

    Parameters
    ----------
    before : Provenance
        What `provenance` returned.
    files : iterable of Scored
        The files that were used.

    Returns
    -------
    Provenance
        Its one input is how many files were used, and a digest that
        ``sha256sum FILE... | LC_ALL=C sort | sha256sum`` gives for them, run in their
        folder.
    """
    lines = sorted(f"{file.checksum}  {file.path.name}\n" for file in files)
    return replace(before, inputs=((_count(len(lines)), _digest(lines)),))


def _count(n: int) -> str:
    return f"{n} light curve{'s' * (n != 1)}"


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(os.fsencode(line))
    return digest.hexdigest()
