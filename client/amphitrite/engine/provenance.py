"""Provenance of a result, written into every product's header."""

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
from amphitrite.triton.served import ServedModel


@dataclass(frozen=True)
class Provenance:
    """Model, inputs and command of a result.

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
        The command line; empty for a run from Python.
    date : str
        When the run began, UTC in ISO 8601.
    parts : tuple of (str, str)
        File name and SHA-256 of each part that was merged; empty for a run in one.
    """

    model: str
    version: int
    model_sum: str
    verified: bool
    inputs: tuple[tuple[str, str], ...]
    command: str
    date: str
    parts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, inputs: Sequence[Path], model: ServedModel, command: str) -> Provenance:
        """Return the provenance of a run that is about to begin.

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
        """Return the provenance of inputs whose names and checksums are known."""
        return cls(
            model=model.spec.name,
            version=model.version,
            model_sum=model.spec.identity,
            verified=model.verified,
            inputs=inputs,
            command=command,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @classmethod
    def of_many(
        cls, paths: Sequence[Path], model: ServedModel, command: str, *, noun: str
    ) -> Provenance:
        """Return the provenance of a run over many files, without reading them.

        Parameters
        ----------
        paths : sequence of Path
            The files.
        model : ServedModel
            The model that is asked.
        command : str
            The command line.
        noun : str
            What one file is, such as ``"light curve"``.

        Returns
        -------
        Provenance
            With one input: how many files, and a digest of their names, by which a
            resumed run knows that the same are meant; their contents are compared one
            by one as they are read.
        """
        digest = _digest(f"{path}\n" for path in paths)
        return cls.by(model, ((_count(len(paths), noun), digest),), command)

    def with_inputs(self, files: Iterable[tuple[str, str]], *, noun: str) -> Provenance:
        """Return the provenance with the files that were really read.

        Parameters
        ----------
        files : iterable of (str, str)
            Name and SHA-256 of each file that was used.
        noun : str
            What one file is.

        Returns
        -------
        Provenance
            Its one input is how many files were used, and a digest that
            ``sha256sum FILE... | LC_ALL=C sort | sha256sum`` gives for them, run in
            their folder.
        """
        lines = sorted(f"{checksum}  {name}\n" for name, checksum in files)
        return replace(self, inputs=((_count(len(lines), noun), _digest(lines)),))

    @property
    def identity(self) -> dict[str, Any]:
        """Version, weights and inputs: the same in a run and in its resumption."""
        return {
            "amphitrite": __version__,
            "model": f"{self.model} version {self.version} {self.model_sum}",
            "weights": self._weights,
            "inputs": [list(pair) for pair in self.inputs],
        }

    @property
    def cards(self) -> dict[str, str | int | float]:
        """FITS cards, also used as the metadata of a table."""
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
        for number, (name, digest) in enumerate(self.parts, start=1):
            cards[f"PART{number}"] = name
            cards[f"PSUM{number}"] = f"sha256:{digest}"
        if self.command:
            cards["COMMAND"] = self.command
        return cards

    @property
    def _weights(self) -> str:
        return "verified" if self.verified else "not verified"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(os.fsencode(line))
    return digest.hexdigest()
