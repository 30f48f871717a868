"""Chunks are made once, and kept under a digest of what they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from amphitrite.errors import OutputError
from amphitrite_training.fitting.chunks import (
    cached,
    joined,
    pieces,
    row,
    write_records,
)


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


def test_pieces_hold_every_number_once():
    found = list(pieces(50, 250))
    assert found == [(50, 100), (150, 100), (250, 50)]
    assert list(pieces(0, 100)) == [(0, 100)]


def test_records_and_rows_follow_each_other(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder, values in zip(folders, ((1, 2), (3,)), strict=True):
        folder.mkdir()
        write_records(folder / "t.npz", [{"x": v, "y": -v} for v in values])
    table = joined(folders, "t.npz", "numbers")
    np.testing.assert_array_equal(table["x"], [1, 2, 3])
    np.testing.assert_array_equal(table["y"], [-1, -2, -3])
    chunks = [np.array([[1], [2]]), np.array([[3]])]
    assert [int(row(chunks, number)[0]) for number in range(3)] == [1, 2, 3]
