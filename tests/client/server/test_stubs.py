"""Children of a server that died unnoticed are found, others are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amphitrite.server import stubs
from amphitrite.server.stubs import Watch

# Starts what stands for a model's process, and does not wait for it unless told to.
SERVER = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)", *sys.argv[1:]]
)
print(child.pid, flush=True)
for line in sys.stdin:
    if line == "bury\\n":
        child.wait()
        print("buried", flush=True)
child.kill()
"""
MODEL = "/cache/models/double/3/model.onnx"


class Server:
    """A process with a child."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.watch = Watch(self.process.pid)
        self.child = int(self.read())

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def bury(self) -> None:
        """Have it wait for its child."""
        assert self.process.stdin is not None
        self.process.stdin.write("bury\n")
        self.process.stdin.flush()
        assert self.read() == "buried\n"


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    servers = []

    def make(*arguments: str) -> Server:
        servers.append(Server(*arguments))
        return servers[-1]

    yield make
    for server in servers:
        server.process.communicate(timeout=30)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stubs, "UNBURIED_SECONDS", 0.2)


def wait_for_end(pid: int) -> None:
    """Wait until a process is dead and nobody has waited for it."""
    while " Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.01)


def test_a_dead_child_is_told_after_a_while_with_its_model(start) -> None:
    server = start(MODEL, "more")
    assert server.watch.death() is None
    os.kill(server.child, signal.SIGKILL)
    wait_for_end(server.child)
    assert server.watch.death() is None  # it may be buried in a moment
    time.sleep(0.25)
    assert server.watch.death() == (
        "the process that was loading 'double' was killed by SIGKILL, as Linux does "
        "where memory is short"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGTERM, "was killed by SIGTERM"), (signal.SIGUSR1, "by SIGUSR1")],
)
def test_other_ends_and_models_of_no_name_are_told(
    start, number: int, said: str
) -> None:
    server = start("model.onnx")
    server.watch.death()
    os.kill(server.child, number)
    wait_for_end(server.child)
    server.watch.death()
    time.sleep(0.25)
    death = server.watch.death()
    assert death is not None
    assert death.startswith("the process that was loading a model ")
    assert said in death


def test_a_child_that_was_buried_is_no_death(start) -> None:
    server = start(MODEL)
    os.kill(server.child, signal.SIGKILL)
    wait_for_end(server.child)
    assert server.watch.death() is None
    server.bury()
    time.sleep(0.25)
    assert server.watch.death() is None


def test_children_of_others_do_not_count(start) -> None:
    server, other = start(MODEL), start(MODEL)
    os.kill(other.child, signal.SIGKILL)
    wait_for_end(other.child)
    server.watch.death()
    time.sleep(0.25)
    assert server.watch.death() is None
    assert other.watch.death() is None  # seen for the first time
