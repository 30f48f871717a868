"""Several real servers as one: restarts and kills of some stop no run."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from amphitrite.engine.control import Limits
from amphitrite.engine.execution import Unit, execute
from amphitrite.engine.journal import Journal
from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.calnet import page
from amphitrite.triton.connecting import connection
from amphitrite.triton.connection import Connection
from amphitrite.triton.fleet import Fleet

pytestmark = pytest.mark.triton

logger = logging.getLogger(__name__)

N_SERVERS = 3
N_UNITS = 2000  # at least
N_DIFFERENT = 100
IN_FLIGHT = 8
ROWS = 2


class Server:
    """A Triton that is started again at its old port."""

    def __init__(self, environment: ServerEnvironment, repository: Path) -> None:
        self.environment, self.repository = environment, repository
        self._running = self._started(Network())

    @property
    def url(self) -> str:
        return self._running.grpc_url

    def _started(self, network: Network) -> LocalTriton:
        return LocalTriton(
            self.repository,
            [page.MODEL.name],
            listening=network,
            environment=self.environment,
        ).start()

    def end(self, how: signal.Signals) -> None:
        """Send it a signal, and wait until it has ended."""
        os.kill(self._running.pid, how)
        while self._running.exit_status() is None:
            time.sleep(0.02)

    def start_again(self) -> None:
        port = int(self.url.rpartition(":")[2])
        self._running.stop()
        self._running = self._started(Network(grpc_port=port))

    def stop(self) -> None:
        self._running.stop()


@pytest.fixture
def start(server_environment: ServerEnvironment) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def start(repository: Path | None = None) -> Server:
            folder = repository or checkout_repository()
            assert folder is not None
            server = Server(server_environment, folder)
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


def run(
    servers: Fleet | Connection,
    folder: Path,
    pace: Pace,
    numbers: Iterable[int] = range(N_DIFFERENT),
) -> list[np.ndarray]:
    """Bring units through the servers; return the answers in the units' order."""
    done: list[str] = []

    def units() -> Iterator[Unit]:
        for number in numbers:
            done.append(f"{number:06d}")
            yield Unit(done[-1], number)

    limits = Limits(in_flight=IN_FLIGHT, patience=20)
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
    logger.info("%d requests, longest stop %.3f s", len(found), pace.longest_stop)
    assert "Trying again for" not in caplog.text  # the run itself never waited
    assert pace.longest_stop < 1.0
