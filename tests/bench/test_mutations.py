"""The list of mutations follows the code, and the command that tries them is honest."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent
CODE = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
TESTS = """\
import time

from thing import double, triple


def test_double():
    assert double(2) == 4


def test_triple():
    assert triple(0) == 0


def test_long():
    time.sleep(30 if double(0) else 0)
"""


@pytest.fixture
def mutations(monkeypatch: pytest.MonkeyPatch):
    """The command's module, which stands beside its list."""
    monkeypatch.syspath_prepend(str(BENCH))
    yield importlib.import_module("mutations")
    for name in ("mutations", "mutants"):
        sys.modules.pop(name, None)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A source tree of one module, tested badly."""
    root = tmp_path / "project"
    for name, text in {
        "client/thing.py": CODE,
        "tests/test_thing.py": TESTS,
        "pyproject.toml": "[tool.pytest.ini_options]\ntimeout = 2\n",
        ".gitignore": "__pycache__\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def content(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_every_mutation_stands_in_the_code_once(mutations):
    unfit = {m.name: mutations.wrong(m, mutations.ROOT) for m in mutations.MUTANTS}
    assert {name: why for name, why in unfit.items() if why} == {}


def test_every_mutation_has_a_name_of_its_own_and_a_sentence(mutations):
    names = [mutant.name for mutant in mutations.MUTANTS]
    assert len(set(names)) == len(names) >= 40
    for mutant in mutations.MUTANTS:
        assert mutant.before != mutant.after
        assert mutant.breaks
        assert mutant.tests


def test_every_test_that_a_mutation_names_stands(mutations):
    for node in {test for mutant in mutations.MUTANTS for test in mutant.tests}:
        path, *parts = node.split("::")
        text = (mutations.ROOT / path).read_text()
        for part in parts:
            assert re.search(rf"^ *(def|class) {part}\b", text, re.MULTILINE), node


def test_what_tests_notice_is_caught_and_what_they_do_not_survives(mutations, project):
    def mutant(name, before, after, *tests):
        tests = tuple(f"tests/test_thing.py{each}" for each in tests)
        return mutations.Mutant(name, "", "client/thing.py", before, after, tests)

    before = content(project)
    outcomes = mutations.run(
        [
            mutant("caught", "2 * x", "5 * x", ""),
            mutant("survives", "3 * x", "4 * x", "::test_double", "::test_triple"),
            # only the suite's own limit ends it
            mutant("endless", "2 * x", "2 * x + 1", "::test_long"),
            mutant("broken", "return 2", "return nothing", "::test_double"),
            mutant("unreadable", "def triple", "def other", "::test_double"),
        ],
        project,
        workers=2,
    )
    *tried, last = outcomes
    assert (last.name, last.result) == ("unreadable", "NOT TRIED")
    assert {each.name: (each.result, each.by) for each in tried} == {
        "caught": ("caught", "tests/test_thing.py::test_double"),
        "survives": ("SURVIVED", ""),
        "endless": ("caught", "tests/test_thing.py::test_long"),
        "broken": ("caught", "tests/test_thing.py::test_double"),
    }
    assert content(project) == before


def test_skipped_tests_catch_nothing(mutations, project):
    path = project / "tests" / "test_thing.py"
    path.write_text("import pytest\n\npytestmark = pytest.mark.skip\n" + TESTS)
    tests = ("tests/test_thing.py::test_double",)
    mutant = mutations.Mutant("one", "", "client/thing.py", "2 *", "5 *", tests)
    (outcome,) = mutations.run([mutant], project, workers=1)
    assert outcome.result == "NOT TRIED"


def test_tests_that_fail_anyway_are_an_error(mutations, project):
    path = project / "tests" / "test_thing.py"
    path.write_text(TESTS.replace("== 4", "== 5"))
    tests = ("tests/test_thing.py",)
    mutant = mutations.Mutant("one", "", "client/thing.py", "2 *", "5 *", tests)
    with pytest.raises(SystemExit, match="do not pass without any mutation"):
        mutations.run([mutant], project, workers=1)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"before": "return"}, "stands 2 times in client/thing.py"),
        ({"before": "no such text"}, "stands 0 times in client/thing.py"),
        ({"file": "client/other.py"}, "there is no file client/other.py"),
        ({"after": "2 *) x"}, "it makes client/thing.py no Python"),
        ({"tests": ("tests/other.py::test_it",)}, "no test file tests/other.py"),
    ],
)
def test_a_mutation_that_does_not_fit_the_code_is_an_error(
    mutations, project, changed, why
):
    tests = ("tests/test_thing.py",)
    mutant = mutations.Mutant("one", "", "client/thing.py", "2 * x", "5 * x", tests)
    assert mutations.wrong(mutant, project) is None
    assert why in mutations.wrong(mutant._replace(**changed), project)


def test_the_command_prints_what_it_found(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, BENCH / "mutations.py", "--only", "least_coverage", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=True,
    )
    (found,) = json.loads(done.stdout)["mutations"]
    assert (found["name"], found["result"]) == ("least_coverage", "caught")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(tmp_path: Path, number: int):
    with subprocess.Popen(
        [sys.executable, BENCH / "mutations.py", "--only", "least_coverage"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("unmutated: ")
            process.send_signal(number)
            assert process.wait(30) != 0
        finally:
            process.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_loop_without_end_fails_a_test(pytestconfig):
    assert 0 < float(pytestconfig.getini("timeout")) <= 60
