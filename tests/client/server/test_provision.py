"""Installing the server, and everything that can go wrong with it."""

from __future__ import annotations

import dataclasses
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.files.locks import Lock
from amphitrite.server import provision as module
from amphitrite.server.host import Host, check_host, this_host
from amphitrite.server.private import make_private
from amphitrite.server.provision import ServerEnvironment, provision


@pytest.fixture
def host() -> Host:
    """This machine, if it can run the server."""
    found = this_host()
    try:
        check_host(found)
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    return found


def finished(root: Path, host: Host) -> ServerEnvironment:
    """Make what an installation leaves behind, without its contents."""
    make_private(root)
    environment = module._environment(root / "environment-1", host)
    for part in environment.parts:
        if not part.exists():
            part.parent.mkdir(parents=True, exist_ok=True)
            part.touch()
    (root / "environment-1").chmod(0o700)
    module._write_marker(root, root / "environment-1")
    return environment


def test_the_key_holds_every_version(host: Host) -> None:
    keys = {
        module._key(host, gpu=False),
        module._key(host, gpu=True),
        module._key(dataclasses.replace(host, python=(3, 12, 99)), gpu=False),
    }
    assert len(keys) == 3
    for version in ("triton0.7.0", "onnxruntime1.31.1", "numpy1.26.4"):
        assert all(version in key for key in keys)


def test_a_finished_installation_is_used(tmp_path: Path, host: Host) -> None:
    (tmp_path / "server").mkdir()
    root = tmp_path / "server" / module._key(host, gpu=False)
    environment = finished(root, host)
    said: list[str] = []
    assert provision(cache=tmp_path, host=host, report=said.append) == environment
    assert said == []


@pytest.mark.parametrize("number", range(8))
def test_an_installation_that_lost_a_part_is_not_used(
    tmp_path: Path, host: Host, number: int
) -> None:
    root = tmp_path / "root"
    environment = finished(root, host)
    assert module._read_marker(root, host) == environment
    part = environment.parts[number]
    assert part.is_relative_to(root)
    part.unlink()
    assert module._read_marker(root, host) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[",
        "7",
        '{"environment": 1}',
        '{"environment": "environment-2"}',
        '{"environment": "environment-/../../elsewhere/environment-1"}',
    ],
)
def test_a_damaged_marker_counts_as_none(tmp_path: Path, host: Host, text: str) -> None:
    finished(tmp_path / "root", host)
    finished(tmp_path / "elsewhere", host)
    (tmp_path / "root" / "complete.json").write_text(text)
    assert module._read_marker(tmp_path / "root", host) is None


def test_a_marker_that_others_could_have_written_is_not_believed(
    tmp_path: Path, host: Host
) -> None:
    (tmp_path / "server").mkdir()
    root = tmp_path / "server" / module._key(host, gpu=False)
    finished(root, host)
    for path in (root / "complete.json", root / "environment-1", root):
        path.chmod(0o777)
        with pytest.raises(ProvisioningError, match=f"others may write to {path},"):
            provision(cache=tmp_path, host=host)
        path.chmod(0o755)
    tmp_path.chmod(0o777)
    with pytest.raises(ProvisioningError, match=f"others may write to {tmp_path},"):
        provision(cache=tmp_path, host=host)
    tmp_path.chmod(0o1777)  # as in /tmp: nobody touches what is another's
    assert provision(cache=tmp_path, host=host)


@pytest.mark.skipif(os.geteuid() != 0, reason="files of another user need root")
def test_what_another_user_owns_is_not_believed(tmp_path: Path, host: Host) -> None:
    (tmp_path / "server").mkdir()
    root = tmp_path / "server" / module._key(host, gpu=False)
    finished(root, host)
    for path in (root / "complete.json", root / "environment-1", root, tmp_path):
        os.chown(path, 65534, -1)
        with pytest.raises(ProvisioningError) as caught:
            provision(cache=tmp_path, host=host)
        assert f"{path} belongs to the user with the number 65534" in str(caught.value)
        assert "AMPHITRITE_CACHE" in str(caught.value)
        os.chown(path, 0, -1)
    assert provision(cache=tmp_path, host=host)


def test_waits_for_another_process_that_installs(tmp_path: Path, host: Host) -> None:
    root = tmp_path / "server" / module._key(host, gpu=False)
    root.parent.mkdir()
    held, waiting = threading.Event(), threading.Event()

    def report(text: str) -> None:
        assert text.startswith("Waiting for another process")
        waiting.set()

    def install() -> None:
        lock = Lock(root.parent)
        held.set()
        assert waiting.wait(60)
        finished(root, host)
        lock.release(root.parent)

    thread = threading.Thread(target=install)
    thread.start()
    assert held.wait(60)
    environment = provision(cache=tmp_path, host=host, report=report)
    thread.join()
    assert environment.tritonserver.exists()


