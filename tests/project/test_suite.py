"""What a run of the tests promises of warnings, endless loops and missing data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from real_data import VARIABLE

ROOT = Path(__file__).parents[2]
WANTS_ANSWERS = (
    "tests/client/surveys/calnet/prepare/test_segments.py"
    "::test_the_answers_are_those_of_the_original_program"
)


def run(*arguments: object, **given: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as the project sets it up, with more variables in its environment."""
    settings = ("-c", ROOT / "pyproject.toml")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, (*settings, *arguments))],
        cwd=ROOT,
        env={key: v for key, v in os.environ.items() if key != VARIABLE} | given,
        capture_output=True,
        text=True,
    )


def test_a_worker_lets_no_warning_pass_and_no_loop_go_on(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(
        "import warnings\n\n"
        "def test_warning():\n    warnings.warn('of something')\n\n"
        "def test_loop():\n    while True:\n        pass\n"
    )
    done = run(path, "--rootdir", tmp_path, "-n", 1, "-o", "timeout=1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "UserWarning: of something" in done.stdout
    assert "Timeout (>1.0s) from pytest-timeout" in done.stdout
    assert "2 failed" in done.stdout


def test_a_test_without_data_is_skipped_and_counted() -> None:
    done = run(WANTS_ANSWERS, "-n", 1)
    assert done.returncode == 0
    reason, count, _ = done.stdout.splitlines()[-3:]
    assert f"needs real data: {VARIABLE} does not name their folder" in reason
    assert count == "Tests skipped for want of real data: 1"


def test_a_test_without_the_answers_beside_the_data_is_skipped_and_counted(
    tmp_path: Path,
) -> None:
    done = run(WANTS_ANSWERS, **{VARIABLE: str(tmp_path / "data")})
    assert done.returncode == 0
    reason, count, _ = done.stdout.splitlines()[-3:]
    assert "there is no reference/calnet_original_preprocessing.npz" in reason
    assert count == "Tests skipped for want of real data: 1"
