"""Nobody else in: another user of the machine, at a server of ours.

The intruder is a real one, of another uid; what it tries is in ``intruder.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest
from astropy.io import fits

from amphitrite.server import launcher, layout
from amphitrite.server.host import CLOSED
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.server.supervisor import PREFIX, shm_prefix
from amphitrite.triton.repository import find_repository

pytestmark = [
    pytest.mark.triton,
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user, too"),
    pytest.mark.skipif(
        not Path("/usr/bin/python3").exists(),
        reason="another user needs a Python that everybody may run",
    ),
]

NOBODY: Final = 65534
INTRUDER: Final = Path(__file__).with_name("intruder.py").read_text()
# HTTP's calls in three guises each, and gRPC's; see intruder.py
CALLS: Final = 20 * 3 + 16


@dataclass(frozen=True)
class Server:
    """A server to be tried: how it is reached, and where it has its things."""

    http: Any
    grpc: Any
    pid: int
    folder: Path
    temporary: Path

    def tried(self, *, keys: bool = False) -> dict[str, Any]:
        """Let another user try everything on it."""
        mark = self.temporary / "ran"
        job = {
            "http": self.http,
            "grpc": self.grpc,
            "program": "tritonserver",
            "model": "morpheus",
            "mark": str(mark),
            "keys": keys,
            "pid": self.pid,
            "paths": [str(path) for path in self._paths()],
            "folder": str(self.folder),
        }
        done = subprocess.run(
            ["/usr/bin/python3", "-I", "-", json.dumps(job)],
            input=INTRUDER,
            capture_output=True,
            text=True,
            timeout=200,
            cwd="/",
            env={},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
        )
        assert done.returncode == 0, done.stderr
        facts: dict[str, Any] = json.loads(done.stdout)
        assert facts["uid"] == NOBODY
        facts["ran"] = mark.exists()
        return facts

    def _paths(self) -> list[Path]:
        """Every file of the run: in its TMPDIR, and of its shared memory."""
        shared = list(Path("/dev/shm").glob(f"{shm_prefix(self.folder)}*"))
        assert len(shared) >= 3
        files = [path for path in self.temporary.rglob("*") if not path.is_dir()]
        assert any(path.name == "config.pbtxt" for path in files)
        return [*shared, *files]


def granted(tried: dict[str, str]) -> list[str]:
    return [what for what, outcome in tried.items() if outcome == "granted"]


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TMPDIR that everybody may use, as /tmp is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setenv("TMPDIR", name)
        yield folder


@pytest.fixture
def bands(tmp_path: Path) -> list[Path]:
    """Four images of noise with a source, large enough for a run of some seconds."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:100, :100]
    source = 0.3 * np.exp(-((y - 50) ** 2 + (x - 45) ** 2) / 18)
    paths = [tmp_path / f"{band}.fits" for band in "hjvz"]
    for path in paths:
        noise = rng.normal(scale=0.003, size=source.shape)
        fits.PrimaryHDU((source + noise).astype(np.float32)).writeto(path)
    return paths


@pytest.fixture
def launch() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    programs = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-m", "amphitrite", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        with contextlib.suppress(ProcessLookupError):
            program.terminate()
        program.communicate(timeout=60)


def run_folder(temporary: Path) -> Path:
    (folder,) = temporary.glob(f"{PREFIX}*")
    return folder


def until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def rows(catalogue: Path) -> bytes:
    return bytes(fits.getdata(catalogue, 1).tobytes())


