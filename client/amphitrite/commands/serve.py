"""``amphitrite serve``: a real Triton on this machine, in the foreground."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from amphitrite.commands import options as common

if TYPE_CHECKING:
    from amphitrite.server.launcher import LocalTriton


_PORTS = "Addresses"


def serve(
    model_repository: common.ModelRepository = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models",
            metavar="NAME,...",
            help="Surveys or models to serve, separated by commas or given repeatedly; "
            "what they need comes along.",
            show_default="all",
        ),
    ] = None,
    grpc_port: Annotated[
        int, typer.Option(min=1, max=65535, rich_help_panel=_PORTS)
    ] = 8001,
    http_port: Annotated[
        int, typer.Option(min=1, max=65535, rich_help_panel=_PORTS)
    ] = 8000,
    metrics_port: Annotated[
        int, typer.Option(min=1, max=65535, rich_help_panel=_PORTS)
    ] = 8002,
    address: Annotated[
        str,
        typer.Option(
            help="Address to listen on, a number or a name. Anybody who reaches it can "
            "ask for inferences and read what is served and how often it was asked; "
            "nobody can load models, or touch shared memory, logging or trace. Nothing "
            "is encrypted. 127.0.0.1 is for the users of this machine, 0.0.0.0 lets "
            "other machines in: only do that on a network you trust.",
            rich_help_panel=_PORTS,
        ),
    ] = "127.0.0.1",
    gpu: Annotated[
        bool,
        typer.Option(
            "--gpu",
            help="Serve the GPU configuration with ONNX Runtime for CUDA. Untested on "
            "hardware: so far only its refusal without a GPU is.",
        ),
    ] = False,
    install_only: Annotated[
        bool,
        typer.Option(
            "--install-only", help="Install the server if need be, and start nothing."
        ),
    ] = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Run a Triton server on this machine until Ctrl-C or SIGTERM.

    The first time, the server is installed in your cache folder (AMPHITRITE_CACHE,
    else ~/.cache/amphitrite); that needs a network and some minutes at most.

    Example: amphitrite serve --models morpheus, and in another terminal:
    amphitrite morpheus h.fits j.fits v.fits z.fits -o result --server 127.0.0.1:8001
    """
    from amphitrite.commands.talk import Talk, reporter
    from amphitrite.errors import ServerError
    from amphitrite.server.host import check_gpu, count_gpus
    from amphitrite.server.launcher import LocalTriton
    from amphitrite.server.listening import Network
    from amphitrite.server.provision import provision
    from amphitrite.shown import shown
    from amphitrite.surveys import needed
    from amphitrite.triton.repository import find_repository

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    network = Network(address, grpc_port, http_port, metrics_port)
    names = _names(models)
    if gpu:
        check_gpu(count_gpus())
    with _ended_by_sigterm(), talk.status("") as status:
        report = reporter(status)
        environment = provision(gpu=gpu, report=report)
        if install_only:
            talk.result(
                f"the local Triton server is installed in {environment.site_packages}",
                {"installed": str(environment.site_packages)},
            )
            return
        with LocalTriton(
            find_repository(model_repository),
            None if names is None else needed(names),
            listening=network,
            gpu=gpu,
            environment=environment,
            report=report,
        ) as triton:
            status.stop()
            talk.say(f"Triton serves {', '.join(triton.serving) or 'no model'} at")
            talk.say(f"  gRPC     {triton.grpc_url}")
            talk.say(f"  HTTP     {triton.http_url}")
            talk.say(f"  metrics  {_metrics(triton)}")
            talk.say(f"  log      {triton.log_path}")
            if not network.is_loopback:
                talk.say(
                    "Anybody who reaches these addresses can ask for inferences and "
                    "read what is served and how often it was asked; nobody can load "
                    "models, or touch shared memory, logging or trace. Nothing is "
                    "encrypted."
                )
            talk.say("Stop it with Ctrl-C.")
            # The end is said here, lest a second JSON object be printed about it.
            try:
                if as_json:
                    talk.result("", _facts(triton))
                _wait(triton)
            except KeyboardInterrupt:
                raise typer.Exit(130) from None
            except ServerError as error:
                typer.echo(f"amphitrite: {shown(str(error))}", err=True)
                raise typer.Exit(error.exit_code) from None


def _names(models: list[str] | None) -> list[str] | None:
    """Split names at commas; None, for all models, where there are none."""
    names = [name.strip() for given in models or () for name in given.split(",")]
    return [name for name in names if name] or None


def _facts(triton: LocalTriton) -> dict[str, object]:
    """Return the addresses, models, process and log of a server, for scripts."""
    return {
        "grpc": triton.grpc_url,
        "http": triton.http_url,
        "metrics": _metrics(triton),
        "models": list(triton.serving),
        "pid": triton.pid,
        "log": str(triton.log_path),
    }


def _metrics(triton: LocalTriton) -> str:
    return f"{triton.metrics_url}/metrics"


def _wait(triton: LocalTriton) -> NoReturn:
    """Wait for a signal, or until the server ends; never return."""
    from amphitrite.errors import ServerError

    while (status := triton.exit_status()) is None:
        time.sleep(0.2)
    raise ServerError(
        f"the Triton server ended by itself ({status}); the end of its log:\n"
        f"{triton.log.tail()}"
    )


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM, the usual way to end a service, end the block with exit code 0."""

    def end(*_: object) -> NoReturn:
        raise typer.Exit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
