"""The commands ``amphitrite train`` and ``amphitrite evaluate``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from amphitrite.commands import options as common
from amphitrite.commands.talk import Talk
from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite.surveys import SURVEYS, page

Survey = Annotated[
    str, typer.Argument(help=f"One of: {', '.join(SURVEYS)}.", show_default=False)
]


def train(
    survey: Survey,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The artefact, a new folder that 'amphitrite export' publishes.",
            show_default=False,
        ),
    ],
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
    as_json: common.Json = False,
) -> None:
    """Train a survey's network, or take its published weights.

    Example: amphitrite train morpheus --pretrained --out artefacts/morpheus
    """
    page(survey)
    from amphitrite_training.morpheus.recipe import Recipe
    from amphitrite_training.recipe import override

    recipe = override(Recipe(), settings or [])
    if not pretrained:
        raise BadInput(
            "training Morpheus from scratch needs the CANDELS images with their "
            "inspectors' votes, which are not distributed with Amphitrite. Take the "
            "authors' weights instead: amphitrite train morpheus --pretrained --out DIR"
        )
    if out.exists():
        raise OutputError(
            f"'{out}' exists already; give the name of a new folder with --out"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        from amphitrite_training.artefact import save
        from amphitrite_training.morpheus.pretrained import pretrained as published

        artefact = published(recipe)
    except ModuleNotFoundError as error:
        raise MissingExtra("amphitrite train", "training") from error
    save(artefact, out)
    Talk(as_json=as_json).result(
        f"{out}: the published weights of {survey}, "
        f"{artefact.metrics['trainable_parameters']:,} trained parameters.\n"
        f"Publish them with: amphitrite export {out} --to model_repository",
        {"artefact": str(out), **artefact.metrics},
    )


def evaluate(
    survey: Survey,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="FILE",
            help="Write the model card there, such as "
            "model_repository/morpheus/MODEL_CARD.md.",
            show_default=False,
        ),
    ] = None,
    n_fields: Annotated[
        int, typer.Option("--fields", min=1, help="How many fields are simulated.")
    ] = 20,
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
    if card is not None:
        _check_card(card)
    from amphitrite_training.morpheus import evaluate as evaluation
    from amphitrite_training.morpheus.card import card as written

    talk = Talk(as_json=as_json, quiet=quiet)
    with talk.connected(
        server, models=[survey], model_repository=model_repository
    ) as connection:
        found = evaluation.evaluate(
            connection, n_fields=n_fields, progress=talk.progress
        )
    text = written(found)
    if card is not None:
        with _writing(card):
            card.write_text(text)
    talk.result(text, found.as_dict())


def _check_card(card: Path) -> None:
    """Refuse a card that cannot be written, before the work is done."""
    with _writing(card):
        if card.exists():
            with card.open("a"):
                return
        # permissions alone do not tell: the superuser has all of them
        with tempfile.TemporaryFile(dir=card.parent):
            return


@contextmanager
def _writing(card: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write the card '{card}': {error.strerror or error}; give --card a "
            "file in a folder that exists and that you may write to"
        ) from error
