"""A Triton on the network that is stopped and started again at its old port."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from amphitrite import errors
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment

N_STARTS = 4


class Server:
    """A running server of some models of a repository."""

    def __init__(
        self,
        environment: ServerEnvironment,
        repository: Path | None,
        models: Sequence[str],
        network: Network | None = None,
    ) -> None:
        assert repository is not None
        self.environment, self.repository = environment, repository
        self.models = models
        self._running = self._started(network or Network())

    @property
    def url(self) -> str:
        return self._running.grpc_url

    @property
    def http(self) -> str:
        return self._running.http_url

    @property
    def metrics(self) -> str:
        return self._running.metrics_url

    @property
    def pid(self) -> int:
        return self._running.pid

    def _started(self, network: Network) -> LocalTriton:
        server = LocalTriton(
            self.repository,
            self.models,
            listening=network,
            environment=self.environment,
        )
        for _ in range(N_STARTS - 1):
            # where the machine is busy, Triton may crash on its own locks
            with suppress(errors.ProvisioningError):
                return server.start()
        return server.start()

    def end(self, how: signal.Signals) -> None:
        """Send it a signal, and wait until it has ended."""
        os.kill(self.pid, how)
        while self._running.exit_status() is None:
            time.sleep(0.02)

    def start_again(self) -> None:
        grpc, http, metrics = (
            int(url.rpartition(":")[2]) for url in (self.url, self.http, self.metrics)
        )
        self._running.stop()
        self._running = self._started(
            Network(grpc_port=grpc, http_port=http, metrics_port=metrics)
        )

    def stop(self) -> None:
        self._running.stop()
