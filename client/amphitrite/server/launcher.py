"""A Triton server on this machine that runs as long as a ``with`` block."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from amphitrite.errors import ModelNotReady, ProvisioningError
from amphitrite.server import rest, room, run_folders, selfcheck, served
from amphitrite.server.host import check_gpu, count_gpus
from amphitrite.server.layout import Layout, assemble, command, environ
from amphitrite.server.listening import PRIVATE, Addresses, Listening
from amphitrite.server.log import Log
from amphitrite.server.ports import PortTaken
from amphitrite.server.provision import ServerEnvironment, provision
from amphitrite.server.stubs import Watch
from amphitrite.server.supervised import Supervised
from amphitrite.triton.plain_models import PlainModel

ATTEMPTS: Final = 3
STARTUP_SECONDS: Final = 300.0
WATCH_SECONDS: Final = 1.0  # between two checks of the server's child processes

logger = logging.getLogger(__name__)


class LocalTriton:
    """A local Triton server with the models of a repository.

    Parameters
    ----------
    model_repository : Path
        The repository's folder.
    models : sequence of str, optional
        Names of the models to serve, to which the members of ensembles are added; by
        default all models of the repository.
    listening : Listening
        Where the server listens: on sockets in its private folder, or on the network.
    gpu : bool
        Whether to serve the configurations for a GPU (``configs/gpu.pbtxt``); untested
        on hardware.
    log : Path, optional
        File for the server's log, kept afterwards; by default a temporary file.
    environment : ServerEnvironment, optional
        The installed server; by default `provision` finds or installs it.
    report : callable
        Called with a line of text at each step.

    Notes
    -----
    The server serves these models until it ends: no client can load others, or change
    shared memory, logging or tracing.  It ends with the ``with`` block, and also when
    this process dies in any way, even by SIGKILL: a supervisor process stops it then.
    Ctrl-C reaches this process only.

    Examples
    --------
    >>> with LocalTriton(repository, ["morpheus"]) as triton:  # doctest: +SKIP
    ...     print(triton.grpc_url)
    unix:/tmp/amphitrite-triton-ab12cd34/grpc:1
    """

    def __init__(
        self,
        model_repository: Path | str,
        models: Sequence[str] | None = None,
        *,
        listening: Listening = PRIVATE,
        gpu: bool = False,
        log: Path | None = None,
        environment: ServerEnvironment | None = None,
        report: Callable[[str], None] = logger.info,
    ) -> None:
        self.model_repository = Path(model_repository).absolute()
        self.models = models
        self.listening = listening
        self.gpu = gpu
        self._asked_log = log
        self._environment = environment
        self._report = report
        self._served: list[PlainModel] = []
        self._addresses: Addresses | None = None
        self._server: Supervised | None = None
        self._log: Log | None = None

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
        """Start the server, and return once it has passed a test inference.

        Raises
        ------
        BadInput
            The repository or a model does not exist, or a model's folder holds
            something that is not part of a model.
        ModelNotReady
            A model cannot be loaded; the message has the server's reason.
        ProvisioningError
            The server cannot be installed or started; the message has the end of its
            log.
        """
        if self._server is not None:
            return self
        self._served = served.choose(self.model_repository, self.models)
        if self.gpu:
            check_gpu(count_gpus())
        room.check(sum(served.instances(m, gpu=self.gpu) for m in self._served))
        environment = self._environment or provision(gpu=self.gpu, report=self._report)
        self._report("Starting a local Triton server")
        run_folders.sweep_abandoned()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start(environment)
            except PortTaken:
                # another process took the port after it was found free
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
        """Stop the server.

        One on the network finishes its requests and is killed after 10 s; one in
        sockets of this user's alone is killed at once.
        """
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def exit_status(self) -> int | None:
        """Return the exit status of a server that ended; None while it runs."""
        return self._running.exit_status()

    @property
    def serving(self) -> list[str]:
        """Sorted names of the served models; empty before the start."""
        return sorted(model.name for model in self._served)

    @property
    def grpc_url(self) -> str:
        """Address of the gRPC interface: ``HOST:PORT``, or ``unix:PATH``."""
        return self._at.grpc

    @property
    def http_url(self) -> str:
        """Address of the HTTP interface: ``http://HOST:PORT``, or ``unix:PATH``."""
        return self._at.http

    @property
    def metrics_url(self) -> str:
        """Address of ``/metrics``, in Prometheus's format."""
        return self._at.metrics

    @property
    def pid(self) -> int:
        """Process number of the server."""
        pid = self._running.pid
        assert pid is not None
        return pid

    @property
    def log(self) -> Log:
        """The server's log."""
        if self._log is None:
            raise RuntimeError("the local Triton server has not been started")
        return self._log

    @property
    def log_path(self) -> Path:
        """The file of the server's log."""
        return self.log.path

    @property
    def _running(self) -> Supervised:
        if self._server is None:
            raise RuntimeError("the local Triton server has not been started")
        return self._server

    @property
    def _at(self) -> Addresses:
        if self._addresses is None:
            raise RuntimeError("the local Triton server has not been started")
        return self._addresses

    def _start(self, environment: ServerEnvironment) -> None:
        """Start the server once."""
        self._server = Supervised(run_folders.choose())
        layout = Layout(self._server.folder)
        self._addresses = self.listening.addresses(layout.folder)
        self._log = Log(self._asked_log or layout.log)
        try:
            assemble(layout, environment, self._served)
        except OSError as error:
            raise ProvisioningError(
                f"The local Triton server cannot be prepared in {layout.folder}: "
                f"{error}.\nFree some space there, or name another folder with TMPDIR."
            ) from error
        self._server.start(
            command(
                layout,
                environment,
                addresses=self._at.options,
                private=self.listening.is_private,
                gpu=self.gpu,
            ),
            environ=environ(layout, os.environ),
            directory=layout.empty,
            log=self.log_path,
            grace=self.listening.grace,
        )
        watch, own = Watch(self.pid), layout.selfcheck_model
        self._wait(lambda: self._answers(own), watch)
        with selfcheck.blaming_the_environment():
            self._check_loaded(own)
            selfcheck.check_inference(self.http_url, own)
        for model in self._served:
            self._check_loaded(model.name)
        # Triton starts its metrics last, and serves on if their port is taken
        self._wait(lambda: rest.counts(self.metrics_url, own), watch)
        room.check_private(layout.folder)
        logger.info("local Triton at %s, process %d", self.grpc_url, self.pid)

    def _answers(self, model: str) -> bool:
        """Return whether this server has tried to load all its models.

        `model` is the self-check's model, which no other server has: another server may
        answer at the port, while this one ends because the port is taken.
        """
        if self.log.why_not_loaded(model) is not None:
            return True
        # before this line nothing answers, and requests would slow down the start
        begun = "Started HTTPService" in self.log.text()
        return begun and rest.is_ready(self.http_url, model)

    def _wait(self, condition: Callable[[], bool], watch: Watch) -> None:
        """Wait until a condition holds; raise an error if the server ends before."""
        now = time.monotonic()
        end, look = now + STARTUP_SECONDS, now + WATCH_SECONDS
        while not condition():
            status = self._running.exit_status()
            if "already in use" in self.log.text():
                raise PortTaken(
                    f"a port of the local Triton was taken:\n{self.log.tail()}"
                )
            if status is not None:
                # Triton may crash after it has refused a model
                for model in self._served:
                    if reason := self.log.why_not_loaded(model.name):
                        raise self._refused(model.name, reason)
                raise self._not_started(f"ended ({status})")
            now = time.monotonic()
            if now > end:
                raise self._not_started("is not ready in time")
            if now > look:
                look = now + WATCH_SECONDS
                if death := watch.death():
                    raise self._not_started(f"is not ready: {death}")
            time.sleep(0.02)

    def _not_started(self, what: str, *, until: str | None = None) -> ProvisioningError:
        """Return the error for a server that is not ready."""
        tail = self.log.tail(until=until)
        return ProvisioningError(
            f"The local Triton server {what}. The end of its log:\n{tail}"
        )

    def _check_loaded(self, name: str) -> None:
        """Raise an error if a model, or a version of it, is not loaded."""
        reason = self.log.why_not_loaded(name)
        if reason is None:
            if rest.is_ready(self.http_url, name):
                return
            reason = f"the end of the server's log:\n{self.log.tail()}"
        if "Stub process" in reason and "not healthy" in reason:
            # Triton has noticed the death first; the process's output is in the log
            raise self._not_started(
                f"is not ready: the process that was loading '{name}' has died",
                until=f"failed to load '{name}'",
            )
        raise self._refused(name, reason)

    def _refused(self, name: str, reason: str) -> ModelNotReady:
        """Return the error for a model, with the user's path in place of the run's."""
        models = str(Layout(self._running.folder).models)
        return _not_loaded(name, reason.replace(models, str(self.model_repository)))


def _not_loaded(name: str, reason: str) -> ModelNotReady:
    """Return the error for a model that the server cannot load."""
    # Triton puts the path of the backend before its reason, and a traceback after it
    said = reason.partition("\n\nAt:\n")[0].rpartition("TritonModelException: ")[2]
    said = said.removeprefix(f"model '{name}': ")
    return ModelNotReady(
        f"the model '{name}' cannot be loaded: {said}\n"
        "Export it again, or restore it from the release's model repository."
    )
