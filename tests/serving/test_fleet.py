"""Several real servers as one: restarts and kills of some stop no run."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from restarting import Server
from waiting import waited

from amphitrite import errors
from amphitrite.engine.control import Limits
from amphitrite.engine.execution import Unit, execute
from amphitrite.engine.journal import Journal
from amphitrite.places import checkout_repository
from amphitrite.server import rest
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.calnet import page
from amphitrite.triton.config import format_config, parse_config
from amphitrite.triton.connecting import connection
from amphitrite.triton.connection import Connection
from amphitrite.triton.fleet import Fleet
from amphitrite.triton.served import ServedModel
from amphitrite.triton.spec import ModelSpec, TensorSpec, parameter_key

pytestmark = pytest.mark.triton

logger = logging.getLogger(__name__)

N_SERVERS = 3
LONGEST_STOP = 1.0  # s, on a machine that does nothing else
N_UNITS = 2000  # at least
N_DIFFERENT = 100
IN_FLIGHT = 8
ROWS = 2


@pytest.fixture
def start(server_environment: ServerEnvironment) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def start(
            repository: Path | None = None, network: Network | None = None
        ) -> Server:
            folder = repository or checkout_repository()
            server = Server(server_environment, folder, [page.MODEL.name], network)
            stack.callback(server.stop)
            return server

        yield start


class Work:
    """One request of a few light curves that a number makes."""

    def __init__(self, number: int) -> None:
        rng = np.random.default_rng(number % N_DIFFERENT)
        self.inputs = {
            tensor.name: rng.random((ROWS, *tensor.shape), np.float32)
            for tensor in page.MODEL.inputs
        }

    def requests(self) -> Iterator[tuple[None, dict[str, np.ndarray]]]:
        yield None, self.inputs

    def add(self, where: None, outputs: dict[str, np.ndarray]) -> None:
        assert not hasattr(self, "answer")
        self.answer = outputs[page.P_EB]

    def record(self) -> dict[str, np.ndarray]:
        return {page.P_EB: self.answer}


class Pace:
    """When the run made a step."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def __call__(self, size: int) -> None:
        if size:
            self.steps.append(time.monotonic())

    def wait_for(self, more: int) -> None:
        """Wait until a number of further units is done."""
        enough = len(self.steps) + more
        while len(self.steps) < enough:
            time.sleep(0.01)

    @property
    def longest_stop(self) -> float:
        return float(np.diff(self.steps).max())


def busy() -> float:
    """Return how many times longer things take where others use the machine, too.

    The servers that start in the test have two processes for each processor ready to
    run; what is beyond is others'.
    """
    return max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))


def run(
    servers: Fleet | Connection,
    folder: Path,
    pace: Pace,
    numbers: Iterable[int] = range(N_DIFFERENT),
    patience: float = 20,
) -> list[np.ndarray]:
    """Bring units through the servers; return the answers in the units' order."""
    done: list[str] = []

    def units() -> Iterator[Unit]:
        for number in numbers:
            done.append(f"{number:06d}")
            yield Unit(done[-1], number)

    limits = Limits(in_flight=IN_FLIGHT, patience=patience)
    folder.mkdir()
    with Journal(folder / "journal", {}, resume=False) as journal:
        model = servers.model(page.MODEL)
        summary = execute(
            *(units(), Work, model, journal),
            outputs=[page.P_EB],
            limits=limits,
            advance=pace,
        )
        assert summary.done == len(journal) == len(done) == len(set(done))
        return [journal.read(key)[page.P_EB] for key in done]


