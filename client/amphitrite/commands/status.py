"""``amphitrite status``: the models of a server, and whether they are ready."""

from __future__ import annotations

from typing import Annotated

import typer

from amphitrite.commands import options as common


def status(
    server: Annotated[
        str,
        typer.Option(
            "--server",
            metavar="HOST:PORT,...",
            help="gRPC address of a running Triton, or of several, with commas between "
            "them.",
        ),
    ] = "localhost:8001",
    tls_ca: common.TlsCa = None,
    tls_cert: common.TlsCert = None,
    tls_key: common.TlsKey = None,
    header_file: common.HeaderFile = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """List the models of a server: versions, weights, readiness.

    Ready is a model that has answered a small request within 10 seconds. Models that
    nobody asked the server to serve are listed as not loaded, which is no failure.

    Ends with 3 if a server does not answer, serves no model, or has one that is not
    ready.

    Example: amphitrite status --server localhost:8001
    """
    from rich.table import Table

    from amphitrite.commands.talk import Talk
    from amphitrite.shown import shown
    from amphitrite.surveys import model_names
    from amphitrite.triton import credentials
    from amphitrite.triton.connecting import connection as connection_to
    from amphitrite.triton.status import NOT_READY

    talk = Talk(as_json=as_json, quiet=quiet)
    using = credentials.read(
        tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key, header_file=header_file
    )
    with connection_to(server, known=model_names, using=using) as connection:
        models = connection.status()
    serving = {model.server for model in models if model.ready}
    ready = bool(models) and all(
        model.server in serving and model.state != NOT_READY for model in models
    )
    several = any(model.server for model in models)
    table = Table(
        *["server"] * several, "model", "version", "state", "weights", "reason"
    )
    for model in models:
        table.add_row(
            *[shown(model.server)] * several,
            shown(model.name),
            model.version,
            model.state,
            model.digest.removeprefix("sha256:")[:12],
            shown(model.reason),
        )
    talk.result(
        table,
        {
            "server": server,
            "ready": ready,
            "models": [model.as_dict() for model in models],
        },
    )
    raise typer.Exit(0 if ready else 3)
