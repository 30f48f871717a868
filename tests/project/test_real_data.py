"""A run says how many tests it could not make for want of real data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from real_data import VARIABLE

ROOT = Path(__file__).parents[2]
SEGMENTS = "tests/client/surveys/calnet/prepare/test_segments.py"


def last_lines(*options: str, data: Path | None) -> list[str]:
    """Return what the suite says last of one test that wants answers beside data."""
    given = {key: text for key, text in os.environ.items() if key != VARIABLE}
    test = f"{SEGMENTS}::test_the_answers_are_those_of_the_original_program"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", test, *options],
        cwd=ROOT,
        env=given if data is None else {**given, VARIABLE: str(data)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()[-3:]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_without_data_is_skipped_and_counted(workers: str) -> None:
    reason, count, _ = last_lines("-n", workers, data=None)
    assert f"needs real data: {VARIABLE} does not name their folder" in reason
    assert count == "Tests skipped for want of real data: 1"


def test_a_test_without_the_answers_beside_the_data_is_skipped_and_counted(
    tmp_path: Path,
) -> None:
    reason, count, _ = last_lines(data=tmp_path / "data")
    assert "there is no reference/calnet_original_preprocessing.npz" in reason
    assert count == "Tests skipped for want of real data: 1"
