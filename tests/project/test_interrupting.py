"""The means by which other tests end work half-way is tested first."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from interrupting import endings


@pytest.fixture
def two_files(tmp_path: Path) -> Callable[[], Path]:
    made = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / str(next(made))
        (folder / "inner").mkdir(parents=True)
        for name in "ab":
            (folder / "inner" / name).write_text(name)
        return folder

    return prepare


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_removal_ends_at_each_of_its_steps(
    two_files: Callable[[], Path], number: signal.Signals
) -> None:
    left = [
        sum(1 for path in folder.rglob("*"))
        for folder in endings(
            two_files, lambda folder: shutil.rmtree(folder / "inner"), number=number
        )
    ]
    assert left[0] == 3
    assert left[-1] == 0
    assert set(left) >= {0, 1, 2, 3}


def test_work_that_fails_is_no_interrupted_work(
    two_files: Callable[[], Path],
) -> None:
    def work(folder: Path) -> None:
        (folder / "none").read_text()

    with pytest.raises(AssertionError, match="failed by itself"):
        list(endings(two_files, work, number=signal.SIGKILL, most=3))
