"""The command ``amphitrite export``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from amphitrite.commands.options import Json
from amphitrite.commands.talk import Talk
from amphitrite.errors import BadInput, MissingExtra


def app(
    artefacts: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[ARTEFACT]...",
            help="The folders that 'amphitrite train' wrote, of one model each.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path,
        typer.Option("--to", metavar="DIR", help="The model repository to publish to."),
    ] = Path("model_repository"),
    rollback: Annotated[
        str | None,
        typer.Option(
            "--rollback",
            metavar="MODEL",
            help="Instead of publishing, serve the version of MODEL before the "
            "current one.",
            show_default=False,
        ),
    ] = None,
    max_peaks: Annotated[
        int | None,
        typer.Option(
            "--max-peaks",
            metavar="N",
            help="Of asid_unet: how many peaks of a patch the server lists; 64 by "
            "default.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Publish trained networks into a Triton model repository.

    Each is converted to ONNX, compared with Keras on realistic inputs, checked against
    its configuration and published as a new version; the version before it is kept for
    --rollback. Networks given together are one generation: the repository's folder is
    replaced in one step by its next state, in which other files are kept. A running
    Triton serves the new version once it is asked to load the model again, or by
    itself in poll mode; a container that mounts the folder itself has to be restarted.
    asid_unet is published with its peak finder, and the ensembles asid and asid_heads
    as soon as all their members are there: asid_unet, asid_flux, asid_classifier,
    asid_location.

    Example: amphitrite export artefacts/morpheus --to model_repository

    Go back: amphitrite export --to model_repository --rollback morpheus
    """
    if bool(artefacts) == (rollback is not None):
        raise BadInput(
            "give either an artefact to publish or --rollback MODEL: "
            "amphitrite export ARTEFACT --to DIR"
        )
    if rollback is not None and max_peaks is not None:
        raise BadInput("--max-peaks goes with an artefact, not with --rollback")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        from amphitrite_export.conversion.artefact import load
        from amphitrite_export.publishing import publish as publishing
        from amphitrite_export.publishing import versions
        from amphitrite_export.surveys.asid.hooks import hooks as asid

        if rollback is not None:
            done = [versions.rollback(rollback, to)]
        else:
            done = publishing.publish(
                [load(folder) for folder in artefacts or ()],
                to,
                hooks=[asid(max_peaks=max_peaks)],
            )
    except ModuleNotFoundError as error:
        raise MissingExtra("amphitrite export", "export") from error
    Talk(as_json=as_json).result(
        "\n".join(
            f"{each.model}: version {each.version} is served ({each.digest})"
            for each in done
        ),
        {
            "repository": str(to),
            "published": [
                {"model": e.model, "version": e.version, "digest": e.digest}
                for e in done
            ],
        },
    )
