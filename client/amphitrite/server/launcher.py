"""A real Triton on this machine, for as long as a ``with`` block lasts."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from amphitrite.errors import BadInput, ProvisioningError, ServerError
from amphitrite.server import rest, selfcheck
from amphitrite.server.host import check_gpu, count_gpus
from amphitrite.server.layout import Layout, assemble, command, environ
from amphitrite.server.ports import Ports, PortTaken, choose_ports
from amphitrite.server.provision import ServerEnvironment, provision
from amphitrite.server.supervised import Supervised

LOOPBACK: Final = "127.0.0.1"
ATTEMPTS: Final = 3
STARTUP_SECONDS: Final = 300.0
LOG_LINES: Final = 25

Index = Sequence[Mapping[str, str]]

logger = logging.getLogger(__name__)


class LocalTriton:
    """A Triton server of our own, with the models of a repository.

    Parameters
    ----------
    model_repository : Path
        The repository's folder.
    models : sequence of str, optional
        Names of the models to serve; all of the repository's if not given.
    gpu : bool
        Serve the GPU's configurations (``configs/gpu.pbtxt``); untested on hardware.
    address : str
        Address to listen on.
    grpc_port, http_port, metrics_port : int, optional
        Ports to listen on; any free ones if not given.
    log : Path, optional
        File for the server's log, kept afterwards; a temporary one if not given.
    environment : ServerEnvironment, optional
        The installed server; `provision` finds or installs it if not given.
    report : callable
        Called with a line of text at each step.

    Notes
    -----
    The server ends with the ``with`` block, and also when this process dies in any
    way, SIGKILL included: a supervisor process sees to that.  Ctrl-C reaches this
    process only.

    Examples
    --------
    >>> with LocalTriton(repository, ["morpheus"]) as triton:  # doctest: +SKIP
    ...     print(triton.grpc_url)
    127.0.0.1:40123
    """

    def __init__(
        self,
        model_repository: Path | str,
        models: Sequence[str] | None = None,
        *,
        gpu: bool = False,
        address: str = LOOPBACK,
        grpc_port: int | None = None,
        http_port: int | None = None,
        metrics_port: int | None = None,
        log: Path | None = None,
        environment: ServerEnvironment | None = None,
        report: Callable[[str], None] = logger.info,
    ) -> None:
        self.model_repository = Path(model_repository).absolute()
        self.models = models
        self.gpu = gpu
        self.address = address
        self._asked = {"grpc": grpc_port, "http": http_port, "metrics": metrics_port}
        self._log = log
        self._environment = environment
        self._report = report
        self._ports: Ports | None = None
        self._server: Supervised | None = None

    def __enter__(self) -> Self:
        """Start the server; see `start`."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def start(self) -> Self:
        """Start the server and return once it has proven that it computes.

        Raises
        ------
        BadInput
            There is no such repository, or no such model in it.
        ModelNotReady
            A model cannot be loaded; the server's reason is in the message.
        ProvisioningError
            The server cannot be installed or started; shows the end of its log.
        """
        if self._server is not None:
            return self
        check_models(self.model_repository, self.models)
        if self.gpu:
            check_gpu(count_gpus())
        environment = self._environment or provision(gpu=self.gpu, report=self._report)
        self._report("Starting a local Triton server")
        for attempt in range(1, ATTEMPTS + 1):
            ports = choose_ports(address=self.address, **self._asked)
            try:
                self._start(environment, ports)
            except PortTaken:
                # somebody was faster: the port was free a moment ago
                self.stop()
                if attempt == ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                break
        return self

    def stop(self) -> None:
        """Stop the server: SIGTERM answers what is in flight, SIGKILL after 10 s."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def exit_status(self) -> int | None:
        """Return the exit status of a server that ended; None while it runs."""
        return self._running.exit_status()

    def load(self, name: str) -> None:
        """Serve one more model of the repository, or its new files.

        Raises
        ------
        ModelNotReady
            It cannot be loaded; the server's reason is in the message.
        """
        rest.load_model(self.http_url, name)

    def unload(self, name: str) -> None:
        """Stop serving a model."""
        rest.unload_model(self.http_url, name)

    @property
    def serving(self) -> Sequence[str]:
        """Names of the models that it serves from the start."""
        if self.models is not None:
            return self.models
        return present_models(self.model_repository)

    @property
    def grpc_url(self) -> str:
        """``HOST:PORT`` of the gRPC interface."""
        return f"{self._host}:{self._listening.grpc}"

    @property
    def http_url(self) -> str:
        """``http://HOST:PORT`` of the HTTP interface."""
        return f"http://{self._host}:{self._listening.http}"

    @property
    def metrics_url(self) -> str:
        """Address of the metrics in Prometheus's format."""
        return f"http://{self._host}:{self._listening.metrics}/metrics"

    @property
    def pid(self) -> int:
        """The server's process."""
        pid = self._running.pid
        assert pid is not None
        return pid

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self._log or Layout(self._running.folder).log

    @property
    def _host(self) -> str:
        """An address under which this machine reaches the server."""
        return LOOPBACK if self.address == "0.0.0.0" else self.address

    @property
    def _running(self) -> Supervised:
        if self._server is None:
            raise RuntimeError("the local Triton server has not been started")
        return self._server

    @property
    def _listening(self) -> Ports:
        if self._ports is None:
            raise RuntimeError("the local Triton server has not been started")
        return self._ports

    def _start(self, environment: ServerEnvironment, ports: Ports) -> None:
        """Start the server once, on the given ports."""
        self._ports = ports
        self._server = Supervised()
        layout = Layout(self._server.folder)
        wanted = self.serving
        assemble(layout, environment)
        self._server.start(
            command(
                layout,
                environment,
                model_repository=self.model_repository,
                models=wanted,
                address=self.address,
                ports=ports,
                gpu=self.gpu,
            ),
            environ=environ(environment, os.environ),
            directory=layout.empty,
            log=self.log_path,
        )
        index = self._wait(layout.selfcheck_model)
        self._check(layout, index)
        for name in wanted:
            self._check_loaded(name, index)
        logger.info("local Triton at %s, process %d", self.grpc_url, self.pid)

    def _wait(self, selfcheck_model: str) -> Index:
        """Return the server's list of models once it has tried to load them."""
        end = time.monotonic() + STARTUP_SECONDS
        while True:
            with contextlib.suppress(ServerError, ValueError):
                index = rest.repository_index(self.http_url)
                # another server may be at that port, while ours ends for it
                if any(entry["name"] == selfcheck_model for entry in index):
                    return index
            status = self._running.exit_status()
            if status is None and time.monotonic() < end:
                time.sleep(0.02)
                continue
            log = tail(self.log_path)
            if "already in use" in log:
                raise PortTaken(f"a port of the local Triton was taken:\n{log}")
            what = "is not ready in time" if status is None else f"ended ({status})"
            raise ProvisioningError(
                f"The local Triton server {what}. The end of its log:\n{log}"
            )

    def _check(self, layout: Layout, index: Index) -> None:
        """Let the server compute something, then forget the model for that."""
        name = layout.selfcheck_model
        with selfcheck.blaming_the_environment():
            self._check_loaded(name, index)
            selfcheck.check_inference(self.http_url, name)
        rest.unload_model(self.http_url, name)
        shutil.rmtree(layout.selfcheck / name)
        # without that port, Triton serves on and only logs it
        if not rest.offers_metrics(self.metrics_url):
            raise PortTaken(f"another process answers at {self.metrics_url}")

    def _check_loaded(self, name: str, index: Index) -> None:
        """Refuse to go on without a model that was asked for."""
        entries = [entry for entry in index if entry["name"] == name]
        if any(entry.get("state") == "READY" for entry in entries):
            return
        reasons = [entry["reason"] for entry in entries if entry.get("reason")]
        if not reasons:
            reasons = [f"the end of the server's log:\n{tail(self.log_path)}"]
        raise rest.not_loaded(name, "; ".join(reasons))


def check_models(model_repository: Path, models: Sequence[str] | None) -> None:
    """Refuse a repository that is none, or that lacks a model.

    Raises
    ------
    BadInput
        Names the folder, or the model and those that are there.
    """
    if not model_repository.is_dir():
        raise BadInput(f"there is no model repository at {model_repository}")
    present = present_models(model_repository)
    for name in models or ():
        if name not in present:
            raise BadInput(
                f"the model repository {model_repository} has no model '{name}'; "
                f"it has {', '.join(present) or 'none'}"
            )


def present_models(model_repository: Path) -> list[str]:
    """List the models of a repository: the folders with versions or a configuration."""
    return sorted(
        folder.name
        for folder in model_repository.iterdir()
        if (folder / "config.pbtxt").is_file() or any(folder.glob("[0-9]*/model.onnx"))
    )


def tail(log: Path) -> str:
    """Return the last lines of a log, or say that there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return f"({error})"
    return "\n".join(lines[-LOG_LINES:])
