"""The command ``amphitrite forecast``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped
from amphitrite.commands.talk import Talk
from amphitrite.errors import BadInput
from amphitrite.files import drawings
from amphitrite.surveys import asked as models_of
from amphitrite_training.commands.train import Survey
from amphitrite_training.surveys import has, part, surveys

_SAMPLE = "The sample"


@grouped
def forecast(
    survey: Survey,
    sigma: Annotated[
        float,
        typer.Option(
            help="The true cross-section in cm2/g, 0 to 1.5.",
            show_default=False,
            rich_help_panel=_SAMPLE,
        ),
    ],
    n: Annotated[
        int, typer.Option("--n", help="Clusters.", rich_help_panel=_SAMPLE)
    ] = 1000,
    n_gal: Annotated[
        float,
        typer.Option(
            help="Galaxies per arcmin2 whose shapes are measured; 0 for no noise.",
            rich_help_panel=_SAMPLE,
        ),
    ] = 30.0,
    ks: Annotated[
        float,
        typer.Option(
            help="Exposure of the X-rays in kiloseconds; 0 for no noise.",
            rich_help_panel=_SAMPLE,
        ),
    ] = 30.0,
    channels: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="The maps there are, such as total,stars.",
            show_default="total,xray,stars",
            rich_help_panel=_SAMPLE,
        ),
    ] = "",
    mocks: Annotated[
        int, typer.Option(help="Samples that are drawn.", rich_help_panel=_SAMPLE)
    ] = 200,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also draw the forecast (needs the 'plots' extra).",
            show_default=False,
        ),
    ] = None,
    overwrite: common.Overwrite = False,
    serving: common.Serving = common.SERVING,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Say how well a sample of clusters would measure, before it is observed.

    Clusters with the cross-section and the noise that you state are simulated and
    judged by the served network; others, of random cross-sections, calibrate it for
    exactly this noise. Many samples drawn from them give the expected error, the bias
    and scatter of the estimate, how often its interval is right, and the clusters that
    it takes to tell the cross-section from 0. Beside them stands how far each known
    systematic would move the estimate.

    The clusters are simulated as the network's training data were: a forecast is no
    better than that simulation.

    Example: amphitrite forecast darkcnn --sigma 0.3 --n 1000 --n-gal 30 --ks 30

    Lensing alone: amphitrite forecast darkcnn --sigma 0.1 --n 300 --channels total
    """
    if not has(survey, "forecast"):
        able = ", ".join(name for name in surveys() if has(name, "forecast"))
        raise BadInput(f"{survey} has no forecast; what has one: {able}")
    run = part(survey, "forecast")
    names = tuple(name.strip() for name in channels.split(",") if name.strip())
    wanted: dict[str, Any] = {"channels": names} if names else {}
    asked = run.Asked(sigma, n, n_gal, ks, mocks=mocks, **wanted)
    drawings.check_folder(plots, "a forecast", replace=overwrite)
    talk = Talk(as_json=as_json, quiet=quiet)
    with talk.connected(serving, models_of(survey)) as connection:
        found = run.forecast(connection, asked, progress=talk.progress)
    if plots is not None:
        drawn = part(survey, "forecasting.picture")
        drawings.make_folder(plots)
        with drawings.drawing(plots / drawn.PICTURE, replace=overwrite) as path:
            drawn.picture(found).savefig(path, format="png")
    text = part(survey, "forecasting.words").text(found)
    talk.result(text, {"warning": text.splitlines()[0], **found.as_dict()})
