"""The options with which people train a network on data of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from amphitrite.commands import map_options
from amphitrite.errors import BadInput
from amphitrite_training.fitting.task import OwnData, Task
from amphitrite_training.surveys import has, part, surveys

_PANEL = "Training on your own data"

Maps = Annotated[
    list[Path] | None,
    typer.Option(
        "--maps",
        metavar="FILE",
        help="Train on your own labelled maps: FITS, .npz or a database (.pkl), a "
        "folder, a quoted pattern or @LIST; may be given several times.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Labels = Annotated[
    str,
    typer.Option(
        "--labels",
        metavar="NAME",
        help="The array, column or keyword of the files with what is to be learned: "
        "numbers, or names of models such as CDM and SIDM0.1.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
LabelsUnit = Annotated[
    str,
    typer.Option(
        "--labels-unit",
        metavar="UNIT",
        help="Its unit, such as cm2/g, m2/kg or barn/GeV.",
        show_default="NAME_unit of the files, or cm2/g",
        rich_help_panel=_PANEL,
    ),
]
Group = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="NAME",
        help="What all maps of one simulated object share, such as its id: training "
        "and test never share a group.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
FromWeights = Annotated[
    Path | None,
    typer.Option(
        "--from-weights",
        metavar="DIR",
        help="Start with the weights of a folder that 'amphitrite train' wrote, or "
        "with those of the network that is served ('shipped'), instead of random ones.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]


def own_task(
    survey: str,
    maps: Sequence[Path],
    *,
    labels: str,
    labels_unit: str,
    group: str,
    weights: Path | None,
    **stated: Any,
) -> Task[Any]:
    """Return the training of a survey on own data.

    Parameters
    ----------
    survey : str
        The survey.
    maps, labels, labels_unit, group, weights
        The options above.
    **stated
        What is stated of the maps; see `amphitrite.commands.map_options.stated`.

    Raises
    ------
    BadInput
        The survey cannot be trained on own data, labels or groups are not named, or
        the files cannot be used.
    """
    if not has(survey, "own"):
        able = ", ".join(name for name in surveys() if has(name, "own"))
        raise BadInput(
            f"{survey} cannot be trained on data of your own; what can be: {able}. "
            "Leave out --maps to train it as its authors did"
        )
    for option, value in (("--labels", labels), ("--group", group)):
        if not value:
            raise BadInput(
                f"--maps needs {option}: --labels names what is to be learned, and "
                "--group what all maps of one object share, as the files call them"
            )
    own: Callable[[OwnData], Task[Any]] = part(survey, "own").own
    return own(
        OwnData(maps, labels, group, labels_unit, map_options.stated(**stated), weights)
    )


def refuse(**options: Any) -> None:
    """Refuse options that go with ``--maps`` alone."""
    for name, value in options.items():
        if value:
            raise BadInput(
                f"--{name.replace('_', '-')} goes with --maps, the files of your own "
                "to train on; give it, or leave both out"
            )
