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

from amphitrite.commands import options as common
from amphitrite.commands.talk import Talk
from amphitrite.engine.staging import Staging
from amphitrite.errors import BadInput, MissingExtra
from amphitrite.surveys import SURVEYS

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
        Path,
        typer.Option(
            *("--out", "--output", "-o"),
            metavar="DIR",
            help="New folder of the trained model; 'amphitrite export' publishes it.",
            show_default=False,
        ),
    ],
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
    resume: common.Resume = False,
    overwrite: common.Overwrite = False,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
    verbose: common.Verbose = False,
) -> None:
    """Train a survey's network, or take its published weights.

    Ctrl-C and SIGTERM end a training after the current step; --resume continues it. The
    environment variable KERAS_BACKEND selects tensorflow (the default), jax or torch.

    Example: amphitrite train morpheus --pretrained --out artefacts/morpheus
    """
    from amphitrite_training.fitting.recipe import override
    from amphitrite_training.fitting.task import PublishedWeights
    from amphitrite_training.surveys import find

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    with _frameworks():
        task = find(survey, model)
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
