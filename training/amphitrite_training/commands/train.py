"""The command ``amphitrite train``."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import map_options as on_maps
from amphitrite.commands import options as common
from amphitrite.commands.talk import Talk
from amphitrite.engine.staging import Staging
from amphitrite.errors import BadInput, MissingExtra
from amphitrite.surveys import SURVEYS
from amphitrite_training.commands import own_options as own

if TYPE_CHECKING:
    from amphitrite.triton.artefact import Artefact
    from amphitrite_training.fitting.task import Task


Survey = Annotated[
    str, typer.Argument(help=f"One of: {', '.join(SURVEYS)}.", show_default=False)
]


def _duration(text: str) -> float:
    """Return a time such as ``90s``, ``30m`` or ``1h30m`` in seconds."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text)
    hours, minutes, seconds = (
        (int(n or 0) for n in found.groups()) if found else (0,) * 3
    )
    if not (total := 3600 * hours + 60 * minutes + seconds):
        raise typer.BadParameter(
            f"expected a time such as 90s, 30m or 1h30m; received '{text}'"
        )
    return float(total)


def train(
    survey: Survey,
    out: Annotated[
        Path | None,
        typer.Option(
            *("--out", "--output", "-o"),
            metavar="DIR",
            help="New folder of the trained model; 'amphitrite export' publishes it.",
            show_default="SURVEY-own with --maps; else it must be given",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The model, if the survey has several.",
            show_default=False,
        ),
    ] = None,
    pretrained: Annotated[
        bool,
        typer.Option("--pretrained", help="Take the weights published by the authors."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a value of the recipe; may be given several times.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            parser=_duration,
            metavar="TIME",
            help="Longest time of training, with all resumptions, such as 90s, 30m or "
            "1h30m. The learning rate's schedule and the training end with it.",
            show_default=False,
        ),
    ] = None,
    maps: own.Maps = None,
    labels: own.Labels = "",
    labels_unit: own.LabelsUnit = "",
    group: own.Group = "",
    from_weights: own.FromWeights = None,
    unit: on_maps.Unit = "",
    redshift: on_maps.Redshift = None,
    source_redshift: on_maps.SourceRedshift = None,
    pixel_kpc: on_maps.PixelKpc = None,
    pixel_arcsec: on_maps.PixelArcsec = None,
    centre: on_maps.Centre = "middle",
    channels: on_maps.Channels = "",
    resume: common.Resume = False,
    overwrite: common.Overwrite = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Train a survey's network, or take its published weights.

    Ctrl-C and SIGTERM end a training after the current step; --resume continues it. The
    environment variable KERAS_BACKEND selects tensorflow (the default), jax or torch.

    With --maps it is trained on labelled maps of your own, divided by group into
    training, validation, calibration and test, and a card beside it says how good it is
    on the test. Options under Maps state what the files do not say.

    Example: amphitrite train morpheus --pretrained --out artefacts/morpheus

    Your own: amphitrite train darkcnn --maps maps.npz --labels sigma --group id -o mine
    """
    from amphitrite_training.fitting.recipe import override
    from amphitrite_training.fitting.task import PublishedWeights
    from amphitrite_training.surveys import find

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    if out is None and not maps:
        raise BadInput("give --out DIR, the new folder of the trained model")
    out = out or Path(f"{survey}-own")
    with _frameworks():
        task = find(survey, model)
        wanted = {"labels": labels, "labels_unit": labels_unit, "group": group}
        if not maps:
            own.refuse(**wanted, from_weights=from_weights)
        elif pretrained:
            raise BadInput("give --maps or --pretrained, not both")
        else:
            with talk.status("reading the maps"):
                task = own.own_task(
                    *(survey, maps),
                    **wanted,
                    weights=from_weights,
                    unit=unit,
                    redshift=redshift,
                    source_redshift=source_redshift,
                    pixel_kpc=pixel_kpc,
                    pixel_arcsec=pixel_arcsec,
                    centre=centre,
                    channels=channels,
                )
        recipe = override(task.recipe, settings or [])
        if isinstance(task, PublishedWeights) and not pretrained:
            raise BadInput(
                f"{task.untrainable}. Take the authors' weights instead: amphitrite "
                f"train {survey} --pretrained --out DIR"
            )
        if pretrained and not isinstance(task, PublishedWeights):
            raise BadInput(
                f"there are no published weights of {task.spec.name}; leave out "
                "--pretrained to train it"
            )
        from amphitrite.triton.artefact import FILES
        from amphitrite_training.fitting import checkpoint
        from amphitrite_training.fitting.artefact import write

        with Staging(
            out,
            products=FILES,
            begun=checkpoint.STATE,
            work=checkpoint.FILES,
            resume=resume,
            overwrite=overwrite,
        ) as staging:
            if isinstance(task, PublishedWeights):
                artefact = task.weights(recipe)
            else:
                artefact = _trained(task, recipe, staging, time_limit, talk)
            write(artefact, staging.result)
            staging.publish()
    facts = artefact.metrics
    talk.result(
        f"{out}: {artefact.spec.name}, {facts['trainable_parameters']:,} trained "
        "parameters.\n"
        f"Publish them with: amphitrite export {out} --to model_repository",
        {"artefact": str(out), **facts},
    )


def _trained(
    task: Task[Any],
    recipe: Any,
    staging: Staging,
    time_limit: float | None,
    talk: Talk,
) -> Artefact:
    """Return the artefact of a training, whose checkpoint stays in a staging folder."""
    from amphitrite_training.commands.progress import training_bar
    from amphitrite_training.fitting.checkpoint import is_checkpoint
    from amphitrite_training.fitting.train import train as run

    staging.keep = is_checkpoint(staging.folder)
    try:
        with training_bar(talk) as report:
            return run(
                task,
                recipe,
                folder=staging.folder,
                time_limit=time_limit or math.inf,
                report=report,
            )
    except KeyboardInterrupt as stop:
        if is_checkpoint(staging.folder):
            stop.add_note("give --resume to go on from the last checkpoint")
        raise
    finally:
        staging.keep = is_checkpoint(staging.folder)


@contextmanager
def _frameworks() -> Iterator[None]:
    """Silence the frameworks' messages, and explain what to do if one is missing."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name in ("jax", "torch"):
            raise BadInput(
                f"KERAS_BACKEND asks for {error.name}, which is not installed; install "
                f"it with: pip install {error.name}, or unset KERAS_BACKEND"
            ) from error
        raise MissingExtra("amphitrite train", "training") from error