def test_servers_that_are_restarted_in_turn_and_killed_stop_no_run(
    start: Callable[..., Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    servers = [start() for _ in range(N_SERVERS)]
    with connection(servers[0].url) as one:
        quiet = run(one, tmp_path / "quiet", Pace())

    restarted, pace = threading.Event(), Pace()

    def restart() -> None:
        try:
            pace.wait_for(100)
            for server in servers:
                server.end(signal.SIGTERM)  # without any drain
                server.start_again()
                pace.wait_for(100)
            servers[0].end(signal.SIGKILL)
            servers[0].start_again()
            pace.wait_for(100)
        finally:
            restarted.set()

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            if number >= N_UNITS and restarted.is_set():
                return
            yield number

    with connection(",".join(server.url for server in servers)) as fleet:
        restarting = threading.Thread(target=restart)
        restarting.start()
        found = run(fleet, tmp_path / "restarts", pace, numbers())
        restarting.join()
    for number, answer in enumerate(found):
        np.testing.assert_array_equal(answer, quiet[number % N_DIFFERENT])
    logger.info(
        "%d requests, longest stop %.3f s, load %.1f",
        *(len(found), pace.longest_stop, os.getloadavg()[0]),
    )
    assert "Trying again for" not in caplog.text  # the run itself never waited
    assert pace.longest_stop < LONGEST_STOP * busy()


def n_requests(server: Server) -> int:
    """Return how many requests to the model a server has counted."""
    status, text = rest.request(server.metrics, "/metrics", timeout=20)
    assert status == 200
    counter = f'nv_inference_request_success{{model="{page.MODEL.name}"'
    (line,) = [li for li in text.decode().splitlines() if li.startswith(counter)]
    return int(float(line.split()[-1]))


def learn(model: Path, **learned: Any) -> None:
    """Let a model say that it has learned something else with the same weights."""
    config = parse_config((model / "config.pbtxt").read_text())
    parameter = config.parameters[parameter_key(1)]
    spec = ModelSpec.from_json(parameter.string_value)
    changed = replace(spec, learned={**spec.learned, **learned})
    parameter.string_value = changed.to_json()
    (model / "config.pbtxt").write_text(format_config(config))


def ask(model: ServedModel, n: int, servers: Sequence[Server]) -> list[int]:
    """Ask for something; return how many of the requests each server has answered.

    A server counts a request after its answer has left, so all are waited for.
    """
    before = [n_requests(server) for server in servers]

    def more() -> list[int]:
        return [n_requests(s) - m for s, m in zip(servers, before, strict=True)]

    for number in range(n):
        model.infer(Work(number).inputs)
    waited(lambda: sum(more()) >= n, lambda: f"{more()} of {n} requests counted")
    return more()


def test_a_server_that_takes_another_s_place_under_a_name_gets_its_work(
    start: Callable[..., Server],
):
    old, kept = start(), start()
    found = {old.url, kept.url}
    with connection(
        "dns:///tritons:8001", look_up=lambda name, port: set(found)
    ) as fleet:
        model = fleet.model(page.MODEL)
        assert min(ask(model, 20, [old, kept])) >= 10
        servers = [start(), old, kept]
        began = time.monotonic()
        found.remove(old.url)
        found.add(servers[0].url)
        while not ask(model, 2, servers)[0]:
            assert time.monotonic() < began + 10
        logger.info("the new server has work after %.1f s", time.monotonic() - began)
        assert ask(model, 30, servers)[1] == 0
        model.check_unchanged()


# Runs where its /etc/hosts is a file of the test's, until its input ends.
UNDER_A_NAME = """
import subprocess, sys, threading
import numpy as np
from amphitrite.surveys.calnet import page
from amphitrite.triton.connecting import connection

subprocess.run(["mount", "--bind", sys.argv[1], "/etc/hosts"], check=True)
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
with connection(f"dns:///tritons.test:{sys.argv[2]}") as fleet:
    model = fleet.model(page.MODEL)
    x = {t.name: np.ones((1, *t.shape), t.dtype) for t in page.MODEL.inputs}
    while not ended.is_set():
        model.infer(x)
        print("answered", flush=True)
    model.check_unchanged()
"""
ALONE = ("unshare", "--user", "--map-root-user", "--mount")


def test_the_system_s_own_names_may_change_under_way(
    start: Callable[..., Server], tmp_path: Path
):
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("a namespace of mounts is not allowed here")
    old = start(network=Network("127.0.0.2"))
    port = int(old.url.rpartition(":")[2])
    new = start(network=Network("127.0.0.3", grpc_port=port))
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.2 tritons.test\n")
    with subprocess.Popen(
        [*ALONE, sys.executable, "-c", UNDER_A_NAME, str(hosts), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "answered\n", client.stderr
        reading = threading.Thread(target=client.stdout.read)
        reading.start()
        warmed, began = n_requests(new), time.monotonic()
        hosts.write_text("127.0.0.3 tritons.test\n")
        counts: list[tuple[int, int]] = []
        while client.poll() is None and time.monotonic() < began + 10:
            counts.append((n_requests(old), n_requests(new)))
            time.sleep(0.1)
        assert client.stdin is not None
        client.stdin.close()
        reading.join()
        assert client.wait() == 0
    assert counts[-1][1] > warmed
    assert counts[-1][0] == counts[-10][0]  # the old one has had none for a second


def test_a_server_with_other_weights_gets_no_request(
    start: Callable[..., Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    repository = checkout_repository()
    assert repository is not None
    shutil.copytree(repository / page.MODEL.name, tmp_path / page.MODEL.name)
    learn(tmp_path / page.MODEL.name, threshold=0.125)
    other = start(tmp_path)  # as after an update that is half done
    servers = [other, start(), start()]
    with connection(",".join(server.url for server in servers)) as fleet:
        model = fleet.model(page.MODEL)
        assert model.spec.learned["threshold"] != 0.125
        assert f"The server at {other.url} is left out" in caplog.text
        answered = ask(model, 30, servers)
        assert (answered[0], sum(answered)) == (0, 30)
        assert min(answered[1:]) >= 10
        before = n_requests(other)
        for server in servers[1:]:
            server.end(signal.SIGKILL)
        with pytest.raises(errors.ServerUnreachable):
            model.infer(Work(0).inputs)
        assert n_requests(other) == before
    assert caplog.text.count("is left out") == 1


def test_all_servers_down_for_longer_than_the_patience_end_a_run(
    start: Callable[..., Server], tmp_path: Path
):
    servers = [start(), start()]
    pace = Pace()

    def stop() -> None:
        pace.wait_for(20)
        for server in servers:
            server.end(signal.SIGKILL)

    with connection(",".join(server.url for server in servers)) as fleet:
        stopping = threading.Thread(target=stop)
        stopping.start()
        with pytest.raises(errors.ServerUnreachable, match="none of the 2 servers"):
            run(fleet, tmp_path / "run", pace, itertools.count(), patience=3)
        stopping.join()


def test_a_full_queue_slows_a_run_down_and_ends_none(
    repository: Any,
    toys: Any,
    server_environment: ServerEnvironment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    spec = ModelSpec(
        "slow",
        *((TensorSpec(side, "float32", (4,), ("channel",)),) for side in ("x", "y")),
    )
    network = toys.slow()
    short = "dynamic_batching { default_queue_policy { max_queue_size: 2 } }\n"
    repository.add("slow", network, extra=short + toys.parameter(spec, network))

    class One(Work):
        def __init__(self, number: int) -> None:
            self.inputs = {"x": np.full((16, 4), number, np.float32)}

        def add(self, where: None, outputs: dict[str, np.ndarray]) -> None:
            self.answer = outputs["y"]

    units = [Unit(str(number), number) for number in range(60)]
    with (
        LocalTriton(repository.path, environment=server_environment) as server,
        connection(server.grpc_url) as one,
        Journal(tmp_path / "journal", {}, resume=False) as journal,
    ):
        model = one.model(spec)
        sent = [model.submit(One(number).inputs) for number in range(30)]
        full = [future.exception() for future in sent if future.exception()]
        assert full
        assert {type(error) for error in full} == {errors.QueueFull}
        assert "busy, not ill" in str(full[0])
        summary = execute(units, One, model, journal, limits=Limits(in_flight=30))
    assert summary.done == 60
    assert caplog.text.count("Going on with fewer requests at once") == 1
    assert "Trying again for" not in caplog.text
