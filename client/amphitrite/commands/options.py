"""The options that many commands have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

_RUN = "Run"
_SERVER = "Server"
_TALK = "Talk"


def _positive(seconds: float) -> float:
    """Check that a deadline is positive and finite; ``min`` would let NaN through."""
    if not 0 < seconds < math.inf:
        raise typer.BadParameter(
            f"expected a positive and finite number of seconds; received {seconds:g}"
        )
    return seconds


def _finite(seconds: float) -> float:
    """Check that a patience is finite and not negative; 0 gives up at once."""
    if not 0 <= seconds < math.inf:
        raise typer.BadParameter(
            f"expected 0 or a finite number of seconds; received {seconds:g}"
        )
    return seconds


Output = Annotated[
    Path,
    typer.Option("-o", "--output", help="Where the result goes.", show_default=False),
]
Catalogue = Annotated[
    Path,
    typer.Option(
        *("-o", "--output"),
        help="The catalogue; its suffix chooses the format: .fits, .vot, .ecsv, "
        ".parquet, .csv or .dat (columns of fixed width).",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with an interrupted run.", rich_help_panel=_RUN
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Replace an existing result.", rich_help_panel=_RUN
    ),
]
ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N|auto",
        help="Do the share I, from 0 to N - 1, of a survey divided into N, and write a "
        "part for 'amphitrite merge', whose name ends in .part; auto takes I and N "
        "from the task of a Slurm job array or of an Indexed Job of Kubernetes.",
        show_default=False,
        rich_help_panel=_RUN,
    ),
]
InFlight = Annotated[
    int,
    typer.Option(
        "--in-flight",
        min=1,
        help="Requests sent and not yet answered.",
        rich_help_panel=_RUN,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="HOST:PORT,...",
        help="gRPC address of a running Triton, or of several, with commas between "
        "them, that share the work; also [IPv6]:PORT, unix:PATH, or dns:///NAME:PORT "
        "for all servers under one name. Without it a local one is started, used and "
        "stopped.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
TlsCa = Annotated[
    Path | None,
    typer.Option(
        "--tls-ca",
        metavar="FILE",
        help="Speak TLS with the server, whose certificate one in this PEM file has "
        "signed.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
TlsCert = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert",
        metavar="FILE",
        help="This client's certificate, PEM, for a server that demands one.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(
        "--tls-key",
        metavar="FILE",
        help="The private key of --tls-cert, PEM without a password.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
HeaderFile = Annotated[
    Path | None,
    typer.Option(
        "--header-file",
        metavar="FILE",
        help="Lines 'name: value' to send with every request, such as a key that the "
        "server demands. By default those in AMPHITRITE_HEADERS.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
ModelRepository = Annotated[
    Path | None,
    typer.Option(
        "--model-repository",
        metavar="DIR",
        help="What the local server serves. By default AMPHITRITE_MODEL_REPOSITORY, "
        "the checkout's, or what 'amphitrite models install' installed.",
        show_default=False,
        rich_help_panel=_SERVER,
    ),
]
Deadline = Annotated[
    float,
    typer.Option(
        "--deadline",
        metavar="SECONDS",
        callback=_positive,
        help="How long one request may take.",
        rich_help_panel=_SERVER,
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        callback=_finite,
        help="How long a failing server is tried again.",
        rich_help_panel=_SERVER,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object on standard output, for scripts.",
        rich_help_panel=_TALK,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print nothing but errors.", rich_help_panel=_TALK
    ),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", help="Report every step.", rich_help_panel=_TALK),
]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The server of a command, as it was given; see `amphitrite.connect`."""

    server: Server = None
    tls_ca: TlsCa = None
    tls_cert: TlsCert = None
    tls_key: TlsKey = None
    header_file: HeaderFile = None
    model_repository: ModelRepository = None
    deadline: Deadline = 120.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a survey is run, as it was given.

    Parameters
    ----------
    in_flight
        See `amphitrite.engine.control.Limits`.
    resume, overwrite
        See `amphitrite.engine.control.Control`.
    shard
        See `amphitrite.engine.shards.Shard.of`.
    """

    in_flight: InFlight = 4
    resume: Resume = False
    overwrite: Overwrite = False
    shard: ShardText = None


@dataclass(frozen=True, kw_only=True)
class Common(Serving, Running):
    """The options of all surveys, as they were given; those of `Running` come first.

    Parameters
    ----------
    patience
        See `amphitrite.engine.control.Limits`.
    as_json, quiet, verbose
        See `amphitrite.commands.talk.Talk`.
    """

    patience: Patience = 60.0
    as_json: Json = False
    quiet: Quiet = False
    verbose: Verbose = False


SERVING: Final = Serving()
COMMON: Final = Common()
"""The defaults."""