def test_an_unwritable_cache_is_explained(tmp_path: Path, host: Host) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ProvisioningError) as caught:
        provision(cache=file, host=host)
    assert f"cannot be installed in {file}" in str(caught.value)
    assert "AMPHITRITE_CACHE" in str(caught.value)


def test_an_unsuitable_machine_is_refused_before_anything_is_written(
    tmp_path: Path, host: Host
) -> None:
    with pytest.raises(ProvisioningError, match=r"this is Python 3\.13\.0"):
        provision(
            cache=tmp_path / "cache",
            host=dataclasses.replace(host, python=(3, 13, 0)),
        )
    assert not (tmp_path / "cache").exists()


def test_a_python_without_ensurepip_is_explained(tmp_path: Path, host: Host) -> None:
    # what Debian's says where python3-venv is missing, said by a stand-in for it
    python = tmp_path / "python3"
    python.write_text(
        "#!/bin/sh\n"
        "echo 'The virtual environment was not created successfully because "
        "ensurepip is not available.'\nexit 1\n"
    )
    python.chmod(0o755)
    with pytest.raises(ProvisioningError) as caught:
        provision(cache=tmp_path, host=dataclasses.replace(host, executable=python))
    assert "apt install python3-venv" in str(caught.value)
    assert not list((tmp_path / "server").glob("*/*"))


@pytest.mark.slow
def test_being_offline_is_explained(
    tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    # nothing listens on the discard port of this machine
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(ProvisioningError) as caught:
        provision(cache=tmp_path, host=host)
    assert "No package index answers" in str(caught.value)
    assert "127.0.0.1" in str(caught.value), "PIP_INDEX_URL was not respected"
    assert not list((tmp_path / "server").glob("*/*"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB, less than an empty virtual environment with pip."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a tiny file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_explained(tiny_disk: Path, host: Host) -> None:
    with pytest.raises(ProvisioningError) as caught:
        provision(cache=tiny_disk, host=host)
    assert "There is no space left" in str(caught.value)
    assert "about 450 MB are needed" in str(caught.value)
    assert "AMPHITRITE_CACHE" in str(caught.value)
    # what was written so far is removed, so that there is room again
    assert shutil.disk_usage(tiny_disk).used < 100_000


INSTALL = """
import sys
from pathlib import Path
from amphitrite.server.provision import provision
provision(cache=Path(sys.argv[1]), report=lambda text: print(text, flush=True))
"""


@pytest.fixture
def index() -> Iterator[tuple[str, threading.Event]]:
    """An index of packages that never answers; tells when it is asked."""
    asked, over = threading.Event(), threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            over.wait()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple/", asked
        over.set()
        server.shutdown()
        thread.join()


@pytest.mark.triton
@pytest.mark.long
def test_an_interrupted_installation_is_done_again_whatever_pip_s_policy(
    tmp_path: Path,
    host: Host,
    index: tuple[str, threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, asked = index
    cache = tmp_path / "cache"
    silent = {name: value for name, value in os.environ.items() if name[:4] != "PIP_"}
    silent |= {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": url}
    process = subprocess.Popen(
        [sys.executable, "-c", INSTALL, str(cache)],
        stdout=subprocess.DEVNULL,
        env=silent,
        start_new_session=True,
    )
    assert asked.wait(120), "pip never asked"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (attempt,) = (cache / "server").glob("python*/environment-*")
    assert not (attempt.parent / "complete.json").exists()

    constraints = tmp_path / "constraints.txt"
    constraints.write_text("numpy>=2\n")
    for name, value in {
        "PIP_USER": "1",
        "PIP_TARGET": str(tmp_path / "target"),
        "PIP_PREFIX": str(tmp_path / "prefix"),
        "PIP_ROOT": str(tmp_path / "root"),
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_CONSTRAINT": str(constraints),
        "PIP_NO_BINARY": ":all:",
        "PIP_DRY_RUN": "1",
        "PIP_LOG": str(tmp_path / "pip.log"),
        "PIP_PYTHON": sys.executable,
    }.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    environment = provision(cache=cache, host=host, report=said.append)
    assert said[-1] == "The local Triton server is installed"
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "constraints.txt"}
    assert not attempt.exists()
    assert os.access(environment.tritonserver, os.X_OK)
    assert os.access(environment.stub, os.X_OK)
    code = (
        "import json, numpy, onnxruntime;"
        "print(json.dumps([numpy.__version__, onnxruntime.__version__]))"
    )
    versions = subprocess.run(
        [environment.python, "-I", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert json.loads(versions) == ["1.26.4", "1.31.1"]
    assert provision(cache=cache, host=host, report=said.append) == environment

    # a package that is not what it should be is seen before the marker is written
    shutil.rmtree(next(environment.site_packages.glob("flatbuffers-*")))
    with pytest.raises(ProvisioningError, match=r"flatbuffers .* \(it has none\)"):
        module._check_parts(environment, gpu=False)