def test_a_server_on_the_network_gives_others_inferences_and_nothing_else(
    launch: Callable[..., subprocess.Popen[str]],
    temporary: Path,
    bands: list[Path],
    tmp_path: Path,
) -> None:
    addresses = Network().addresses(Path("/")).options
    ports = [part for part in addresses if "-port=" in part]
    serving = launch("serve", "--models", "morpheus", "--json", *ports)
    assert serving.stdout is not None
    facts = json.loads(serving.stdout.readline())
    grpc, http = (int(facts[name].rpartition(":")[2]) for name in ("grpc", "http"))
    server = Server(
        http=["127.0.0.1", http],
        grpc=["127.0.0.1", grpc],
        pid=facts["pid"],
        folder=run_folder(temporary),
        temporary=temporary,
    )
    before = server.tried(keys=True)
    # so that "refused" means something
    assert granted(before["allowed"]) == ["http live", "grpc live"]
    # the option's words, as names and as values; 7 spellings on HTTP, 2 on gRPC
    assert before["pairs"] >= 20
    assert len(before["control"]) == CALLS + 9 * before["pairs"]
    assert granted(before["control"]) == []
    assert granted(before["reach"]) == []
    assert not before["ran"]

    command = ("morpheus", *bands, "-q", "--server", facts["grpc"], "-o")
    alone = launch(*command, tmp_path / "alone")
    assert alone.wait(200) == 0
    running = launch(*command, tmp_path / "tried")
    until(lambda: (tmp_path / "tried.part/journal").exists())
    during = 0
    while running.poll() is None:
        tried = server.tried()
        assert len(tried["control"]) == CALLS
        assert granted(tried["control"]) == []
        assert granted(tried["reach"]) == []
        during += 1
    assert during >= 1
    assert running.returncode == 0
    found, expected = (
        tmp_path / name / "catalogue.fits" for name in ("tried", "alone")
    )
    assert rows(found) == rows(expected) != b""


def test_a_command_s_own_server_gives_others_nothing(
    launch: Callable[..., subprocess.Popen[str]],
    temporary: Path,
    bands: list[Path],
    tmp_path: Path,
) -> None:
    running = launch("morpheus", *bands, "-q", "-o", tmp_path / "out")
    until(lambda: (tmp_path / "out.part/journal").exists())
    folder = run_folder(temporary)
    (triton,) = (
        process
        for process in psutil.Process(running.pid).children(recursive=True)
        if process.name() == "tritonserver"
    )
    server = Server(
        http=str(folder / "http"),
        grpc=str(folder / "grpc:1"),
        pid=triton.pid,
        folder=folder,
        temporary=temporary,
    )
    tries = 0
    while running.poll() is None and tries < 3:
        found = server.tried(keys=True)
        assert len(found["control"]) == CALLS + 9 * found["pairs"]
        for part in ("control", "reach", "allowed"):
            assert granted(found[part]) == []
        assert set(found["allowed"].values()) == {"PermissionError"}
        assert not found["ran"]
        tries += 1
    assert tries >= 1
    assert running.wait(200) == 0
    assert (tmp_path / "out/catalogue.fits").exists()
    assert list(temporary.iterdir()) == []


def test_what_is_tried_succeeds_on_a_server_that_is_open(
    server_environment: ServerEnvironment,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # without this, the tests above might try what never works
    def command(*parts: Any, **options: Any) -> list[str]:
        words = layout.command(*parts, **options)
        opened = [word for word in words if CLOSED not in word]
        assert len(opened) == len(words) - 2
        at = opened.index("--model-control-mode=none")
        opened[at] = "--model-control-mode=explicit"
        return [*opened, "--load-model=*"]

    monkeypatch.setattr(launcher, "command", command)
    with LocalTriton(
        find_repository(),
        ["morpheus"],
        listening=Network(),
        environment=server_environment,
    ) as triton:
        folder = triton.log_path.parent
        folder.chmod(0o755)
        for region in Path("/dev/shm").glob(f"{shm_prefix(folder)}*"):
            region.chmod(0o644)
        server = Server(
            http=["127.0.0.1", int(triton.http_url.rpartition(":")[2])],
            grpc=["127.0.0.1", int(triton.grpc_url.rpartition(":")[2])],
            pid=triton.pid,
            folder=folder,
            temporary=temporary,
        )
        found = server.tried()
    calls = granted(found["control"])
    names = {what.split()[-1] for what in calls}
    assert {
        "/v2/repository/index",
        "/v2/repository/models/morpheus/load",
        "/v2/repository/models/morpheus/unload",
        "/v2/systemsharedmemory/status",
        "/v2/systemsharedmemory/unregister",
        "/v2/cudasharedmemory/status",
        "/v2/logging",
        "/v2/trace/setting",
        "RepositoryIndex",
        "RepositoryModelLoad",
        "RepositoryModelUnload",
        "SystemSharedMemoryStatus",
        "SystemSharedMemoryUnregister",
        "CudaSharedMemoryStatus",
        "TraceSetting",
        "LogSettings",
    } <= names
    # in every guise, a web page's among them
    assert sum(what.endswith("POST /v2/repository/index") for what in calls) == 3
    assert found["ran"]
    reached = granted(found["reach"])
    assert any(what.startswith("read /dev/shm/") for what in reached)
    assert f"list {folder}" in reached
