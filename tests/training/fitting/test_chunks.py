"""Chunks are made once, and kept under a digest of what they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from amphitrite.errors import OutputError
from amphitrite_training.fitting.chunks import cached


@dataclass(frozen=True)
class Squares:
    """The squares of some numbers."""

    first: int
    n: int
    KEPT_AS: ClassVar[str] = "numbers/squares"
    CONTENTS: ClassVar[str] = "squares"
    ROOM: ClassVar[str] = "10 kB"
    VERSION: ClassVar[int] = 1

    def write(self, folder: Path) -> None:
        numbers = range(self.first, self.first + self.n)
        (folder / "squares.txt").write_text(" ".join(str(n * n) for n in numbers))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path))
    return tmp_path


def test_a_chunk_is_made_and_found_again(cache: Path) -> None:
    (folder,) = cached([Squares(0, 3)])
    assert (folder / "squares.txt").read_text() == "0 1 4"
    assert folder.parent == cache / "numbers"
    made = folder.stat().st_mtime_ns
    assert cached([Squares(0, 3)]) == [folder]
    assert folder.stat().st_mtime_ns == made


def test_what_is_another_chunk_is_another_folder(cache: Path) -> None:
    (first,), (second,) = cached([Squares(0, 3)]), cached([Squares(0, 4)])
    assert first != second


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match=r"cannot keep squares in .* free some 10 kB"):
        cached([Squares(0, 1)])
