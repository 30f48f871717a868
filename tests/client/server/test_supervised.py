"""Processes under supervision end with their owner, and leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server import supervised as module
from amphitrite.server import supervisor
from amphitrite.server.supervised import Supervised


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    process = Supervised(tmp_path)
    yield process
    process.stop()


def start(
    supervised: Supervised, code: str, *arguments: object, grace: float = 0
) -> Path:
    """Start Python on some lines and return where its output goes."""
    log = supervised.folder / "log"
    supervised.start(
        [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)],
        environ={"ONLY": "this"},
        directory=supervised.folder,
        log=log,
        grace=grace,
    )
    return log


def wait_for(state: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not state() and time.monotonic() < end:
        time.sleep(0.02)
    assert state()


def test_a_process_runs_as_it_was_told(supervised: Supervised, tmp_path: Path) -> None:
    assert supervised.folder.parent == tmp_path
    assert supervised.folder.stat().st_mode & 0o777 == 0o700
    code = "import os, sys; print(os.getcwd(), dict(os.environ)['ONLY'], sys.argv[1:])"
    log = start(supervised, code, "a word", 2)
    wait_for(lambda: supervised.exit_status() is not None)
    assert supervised.exit_status() == 0
    assert log.read_text() == f"{supervised.folder} this ['a word', '2']\n"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
)
def test_the_status_of_an_end_is_kept(
    supervised: Supervised, code: str, status: int
) -> None:
    start(supervised, code)
    wait_for(lambda: supervised.exit_status() is not None)
    assert [supervised.exit_status() for _ in range(2)] == [status, status]


def test_a_running_process_has_no_status_and_ends_on_request(
    supervised: Supervised,
) -> None:
    start(supervised, "import time; time.sleep(600)")
    assert supervised.exit_status() is None
    running = psutil.Process(supervised.pid)
    supervised.stop()
    assert not running.is_running()
    assert not supervised.folder.exists()
    supervised.stop()  # once more does nothing


@pytest.mark.parametrize(("grace", "said"), [(20, "going\n"), (0, "")])
def test_a_process_has_as_long_as_it_was_given(
    supervised: Supervised, tmp_path: Path, grace: float, said: str
) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    with open(sys.argv[1], 'a') as file:\n"
        "        print('going', file=file)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    told = tmp_path / "told"
    told.touch()
    log = start(supervised, code, told, grace=grace)
    wait_for(lambda: log.exists() and log.read_text() == "ready\n")
    supervised.stop()
    assert told.read_text() == said


def test_what_a_process_started_ends_with_it(supervised: Supervised) -> None:
    code = (
        "import os, sys, time\n"
        "child = os.fork()\n"
        "if child:\n"
        "    print(child, flush=True)\n"
        "time.sleep(600)\n"
    )
    log = start(supervised, code)
    wait_for(lambda: log.exists() and log.read_text().endswith("\n"))
    child = psutil.Process(int(log.read_text()))
    supervised.stop()
    wait_for(lambda: not child.is_running() or child.status() == "zombie")


OWNER = """
import sys, time
from pathlib import Path
from amphitrite.server.supervised import Supervised

process = Supervised(Path(sys.argv[1]))
process.start(
    [sys.executable, "-c", "import time; time.sleep(600)"],
    environ={}, directory=process.folder, log=process.folder / "log", grace=0,
)
print(process.pid, flush=True)
time.sleep(600)
"""


def test_a_process_ends_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as owner:
        assert owner.stdout is not None
        process = psutil.Process(int(owner.stdout.readline()))
        assert process.is_running()
        owner.kill()
    wait_for(lambda: not process.is_running() or process.status() == "zombie")
    wait_for(lambda: list(tmp_path.iterdir()) == [])


def test_the_shared_memory_of_a_run_is_swept(supervised: Supervised) -> None:
    prefix = supervisor.shm_prefix(supervised.folder)
    region = supervisor.SHARED_MEMORY / f"{prefix}region"
    region.touch()
    supervised.stop()
    assert list(supervisor.SHARED_MEMORY.glob(f"{prefix}*")) == []


def test_a_program_that_is_not_there_is_told(supervised: Supervised) -> None:
    with pytest.raises(ProvisioningError, match=r"such file.*no-such-program"):
        supervised.start(
            ["/no-such-program"],
            environ={},
            directory=supervised.folder,
            log=supervised.folder / "log",
            grace=0,
        )


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match=r"does not start: .*no-such-place"):
        Supervised(tmp_path / "no-such-place")


def test_a_supervisor_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "silent.py"
    silent.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(module.supervisor, "__file__", str(silent))
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with pytest.raises(ProvisioningError, match="does not start: it gives no answer"):
        Supervised(tmp_path)


def test_a_program_that_is_not_there_is_named(
    supervised: Supervised, tmp_path: Path
) -> None:
    with pytest.raises(ProvisioningError, match=r"No such file.*tritonserver'$"):
        supervised.start(
            [str(tmp_path / "tritonserver")],
            environ={},
            directory=supervised.folder,
            log=supervised.folder / "log",
            grace=0,
        )
