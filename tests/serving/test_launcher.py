"""The life of a local Triton: every trap of starting and stopping one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from amphitrite.errors import BadInput, ModelNotReady, ProvisioningError, SpecMismatch
from amphitrite.server import launcher, layout, rest, run_folders
from amphitrite.server import listening as server_listening
from amphitrite.server import ports as server_ports
from amphitrite.server.host import count_gpus
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.ports import Ports, PortTaken
from amphitrite.server.provision import ServerEnvironment
from amphitrite.server.supervisor import shm_prefix
from amphitrite.triton.connection import Connection
from amphitrite.triton.spec import ModelSpec

pytestmark = pytest.mark.triton

X = np.arange(1, 5, dtype=np.float32).reshape(1, 4)
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def toy(repository: Any, toys: Any) -> Path:
    """A repository with one model."""
    repository.add("double", toys.double())
    path: Path = repository.path
    return path


@pytest.fixture
def start(
    toy: Path, server_environment: ServerEnvironment
) -> Iterator[Callable[..., LocalTriton]]:
    """Start servers over that repository; all are stopped at the end."""
    servers = []

    def begin(models: list[str] | None = None, **options: Any) -> LocalTriton:
        options = {"environment": server_environment, **options}
        server = LocalTriton(toy, models, **options)
        servers.append(server)
        return server.start()

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture
def temporary(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty TMPDIR, short enough for the paths of sockets."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        return True
    return False


def run_folder(server: LocalTriton) -> Path:
    return server.log_path.parent


def regions(folder: Path) -> list[Path]:
    """The shared memory of the server that runs in a folder."""
    return list(SHARED_MEMORY.glob(f"{shm_prefix(folder)}*"))


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_nothing_left(pid: int, folder: Path) -> None:
    wait_until(lambda: gone(pid))
    wait_until(lambda: not folder.exists())
    assert not regions(folder)


def test_starts_serves_and_leaves_nothing_behind(
    toy: Path, server_environment: ServerEnvironment, http: Any
) -> None:
    with LocalTriton(toy, environment=server_environment) as server:
        pid, folder = server.pid, run_folder(server)
        np.testing.assert_array_equal(http(server.http_url).infer("double", X), 2 * X)
        children = psutil.Process(pid).children(recursive=True)
        assert children
        assert regions(folder)
        assert server.exit_status() is None
    assert_nothing_left(pid, folder)
    assert all(gone(child.pid) for child in children)
    server.stop()  # once more does no harm
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = server.pid


def test_serves_the_models_asked_for_and_no_others(
    start: Callable[..., LocalTriton], repository: Any, toys: Any, http: Any
) -> None:
    repository.add("other", toys.double())
    server = start(["other"])
    assert server.serving == ["other"]
    served = http(server.http_url).call("/v2/models/stats")["model_stats"]
    # the self-check's stays, for nobody can unload a model
    assert {entry["name"] for entry in served} == {"other", run_folder(server).name}
    np.testing.assert_array_equal(http(server.http_url).infer("other", X), 2 * X)
    with pytest.raises(RuntimeError, match="double"):
        http(server.http_url).infer("double", X)


def test_listens_on_no_port(toy_server: LocalTriton) -> None:
    process = psutil.Process(toy_server.pid)
    assert process.net_connections("inet") == []
    folder = run_folder(toy_server)
    sockets = {path.name for path in folder.iterdir() if path.is_socket()}
    assert sockets == {"grpc:1", "http", "metrics"}
    for url in (toy_server.grpc_url, toy_server.http_url, toy_server.metrics_url):
        assert Path(url.removeprefix("unix:")).parent == folder
    assert rest.counts(toy_server.metrics_url, "double")


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_listens_on_one_address_where_that_is_asked_for(
    start: Callable[..., LocalTriton], http: Any, address: str
) -> None:
    if address == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    server = start(listening=Network(address))
    number = "::1" if address == "::1" else "127.0.0.1"
    listening = [
        connection.laddr
        for connection in psutil.Process(server.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    # gRPC's sockets are of IPv6, where the loopback of IPv4 has a longer name
    assert {found.ip.removeprefix("::ffff:") for found in listening} == {number}
    urls = f"{server.grpc_url} {server.http_url} {server.metrics_url}"
    assert all(f":{found.port}" in urls for found in listening)
    assert len(listening) == 3
    np.testing.assert_array_equal(http(server.http_url).infer("double", X), 2 * X)
    with Connection(server.grpc_url) as connection:
        with pytest.raises(SpecMismatch, match="without its spec"):
            connection.model(ModelSpec("double", (), ()))


def test_runs_apart_from_the_terminal(toy_server: LocalTriton) -> None:
    process = psutil.Process(toy_server.pid)
    supervisor = process.parent()
    assert supervisor is not None
    groups = {os.getpgid(pid) for pid in (toy_server.pid, supervisor.pid, os.getpid())}
    assert len(groups) == 3
    assert os.getsid(toy_server.pid) != os.getsid(0)
    # so that no file of the caller's can pass for a module of the server's
    assert not list(Path(process.cwd()).iterdir())


def test_nothing_is_told_to_the_makers_of_onnx_runtime(
    start: Callable[..., LocalTriton], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # its telemetry begins with the file .ses, which names the machine
    for name in ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"):
        monkeypatch.delenv(name, raising=False)
    folder = run_folder(start())
    assert [folder] == list(temporary.iterdir())
    assert list((folder / "tmp").iterdir()) == []


def test_two_servers_run_side_by_side(
    start: Callable[..., LocalTriton], http: Any
) -> None:
    first, second = start(), start()
    first.stop()
    # sweeping up after the one has not hurt the other
    np.testing.assert_array_equal(http(second.http_url).infer("double", X), 2 * X)


def test_a_model_py_in_the_working_directory_does_no_harm(
    start: Callable[..., LocalTriton],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    http: Any,
) -> None:
    (tmp_path / "model.py").write_text("raise RuntimeError('shadowed')\n")
    monkeypatch.chdir(tmp_path)
    server = start()
    np.testing.assert_array_equal(http(server.http_url).infer("double", X), 2 * X)


def test_a_model_py_in_the_server_s_directory_would_do_harm(
    start: Callable[..., LocalTriton], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the trap that the empty folder avoids
    def assemble(place: layout.Layout, *parts: Any) -> None:
        layout.assemble(place, *parts)
        (place.empty / "model.py").write_text("raise RuntimeError('shadowed')\n")

    monkeypatch.setattr(launcher, "assemble", assemble)
    with pytest.raises(ProvisioningError, match="fails its self-check"):
        start()


def test_the_environment_s_python_variables_do_no_harm(
    start: Callable[..., LocalTriton],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    http: Any,
) -> None:
    (tmp_path / "numpy.py").write_text("raise RuntimeError('shadowed')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    server = start()
    np.testing.assert_array_equal(http(server.http_url).infer("double", X), 2 * X)


def test_a_proxy_of_the_environment_does_no_harm(
    start: Callable[..., LocalTriton], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert start().exit_status() is None


def test_backend_files_are_copies(toy_server: LocalTriton) -> None:
    backends = run_folder(toy_server) / "backends"
    files = {path.name: path for path in backends.rglob("*") if not path.is_dir()}
    assert {"model.py", "libtriton_python.so", "triton_python_backend_stub"} < set(
        files
    )
    assert not any(path.is_symlink() for path in files.values())


def test_linked_backend_files_would_be_refused(
    start: Callable[..., LocalTriton], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the trap that copying avoids
    def link(source: Path, folder: Path) -> None:
        target = folder / source.name if folder.is_dir() else folder
        target.symlink_to(source)

    monkeypatch.setattr(layout.shutil, "copy", link)
    with pytest.raises(ProvisioningError):
        start()


def test_the_stub_loads_the_recorded_libraries(
    toy_server: LocalTriton, server_environment: ServerEnvironment
) -> None:
    stub = psutil.Process(toy_server.pid).children(recursive=True)[-1]
    mapped = [Path(entry.path).resolve() for entry in stub.memory_maps()]
    python = {path.parent for path in mapped if path.name.startswith("libpython3")}
    assert python == {server_environment.libpython.resolve()}
    cuda = {path.parent for path in mapped if path.name.startswith("libcudart")}
    assert cuda == {server_environment.libs.resolve()}


def test_shows_the_log_when_the_server_does_not_start(
    start: Callable[..., LocalTriton], monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*parts: Any, **options: Any) -> list[str]:
        return [*layout.command(*parts, **options), "--rate-limit=nonsense"]

    monkeypatch.setattr(launcher, "command", command)
    with pytest.raises(ProvisioningError) as caught:
        start()
    assert "The local Triton server ended (1). The end of its log" in str(caught.value)
    assert 'Bad option: "--rate-limit"' in str(caught.value)


ODD = "a b é 'q' \"d\" $(touch MARK) `touch MARK` ;:\n&"


def test_no_path_is_read_by_a_shell(
    server_environment: ServerEnvironment,
    repository: Any,
    toys: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    http: Any,
) -> None:
    # an absolute path for the mark would have a slash in it
    odd = tmp_path / ODD.replace("MARK", "mark")
    for name in ("repository", "home", "here", "temporary"):
        (odd / name).mkdir(parents=True)
    repository.add("double", toys.double())
    (repository.path / "double").rename(odd / "repository/double")
    root = server_environment.python.parent.parent
    (odd / "environment").symlink_to(root)

    def moved(path: Path) -> Path:
        return odd / "environment" / path.relative_to(root)

    environment = dataclasses.replace(
        server_environment,
        python=moved(server_environment.python),
        site_packages=moved(server_environment.site_packages),
    )
    monkeypatch.setenv("HOME", str(odd / "home"))
    monkeypatch.setenv("TMPDIR", str(odd / "temporary"))
    monkeypatch.chdir(odd / "here")
    with LocalTriton(
        odd / "repository", environment=environment, log=odd / "a log"
    ) as server:
        folder = Path(psutil.Process(server.pid).cwd()).parent
        assert folder.parent in run_folders.USUAL
        np.testing.assert_array_equal(http(server.http_url).infer("double", X), 2 * X)
    assert not list(tmp_path.rglob("mark"))
    assert not list((odd / "temporary").iterdir())


def test_a_process_that_dies_while_loading_is_told_at_once(
    start: Callable[..., LocalTriton],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = layout.ONNX_BACKEND.read_text()
    begin = '        config = json.loads(args["model_config"])\n'
    assert begin in text
    dying = f"{begin}        if config['name'] == 'double': os.abort()\n"
    (tmp_path / "model.py").write_text(
        text.replace(begin, dying).replace("import json\n", "import json\nimport os\n")
    )
    monkeypatch.setattr(layout, "ONNX_BACKEND", tmp_path / "model.py")
    # Triton would wait for ever
    monkeypatch.setattr(launcher, "STARTUP_SECONDS", 1e9)
    with pytest.raises(ProvisioningError) as caught:
        start()
    text = str(caught.value)
    # which depends on who notices first, Triton or the launcher, and on whether the
    # launcher has seen the process before it died
    how = "('double'|a model) was killed by SIGABRT|'double' has died"
    assert re.search(f"the process that was loading ({how})", text)
    assert "The end of its log:" in text
    assert "loading: double:1" in text


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount shared memory")
@pytest.mark.parametrize("size", ["64k", "1m", "8m"])
def test_little_shared_memory_is_told_before_the_start(toy: Path, size: str) -> None:
    script = (
        f"mount -t tmpfs -o size={size} tmpfs /dev/shm && "
        f"exec {sys.executable} -m amphitrite serve --model-repository {toy}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "unshare: " in done.stderr or "mount: " in done.stderr:
        pytest.skip("this root may not mount")
    assert done.returncode == 3
    assert "in /dev/shm, which has room for" in done.stderr
    assert "--shm-size" in done.stderr


def test_few_open_files_are_told_or_raised(
    toy: Path, server_environment: ServerEnvironment
) -> None:
    def limited(soft: int, hard: int) -> subprocess.CompletedProcess[str]:
        program = f"""if True:
            import resource
            from amphitrite.server import LocalTriton
            resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
            with LocalTriton({str(toy)!r}) as server:
                limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
                assert limits == ({hard}, {hard}), limits
        """
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
        )

    done = limited(48, 64)
    assert "may have 64 open files (ulimit -n)" in done.stderr
    done = limited(48, 128)
    assert done.returncode == 0, done.stderr


def test_a_missing_binary_is_explained(
    start: Callable[..., LocalTriton],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launcher, "command", lambda *_, **__: ["/no/such/server"])
    with pytest.raises(ProvisioningError, match=r"No such file.*/no/such/server"):
        start()


@pytest.fixture
def numpy_2(tmp_path: Path, server_environment: ServerEnvironment) -> ServerEnvironment:
    """The server's environment, but with this test's numpy 2 before its own."""
    here = Path(sysconfig.get_paths()["purelib"])
    assert np.__version__.startswith("2.")
    root = tmp_path / "environment"
    packages = root / "lib" / f"python{server_environment.version}" / "site-packages"
    packages.mkdir(parents=True)
    (root / "bin").mkdir()
    config = server_environment.python.parent.parent / "pyvenv.cfg"
    shutil.copy(config, root)
    (root / "bin/python3").symlink_to(server_environment.python.resolve())
    for name in ("numpy", "numpy.libs"):
        (packages / name).symlink_to(here / name)
    (packages / "rest.pth").write_text(f"{server_environment.site_packages}\n")
    return dataclasses.replace(server_environment, python=root / "bin/python3")


def test_the_backend_refuses_numpy_2(
    start: Callable[..., LocalTriton], numpy_2: ServerEnvironment
) -> None:
    with pytest.raises(ProvisioningError) as caught:
        start(environment=numpy_2)
    assert f"the server's environment has numpy {np.__version__}" in str(caught.value)


def test_the_self_check_catches_silently_corrupted_arrays(
    start: Callable[..., LocalTriton],
    numpy_2: ServerEnvironment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a backend without the guard, whose answers at least have the right size
    blind = layout.ONNX_BACKEND.read_text()
    for old, new in {
        'np.lib.NumpyVersion(np.__version__) < "2.0.0"': "True",
        "pb.Tensor(name, ": "pb.Tensor.from_dlpack(name, ",
    }.items():
        assert old in blind
        blind = blind.replace(old, new)
    (tmp_path / "blind.py").write_text(blind)
    monkeypatch.setattr(layout, "ONNX_BACKEND", tmp_path / "blind.py")
    with pytest.raises(ProvisioningError) as caught:
        start(environment=numpy_2)
    assert "doubling [1.0, 2.0, 3.0] ... gave [2.0, 2.0, 2.0]" in str(caught.value)
    assert "remove it" in str(caught.value)


def test_a_port_in_use_is_named(start: Callable[..., LocalTriton]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            start(listening=Network(grpc_port=port))
    assert f"the grpc port {port} on 127.0.0.1 is in use" in str(caught.value)
    assert "--grpc-port" in str(caught.value)


@pytest.mark.parametrize("name", ["grpc", "http", "metrics"])
def test_tries_again_when_a_port_is_snatched_away(
    start: Callable[..., LocalTriton],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        snatched = other.getsockname()[1]
        tries = []

        def choose(**options: Any) -> Ports:
            ports = choose_ports(**options)
            tries.append(ports)
            if len(tries) == 1:
                return dataclasses.replace(ports, **{name: snatched})
            return ports

        choose_ports = server_ports.choose_ports
        monkeypatch.setattr(server_listening, "choose_ports", choose)
        server = start(listening=Network())
    assert len(tries) == 2
    assert server.exit_status() is None


def test_a_corrupt_model_is_named_and_nothing_is_left(
    start: Callable[..., LocalTriton],
    repository: Any,
    toys: Any,
    temporary: Path,
) -> None:
    repository.add("corrupt", toys.broken())
    with pytest.raises(ModelNotReady) as caught:
        start()
    # named by where the user has it, and not by the run's link to it
    file = repository.path / "corrupt/1/model.onnx"
    assert f"the model 'corrupt' cannot be loaded: the ONNX file {file} cannot be" in (
        str(caught.value)
    )
    assert "Nonsense" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert not list(temporary.iterdir())


def test_what_is_no_model_is_refused_before_the_start(
    start: Callable[..., LocalTriton], repository: Any, toys: Any
) -> None:
    program = repository.add("program", toys.double())
    (program / "1/model.py").write_text("raise RuntimeError('it ran')\n")
    with pytest.raises(BadInput, match=r"model\.py"):
        start()
    # what nobody asked for is not looked at
    assert start(["double"]).serving == ["double"]


def test_an_unknown_model_is_refused(start: Callable[..., LocalTriton]) -> None:
    with pytest.raises(BadInput, match=r"has no model 'triple'; it has double"):
        start(["triple"])


def test_a_missing_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no model repository at"):
        LocalTriton(tmp_path / "none").start()


@pytest.mark.skipif(count_gpus() > 0, reason="this machine has a GPU")
def test_the_gpu_configuration_is_refused_without_a_gpu(
    start: Callable[..., LocalTriton],
) -> None:
    with pytest.raises(ProvisioningError) as caught:
        start(gpu=True)
    assert "needs an NVIDIA GPU with its driver; none was found" in str(caught.value)
    assert "docker run" in str(caught.value)


def test_serves_the_configuration_named_gpu(
    start: Callable[..., LocalTriton],
    toy: Path,
    monkeypatch: pytest.MonkeyPatch,
    http: Any,
) -> None:
    # with the CPU in it: the choice of the file can be tested without a GPU
    text = (toy / "double/config.pbtxt").read_text()
    (toy / "double/configs").mkdir()
    (toy / "double/configs/gpu.pbtxt").write_text(text.replace("16", "32"))
    monkeypatch.setattr(launcher, "count_gpus", lambda: 1)
    server = start(gpu=True)
    config = http(server.http_url).call("/v2/models/double/config")
    assert config["max_batch_size"] == 32


def test_the_log_is_kept_where_asked_for(
    start: Callable[..., LocalTriton], tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    server = start(log=log, listening=Network())
    assert server.log_path == log
    server.stop()
    text = log.read_text()
    assert "successfully loaded 'double'" in text
    assert "successfully unloaded 'double'" in text


def test_a_dead_stub_does_not_keep_the_server_from_ending(
    start: Callable[..., LocalTriton], tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    server = start(log=log, listening=Network())
    pid, folder = server.pid, Path(psutil.Process(server.pid).cwd()).parent
    for stub in psutil.Process(pid).children(recursive=True):
        stub.kill()
    server.stop()
    assert_nothing_left(pid, folder)
    # counts down from 5 and not from Triton's 30
    assert "Timeout 5:" in log.read_text()
    assert "Timeout 30:" not in log.read_text()


@pytest.mark.slow
def test_a_server_deaf_to_sigterm_is_killed(
    start: Callable[..., LocalTriton],
) -> None:
    server = start(listening=Network())
    pid, folder = server.pid, run_folder(server)
    os.kill(pid, signal.SIGSTOP)
    server.stop()
    assert_nothing_left(pid, folder)


def test_a_server_of_one_user_is_not_waited_for(
    start: Callable[..., LocalTriton], tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    server = start(log=log)
    pid, folder = server.pid, Path(psutil.Process(server.pid).cwd()).parent
    server.stop()
    assert "Signal (15) received." not in log.read_text()
    assert_nothing_left(pid, folder)


def test_tells_that_the_server_has_died(start: Callable[..., LocalTriton]) -> None:
    server = start()
    folder = run_folder(server)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.exit_status() is not None)
    assert server.exit_status() == -signal.SIGKILL
    assert server.log_path.exists()
    pid = server.pid
    server.stop()
    assert_nothing_left(pid, folder)


def test_what_a_killed_supervisor_left_is_swept_at_the_next_start(
    start: Callable[..., LocalTriton], temporary: Path, call: Callable[..., Any]
) -> None:
    program, pid, folder = call("waits")
    supervisor = psutil.Process(pid).parent()
    assert supervisor is not None
    program.kill()
    supervisor.kill()
    wait_until(lambda: gone(pid))
    assert folder.parent == temporary
    assert folder.exists()
    living = start()
    assert not folder.exists()
    assert not regions(folder)
    assert list(temporary.iterdir()) == [run_folder(living)]
    # which a third one leaves alone
    start()
    assert living.exit_status() is None
    assert regions(run_folder(living))


def test_all_that_a_run_makes_is_the_user_s_alone(
    start: Callable[..., LocalTriton], tmp_path: Path
) -> None:
    folder = run_folder(start())
    paths = [folder, *regions(folder), *(p for p in folder.iterdir() if p.is_socket())]
    log = tmp_path / "server.log"
    start(log=log)
    for path in [*paths, folder / "triton.log", log]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert len(paths) >= 6


def test_the_server_dies_with_its_supervisor(
    start: Callable[..., LocalTriton],
) -> None:
    server = start()
    pid, folder = server.pid, run_folder(server)
    stubs = psutil.Process(pid).children(recursive=True)
    supervisor = psutil.Process(pid).parent()
    assert supervisor is not None
    supervisor.kill()
    wait_until(lambda: server.exit_status() is not None)
    server.stop()
    assert_nothing_left(pid, folder)
    wait_until(lambda: all(gone(stub.pid) for stub in stubs))


CALLER = """
import json, os, sys, time
from amphitrite.server import LocalTriton
how, repository = sys.argv[1:]
try:
    with LocalTriton(repository) as server:
        facts = {"pid": server.pid, "folder": str(server.log_path.parent)}
        if how == "forks" and os.fork() == 0:
            time.sleep(60)  # a child that has inherited the pipe
            os._exit(0)
        print(json.dumps(facts), flush=True)
        if how == "returns":
            sys.exit(0)
        time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def call(
    toy: Path, server_environment: ServerEnvironment
) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], int, Path]]]:
    """Run a program that starts a server; return it, the server and its folder."""
    programs = []

    def begin(how: str) -> tuple[subprocess.Popen[str], int, Path]:
        program = subprocess.Popen(
            [sys.executable, "-c", CALLER, how, str(toy)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        programs.append(program)
        assert program.stdout is not None
        facts = json.loads(program.stdout.readline())
        return program, facts["pid"], Path(facts["folder"])

    yield begin
    for program in programs:
        # the group is the program's own, with the child that it forked
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        assert program.stdout is not None
        program.stdout.close()


@pytest.mark.parametrize("how", ["waits", "forks"])
def test_the_server_ends_when_its_caller_is_killed(
    call: Callable[[str], tuple[subprocess.Popen[str], int, Path]], how: str
) -> None:
    program, pid, folder = call(how)
    assert not gone(pid)
    program.kill()
    assert_nothing_left(pid, folder)


def test_the_server_ends_on_sigterm_to_its_caller(
    call: Callable[[str], tuple[subprocess.Popen[str], int, Path]],
) -> None:
    program, pid, folder = call("waits")
    program.terminate()
    assert_nothing_left(pid, folder)


def test_the_server_ends_on_ctrl_c(
    call: Callable[[str], tuple[subprocess.Popen[str], int, Path]],
) -> None:
    program, pid, folder = call("waits")
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does it
    assert program.wait(30) == 130
    assert_nothing_left(pid, folder)
