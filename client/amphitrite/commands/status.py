"""``amphitrite status``: the models of a server, and whether they are ready."""

from __future__ import annotations

from typing import Annotated

import typer

from amphitrite.commands import options as common


def status(
    server: Annotated[
        str,
        typer.Option(
            "--server", metavar="HOST:PORT", help="gRPC address of a running Triton."
        ),
    ] = "localhost:8001",
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """List the models of a server: versions, weights, readiness.

    Ready is a model that has answered a small request within 10 seconds. Models that
    nobody asked the server to serve are listed as not loaded, which is no failure.

    Ends with 3 if the server does not answer, serves no model, or has one that is not
    ready.

    Example: amphitrite status --server localhost:8001
    """
    from rich.table import Table

    from amphitrite.commands.talk import Talk
    from amphitrite.shown import shown
    from amphitrite.surveys import model_names
    from amphitrite.triton.connection import Connection
    from amphitrite.triton.status import NOT_READY

    talk = Talk(as_json=as_json, quiet=quiet)
    with Connection(server, known=model_names) as connection:
        models = connection.status()
    ready = any(model.ready for model in models) and not any(
        model.state == NOT_READY for model in models
    )
    table = Table("model", "version", "state", "weights", "reason")
    for model in models:
        table.add_row(
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
