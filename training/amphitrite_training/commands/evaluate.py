"""The command ``amphitrite evaluate``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped
from amphitrite.commands.talk import Talk
from amphitrite.errors import BadInput, OutputError
from amphitrite.files.replacing import aside
from amphitrite.files.standing import Sighting, check_output, kind, sighting
from amphitrite.surveys import asked, page
from amphitrite_training.commands.train import Survey
from amphitrite_training.diagrams import style
from amphitrite_training.surveys import has, part

_WRITTEN_BY: Final = b"Written by `amphitrite evaluate"


@grouped
def evaluate(
    survey: Survey,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="FILE",
            help="File of the model card, such as "
            "model_repository/morpheus/MODEL_CARD.md; its pictures, if the survey has "
            "some, go into a folder 'pictures' beside it (needs the 'plots' extra).",
            show_default=False,
        ),
    ] = None,
    n_fields: Annotated[
        int | None,
        typer.Option(
            "--fields",
            min=1,
            help="Number of simulated fields.",
            show_default="as many as the survey's card needs",
        ),
    ] = None,
    systematics: Annotated[
        bool,
        typer.Option(
            "--systematics",
            help="Also search one set of sources with several models of the diffuse "
            "emission (asid).",
        ),
    ] = False,
    serving: common.Serving = common.SERVING,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Measure a served model on simulated data with known truth.

    The model runs on a real Triton server, as for a user. The numbers are for simulated
    data, and the card says so.

    Example: amphitrite evaluate morpheus --card model_repository/morpheus/MODEL_CARD.md
    """
    page(survey)
    evaluation = part(survey, "evaluate")
    written = part(survey, "card").card
    draw = _pictures(survey)
    if card is not None:
        before = _check_card(card, with_pictures=draw is not None)
        if draw is not None:
            style.require()
    options: dict[str, Any] = {} if n_fields is None else {"n_fields": n_fields}
    if systematics:
        if "systematics" not in signature(evaluation.evaluate).parameters:
            raise BadInput(
                f"--systematics is not measured for {survey}; only surveys with "
                "several models of their background have it: asid"
            )
        options["systematics"] = True
    talk = Talk(as_json=as_json, quiet=quiet)
    with talk.connected(serving, asked(survey)) as connection:
        found = evaluation.evaluate(connection, progress=talk.progress, **options)
    text = written(found)
    if card is not None:
        with _writing(card):
            if draw is not None:
                folder = card.parent / style.FOLDER
                style.write(draw(found), folder, replace=before is not None)
            with aside(card, instead_of=before) as file:
                file.write_text(text)
    talk.result(text, found.as_dict())


def _pictures(survey: str) -> Callable[[Any], Mapping[str, Any]] | None:
    """Return the function that draws the pictures of a survey's card, or None."""
    return part(survey, "pictures").pictures if has(survey, "pictures") else None


def _check_card(card: Path, *, with_pictures: bool) -> Sighting | None:
    """Refuse a card that cannot be written, before the measurements start.

    Returns
    -------
    Sighting or None
        The earlier card that is replaced, with its pictures; None if there is none.
    """
    with _writing(card):
        check_output(card)
        # a file is written, since permissions do not apply to the superuser
        with tempfile.TemporaryFile(dir=card.parent):
            pass
        if kind(card) is not None:
            if kind(card) == "folder" or _WRITTEN_BY not in card.read_bytes()[:1000]:
                raise OutputError(
                    f"{card} is no card that 'amphitrite evaluate' has written, so "
                    "that it is not replaced; give --card the name of a new file"
                )
            return sighting(card)
        pictures = card.parent / style.FOLDER
        if with_pictures and kind(pictures) is not None and any(pictures.iterdir()):
            raise OutputError(
                f"{pictures} already holds pictures, but no card stands beside them; "
                "give --card a file in another folder"
            )
    return None


@contextmanager
def _writing(card: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write the card '{card}': {error.strerror or error}; give --card a "
            "file in a folder that exists and that you may write to"
        ) from error
