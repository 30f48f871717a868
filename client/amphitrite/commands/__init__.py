"""The commands of the command line, one module each."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import typer

from amphitrite._version import __version__
from amphitrite.errors import Interrupted

_HELP = """Telescope files in, science catalogues out.

A survey's command reads files, has them judged by its deep network on an NVIDIA
Triton server, and writes a catalogue with units and provenance:

    amphitrite asid events.fits -o catalogue.fits
    amphitrite calnet 'lc/s015/*.fits' -o eb.fits
    amphitrite darkcnn 'maps/*.fits' --unit kappa --z 0.3 -o clusters.fits
    amphitrite emri strain.h5 -o triggers.ecsv
    amphitrite morpheus h.fits j.fits v.fits z.fits -o result/

Without --server a command starts a real Triton on this machine, uses it and stops it.
With --server HOST:PORT it uses the one that runs there.
"""
_EPILOG = (
    "Exit codes: 0 done, 1 done but some inputs were skipped, 2 a mistake in the "
    "command or an unusable input, 3 the server, 70 a defect of amphitrite, "
    "130 interrupted."
)


def application() -> typer.Typer:
    """Return the whole command line, the entry points' commands included."""
    from amphitrite.commands.merge import merge
    from amphitrite.commands.models import install, list_models, publish
    from amphitrite.commands.prepare import prepare
    from amphitrite.commands.serve import serve
    from amphitrite.commands.status import status
    from amphitrite.surveys import SURVEYS

    app = typer.Typer(
        help=_HELP,
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    for survey in SURVEYS:
        command = getattr(import_module(f"amphitrite.commands.{survey}"), survey)
        app.command(rich_help_panel="Surveys")(_interruptible(command))
    app.command(rich_help_panel="Surveys")(_interruptible(prepare))
    app.command(rich_help_panel="Surveys")(_interruptible(merge))
    app.command(rich_help_panel="Server")(_interruptible(serve))
    app.command(rich_help_panel="Server")(_interruptible(status))
    models = typer.Typer(
        help="Install, list and publish the models that servers serve.",
        no_args_is_help=True,
    )
    models.command("install")(_interruptible(install))
    models.command("publish")(_interruptible(publish))
    models.command("list")(_interruptible(list_models))
    app.add_typer(models, name="models", rich_help_panel="Server")
    for entry in sorted(entry_points(group="amphitrite.commands")):
        command = _interruptible(entry.load())
        app.command(entry.name, rich_help_panel="Workshop")(command)
    return app


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose interruption is an error with its notes."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as stop:
            interrupted = Interrupted("interrupted")
            for note in getattr(stop, "__notes__", ()):
                interrupted.add_note(note)
            raise interrupted from None

    return run


def _main(
    version: bool = typer.Option(
        False, "--version", is_eager=True, help="Show the version and exit."
    ),
) -> None:
    if version:
        typer.echo(f"amphitrite {__version__}")
        raise typer.Exit
