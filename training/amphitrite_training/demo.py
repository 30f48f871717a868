"""``amphitrite demo``: the whole way, from simulated files to a catalogue."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from amphitrite.commands import options as common


def demo(
    survey: Annotated[
        str, typer.Argument(help="Which survey: asid, calnet or morpheus.")
    ] = "asid",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Where the simulated files and the products go.",
            show_default="amphitrite-demo-SURVEY",
        ),
    ] = None,
    overwrite: common.Overwrite = False,
    server: common.Server = None,
    model_repository: common.ModelRepository = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Simulate a telescope's files, search them, and compare with the truth.

    Everything is made here from a fixed seed, and then run as your own files would be:
    for asid the photons of a region of the gamma-ray sky, for calnet light curves of
    stars of every kind, for morpheus a four-band HST field. No training framework is
    needed.

    Example: amphitrite demo --out demo

    The light curves: amphitrite demo calnet --out demo-stars

    The images: amphitrite demo morpheus --out demo-images
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.surveys import asked
    from amphitrite_training.demonstration import make_folder

    models = asked(survey)
    run = importlib.import_module(f"amphitrite_training.{survey}.demo").demo
    talk = Talk(as_json=as_json, quiet=quiet)
    folder = out or Path(f"amphitrite-demo-{survey}")
    make_folder(folder, overwrite=overwrite)
    text, summary = run(
        folder,
        talk,
        talk.connected(server, models=models, model_repository=model_repository),
    )
    talk.result(text, summary)
