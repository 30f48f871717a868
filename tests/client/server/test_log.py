"""What a server's log says."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.server.log import LINES, Log

# as Triton 24.10 writes them
LOADING = """\
I1128 1 model_lifecycle.cc:472] "loading: good:1"
E1128 2 model_repository_manager.cc:1460] "Poll failed for model directory 'named': \
unexpected directory name 'named' for model 'other'"
E1128 3 model_lifecycle.cc:642] "failed to load 'bad' version 2: Internal: \
TritonModelException: model 'bad': the file is \\"odd\\"\\n\\nAt:\\n  model.py: refuse"
I1128 4 model_lifecycle.cc:777] "failed to load 'bad'"
E1128 5 model_repository_manager.cc:703] "Invalid argument: ensemble 'chain' depends \
on 'bad' which has no loaded version."
E1128 6 model_repository_manager.cc:703] "Invalid argument: ensemble lost contains \
models that are not available or ambiguous: absent"
I1128 7 model_lifecycle.cc:839] "successfully loaded 'good'"
"""


@pytest.fixture
def log(tmp_path: Path) -> Log:
    path = tmp_path / "log"
    path.write_text("""E1128 0 x.cc:1] "failed to load 'good' version 1: long ago"\n""")
    found = Log(path)
    with path.open("a") as file:
        file.write(LOADING)
    return found


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("named", "unexpected directory name 'named' for model 'other'"),
        ("bad", "TritonModelException: model 'bad': the file is \"odd\"\n\nAt:\n"),
        ("chain", "depends on 'bad' which has no loaded version"),
        ("lost", "not available or ambiguous: absent"),
    ],
)
def test_gives_the_reason_of_what_was_not_loaded(
    log: Log, model: str, reason: str
) -> None:
    found = log.why_not_loaded(model)
    assert found is not None
    assert reason in found


@pytest.mark.parametrize("model", ["good", "ba", "bad2", "b.d", "absent"])
def test_has_none_for_others(log: Log, model: str) -> None:
    # of the earlier run in the same file, "good" was not loaded
    assert log.why_not_loaded(model) is None


def test_shows_the_end(log: Log, tmp_path: Path) -> None:
    with log.path.open("a") as file:
        file.writelines(f"line {number}\n" for number in range(100))
    assert log.tail().splitlines() == [f"line {n}" for n in range(100 - LINES, 100)]
    assert log.tail(until="line 40").splitlines()[-1] == "line 40"
    assert log.tail(until="no such words") == log.tail()
    assert Log(tmp_path / "none").tail() == "(it is empty)"
