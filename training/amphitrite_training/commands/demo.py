"""The command ``amphitrite demo``: from simulated files to a catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped
from amphitrite.errors import OutputError
from amphitrite.files import folders
from amphitrite.files.standing import check_output, kind
from amphitrite.files.writing import writing

if TYPE_CHECKING:
    from amphitrite.commands.talk import Talk
    from amphitrite.engine.control import Control


@grouped
def demo(
    survey: Annotated[
        str, typer.Argument(help="The survey: asid, calnet, darkcnn, emri or morpheus.")
    ] = "asid",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="The folder for the simulated files and the products.",
            show_default="amphitrite-demo-SURVEY",
        ),
    ] = None,
    overwrite: common.Overwrite = False,
    serving: common.Serving = common.SERVING,
    as_json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Simulate a telescope's files, search them, and compare with the truth.

    The files are simulated with a fixed seed and then processed like your own files:
    for asid the photons of a region of the gamma-ray sky, for calnet light curves of
    stars of every kind, for darkcnn maps of 60 galaxy clusters of one hidden
    cross-section, for emri two years of TianQin's strain with three inspirals, for
    morpheus a four-band HST field. No training framework is needed; darkcnn and emri
    need numba, which the extra 'training' brings.

    Example: amphitrite demo --out demo

    Light curves: amphitrite demo calnet --out demo-stars

    Maps of clusters: amphitrite demo darkcnn --out demo-clusters

    Strain: amphitrite demo emri --out demo-strain

    Images: amphitrite demo morpheus --out demo-images
    """
    from amphitrite.commands.talk import Talk
    from amphitrite.surveys import asked
    from amphitrite_training.surveys import Demo, part

    models = asked(survey)
    run: Demo = part(survey, "demo").demo
    talk = Talk(as_json=as_json, quiet=quiet)
    folder = out or Path(f"amphitrite-demo-{survey}")
    make_folder(folder, overwrite=overwrite)
    text, summary = run(
        folder,
        AsAUser(talk),
        talk.connected(serving, models),
    )
    talk.result(text, summary)


def make_folder(folder: Path, *, overwrite: bool) -> None:
    """Create and mark the folder of a demo, or check that of an earlier one.

    Parameters
    ----------
    folder : Path
        The folder.
    overwrite : bool
        Whether the files of an earlier demo may be replaced.

    Raises
    ------
    OutputError
        The folder exists and may not be replaced, cannot be created, or was not made by
        Amphitrite.
    """
    check_output(folder)
    if kind(folder) is not None and not overwrite:
        raise OutputError(
            f"{folder} exists already; give another --out, or replace what is in it "
            "with --overwrite"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            folders.mark(folder)
    if not folders.is_ours(folder):
        raise OutputError(
            f"{folder} is not a folder that amphitrite made (it has no "
            f"{folders.MARKER}), so that nothing in it is replaced; give another --out"
        )


@dataclass(frozen=True)
class AsAUser:
    """The user of a demo, to whom it reports; see `amphitrite_training.surveys.User`.

    Parameters
    ----------
    talk : Talk
        The command's output.
    """

    talk: Talk

    def control(self, said: str, command: str) -> Control:
        """Print the command that the demo runs, and return the settings of the run."""
        from amphitrite.engine.control import Control

        self.talk.say(f"{said} The demo now does as you would with")
        self.talk.say(f"  {command}")
        return Control(overwrite=True, command=command, progress=self.talk.progress)

    @property
    def can_draw(self) -> bool:
        """Whether the extra that draws pictures is installed."""
        return find_spec("matplotlib") is not None
