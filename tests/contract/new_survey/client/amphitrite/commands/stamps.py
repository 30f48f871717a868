"""``amphitrite stamps``: small images to a catalogue of fluxes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import options as common

if TYPE_CHECKING:
    from amphitrite.surveys.stamps.run import Result


def stamps(
    inputs: Annotated[list[Path], typer.Argument(metavar="FILE", help="Images, FITS.")],
    output: common.Catalogue,
    in_flight: common.InFlight = 4,
    resume: common.Resume = False,
    overwrite: common.Overwrite = False,
    shard: common.ShardText = None,
    server: common.Server = None,
    tls_ca: common.TlsCa = None,
    tls_cert: common.TlsCert = None,
    tls_key: common.TlsKey = None,
    header_file: common.HeaderFile = None,
    model_repository: common.ModelRepository = None,
    deadline: common.Deadline = 120.0,
    patience: common.Patience = 60.0,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Measure the flux of the star in each of some small images.

    Example: amphitrite stamps star.fits -o catalogue.fits
    """
    from amphitrite.surveys.stamps.options import Options

    from amphitrite.commands.conduct import conduct

    conduct(
        *("stamps", inputs, output),
        Options(),
        common.Common(
            in_flight=in_flight,
            patience=patience,
            resume=resume,
            overwrite=overwrite,
            shard=shard,
            server=server,
            tls_ca=tls_ca,
            tls_cert=tls_cert,
            tls_key=tls_key,
            header_file=header_file,
            model_repository=model_repository,
            deadline=deadline,
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
        ),
        describe,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    n = len(result.table)
    return f"{n} stars in {result.out}", {"stars": n}
