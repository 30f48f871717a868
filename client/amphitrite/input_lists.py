"""Provenance of a result of many inputs, too many to list in a header."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from amphitrite.provenance import Provenance
from amphitrite.stars import Scored
from amphitrite.triton import ServedModel


def provenance(paths: Sequence[Path], model: ServedModel, command: str) -> Provenance:
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
        `amphitrite.scoring.score`).
    """
    digest = _digest(f"{path}\n" for path in paths)
    return Provenance.by(model, ((_count(len(paths)), digest),), command)


def read(before: Provenance, files: Iterable[Scored]) -> Provenance:
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
