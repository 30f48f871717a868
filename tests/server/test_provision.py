"""Installing the server, and everything that can go wrong with it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from amphitrite.errors import ProvisioningError
from amphitrite.server import provision as module
from amphitrite.server.host import Host, check_host, this_host
from amphitrite.server.provision import (
    ServerEnvironment,
    cache_directory,
    explain_failure,
    provision,
)


@pytest.fixture
def host() -> Host:
    """This machine, if it can run the server."""
    found = this_host()
    try:
        check_host(found)
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    return found


def finished(root: Path) -> ServerEnvironment:
    """Make what an installation leaves behind, without its contents."""
    packages = root / "environment-1" / "site-packages"
    environment = ServerEnvironment(
        python=root / "environment-1" / "bin" / "python3",
        site_packages=packages,
        libpython=root / "environment-1" / "lib",
        version="3.11",
    )
    for path in (environment.python, environment.tritonserver, environment.libpython):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    module._write_marker(root, environment)
    return environment


def test_the_cache_is_where_the_user_wants_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AMPHITRITE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "amphitrite"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_directory() == Path("/xdg/amphitrite")
    monkeypatch.setenv("AMPHITRITE_CACHE", "~/own")
    assert cache_directory() == tmp_path / "own"


def test_the_key_holds_every_version(host: Host) -> None:
    keys = {
        module._key(host, gpu=False),
        module._key(host, gpu=True),
        module._key(dataclasses.replace(host, python=(3, 12, 99)), gpu=False),
    }
    assert len(keys) == 3
    for version in (module.PYTRITON, module.ONNXRUNTIME, module.NUMPY):
        assert all(version in key for key in keys)


def test_a_finished_installation_is_used(tmp_path: Path, host: Host) -> None:
    root = tmp_path / "server" / module._key(host, gpu=False)
    environment = finished(root)
    said: list[str] = []
    assert provision(cache=tmp_path, host=host, report=said.append) == environment
    assert said == []


@pytest.mark.parametrize("lost", ["python", "tritonserver", "libpython"])
def test_an_installation_that_lost_a_part_is_not_used(
    tmp_path: Path, lost: str
) -> None:
    environment = finished(tmp_path)
    assert module._read_marker(tmp_path) == environment
    getattr(environment, lost).unlink()
    assert module._read_marker(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[", '{"python": 1}'])
def test_a_damaged_marker_counts_as_none(tmp_path: Path, text: str) -> None:
    finished(tmp_path)
    (tmp_path / "complete.json").write_text(text)
    assert module._read_marker(tmp_path) is None


def test_waits_for_another_process_that_installs(tmp_path: Path, host: Host) -> None:
    root = tmp_path / "server" / module._key(host, gpu=False)
    root.parent.mkdir()
    held, waiting = threading.Event(), threading.Event()

    def report(text: str) -> None:
        assert text.startswith("Waiting for another process")
        waiting.set()

    def install() -> None:
        with FileLock(f"{root}.lock"):
            held.set()
            assert waiting.wait(60)
            finished(root)

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


@pytest.mark.parametrize(
    ("output", "free", "advice"),
    [
        ("Command '...' returned non-zero exit status 1.", 3, "There is no space left"),
        ("OSError: [Errno 28] No space left on device", 999, "There is no space left"),
        ("[Errno 122] Disk quota exceeded", 999, "There is no space left"),
        ("NewConnectionError: [Errno -2] Name or service", 999, "No package index"),
        ("No matching distribution found for numpy", 999, "output tells why"),
    ],
)
def test_pip_s_failures_are_explained(output: str, free: int, advice: str) -> None:
    text = explain_failure(
        f"first\n{output}", room=Path("/cache"), free=free, megabytes=450
    )
    assert advice in text
    assert output in text


INSTALL = """
import sys
from pathlib import Path
from amphitrite.server.provision import provision
provision(cache=Path(sys.argv[1]), report=lambda text: print(text, flush=True))
"""


@pytest.mark.triton
@pytest.mark.slow
def test_an_interrupted_installation_is_done_again(tmp_path: Path, host: Host) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INSTALL, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Installing onnxruntime"):
            break
    time.sleep(1)  # into the middle of pip's work
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (attempt,) = (tmp_path / "server").glob("python*/environment-*")
    assert not (attempt.parent / "complete.json").exists()

    said: list[str] = []
    environment = provision(cache=tmp_path, host=host, report=said.append)
    assert said[-1] == "The local Triton server is installed"
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
    assert json.loads(versions) == [module.NUMPY, module.ONNXRUNTIME]
    assert provision(cache=tmp_path, host=host, report=said.append) == environment
