"""The commands ``amphitrite train`` and ``amphitrite evaluate``."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amphitrite.commands import options as common
from amphitrite.commands.talk import Talk
from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite.replacing import aside
from amphitrite.staging import Staging
from amphitrite.standing import Sighting, check_output, kind, sighting
from amphitrite.surveys import SURVEYS, asked, page
from amphitrite_training import diagrams

if TYPE_CHECKING:
    from amphitrite_training.artefact import Artefact
    from amphitrite_training.task import Task

Survey = Annotated[
    str, typer.Argument(help=f"One of: {', '.join(SURVEYS)}.", show_default=False)
]


def _duration(text: str) -> float:
    """Read a time such as ``90s``, ``30m`` or ``1h30m``, in seconds."""
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
            help="The artefact, a new folder that 'amphitrite export' publishes.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Which of the survey's models, where it has several.",
            show_default=False,
        ),
    ] = None,
    pretrained: Annotated[
        bool,
        typer.Option("--pretrained", help="Take the weights that the authors publish."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a value of the recipe; may be given again.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            parser=_duration,
            metavar="TIME",
            help="Train no longer than this, resumptions included, such as 90s, 30m "
            "or 1h30m. The learning rate falls in step, and the run ends in order.",
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

    Ctrl-C and SIGTERM end a training after the step under way; --resume goes on with
    it. KERAS_BACKEND chooses tensorflow (the default), jax or torch.

    Example: amphitrite train morpheus --pretrained --out artefacts/morpheus
    """
    from amphitrite_training.recipe import override
    from amphitrite_training.task import Published, find

    talk = Talk(as_json=as_json, quiet=quiet, verbose=verbose)
    with _frameworks():
        task = find(survey, model)
        recipe = override(task.recipe, settings or [])
        if isinstance(task, Published) and not pretrained:
            raise BadInput(
                f"{task.untrainable}. Take the authors' weights instead: amphitrite "
                f"train {survey} --pretrained --out DIR"
            )
        if pretrained and not isinstance(task, Published):
            raise BadInput(
                f"there are no published weights of {task.spec.name}; leave out "
                "--pretrained to train it"
            )
        from amphitrite_training import checkpoint
        from amphitrite_training.artefact import PRODUCTS, write

        with Staging(
            out,
            products=PRODUCTS,
            begun=checkpoint.STATE,
            work=checkpoint.FILES,
            resume=resume,
            overwrite=overwrite,
        ) as staging:
            if isinstance(task, Published):
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
    """Train in a staging folder, which outlives a run that left a checkpoint."""
    from amphitrite_training.checkpoint import is_checkpoint
    from amphitrite_training.progress import training_bar
    from amphitrite_training.train import train as run

    staging.keep = is_checkpoint(staging.folder)
    try:
        with training_bar(talk) as tell:
            return run(
                task,
                recipe,
                folder=staging.folder,
                time_limit=time_limit or math.inf,
                tell=tell,
            )
    except KeyboardInterrupt as stop:
        if is_checkpoint(staging.folder):
            stop.add_note("give --resume to go on from the last checkpoint")
        raise
    finally:
        staging.keep = is_checkpoint(staging.folder)


@contextmanager
def _frameworks() -> Iterator[None]:
    """Quieten the deep-learning frameworks, and say what to do where one is missing."""
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


def evaluate(
    survey: Survey,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="FILE",
            help="Write the model card there, such as "
            "model_repository/morpheus/MODEL_CARD.md; if the survey has pictures for "
            "it, they go into a folder 'pictures' beside it (needs the 'plots' extra).",
            show_default=False,
        ),
    ] = None,
    n_fields: Annotated[
        int | None,
        typer.Option(
            "--fields",
            min=1,
            help="How many fields are simulated.",
            show_default="as many as the survey's card needs",
        ),
    ] = None,
    systematics: Annotated[
        bool,
        typer.Option(
            "--systematics",
            help="Search one more set of sources under several models of the diffuse "
            "light (asid).",
        ),
    ] = False,
    server: common.Server = None,
    model_repository: common.ModelRepository = None,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Measure a served model on simulated data whose truth is known.

    The model is driven through a real Triton, as a user drives it. The numbers are of
    simulated data and say so.

    Example: amphitrite evaluate morpheus --card model_repository/morpheus/MODEL_CARD.md
    """
    page(survey)
    evaluation = importlib.import_module(f"amphitrite_training.{survey}.evaluate")
    written = importlib.import_module(f"amphitrite_training.{survey}.card").card
    draw = _pictures(survey)
    if card is not None:
        before = _check_card(card, with_pictures=draw is not None)
        if draw is not None:
            diagrams.require()
    options: dict[str, Any] = {} if n_fields is None else {"n_fields": n_fields}
    if systematics:
        if "systematics" not in signature(evaluation.evaluate).parameters:
            raise BadInput(
                f"--systematics is not measured for {survey}; only surveys with "
                "several models of their background have it: asid"
            )
        options["systematics"] = True
    talk = Talk(as_json=as_json, quiet=quiet)
    with talk.connected(
        server, models=asked(survey), model_repository=model_repository
    ) as connection:
        found = evaluation.evaluate(connection, progress=talk.progress, **options)
    text = written(found)
    if card is not None:
        with _writing(card):
            if draw is not None:
                folder = card.parent / diagrams.FOLDER
                diagrams.write(draw(found), folder, replace=before is not None)
            with aside(card, instead_of=before) as file:
                file.write_text(text)
    talk.result(text, found.as_dict())


def _pictures(survey: str) -> Callable[[Any], Mapping[str, Any]] | None:
    """Return what draws the pictures of a survey's card, if it has some."""
    name = f"amphitrite_training.{survey}.pictures"
    if importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name).pictures


def _check_card(card: Path, *, with_pictures: bool) -> Sighting | None:
    """Refuse a card that cannot be written, before the work is done.

    Returns
    -------
    Sighting or None
        The card that it replaces; its pictures are replaced with it.
    """
    with _writing(card):
        check_output(card)
        # permissions alone do not tell: the superuser has all of them
        with tempfile.TemporaryFile(dir=card.parent):
            pass
        if kind(card) is not None:
            if kind(card) == "folder" or _WRITTEN_BY not in card.read_bytes()[:1000]:
                raise OutputError(
                    f"{card} is no card that 'amphitrite evaluate' has written, so "
                    "that it is not replaced; give --card the name of a new file"
                )
            return sighting(card)
        pictures = card.parent / diagrams.FOLDER
        if with_pictures and kind(pictures) is not None and any(pictures.iterdir()):
            raise OutputError(
                f"{pictures} already holds pictures, but no card stands beside them; "
                "give --card a file in another folder"
            )
    return None


_WRITTEN_BY: Final = b"Written by `amphitrite evaluate"


@contextmanager
def _writing(card: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write the card '{card}': {error.strerror or error}; give --card a "
            "file in a folder that exists and that you may write to"
        ) from error
