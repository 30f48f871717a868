"""Options in groups are the options of every command that has the group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from amphitrite.commands import application, options
from amphitrite.commands.groups import grouped


@dataclass(frozen=True)
class Shape:
    sides: Annotated[int, typer.Option(min=3, help="Corners, too.")] = 3
    name: Annotated[str, typer.Option("--called", metavar="WORD")] = "triangle"


@dataclass(frozen=True)
class Painted(Shape):
    colour: Annotated[str, typer.Option()] = "red"


SQUARE = Painted(sides=4, name="square")
program = typer.Typer()


@program.command()
@grouped
def draw(
    where: Annotated[str, typer.Argument()],
    size: Annotated[float, typer.Option()] = 1.0,
    shape: Painted = SQUARE,
    quietly: Annotated[bool, typer.Option("--quiet")] = False,
) -> None:
    """Draw something."""
    typer.echo(f"{where} {size:g} {shape} {quietly}")


def call(*words):
    return CliRunner().invoke(program, words)


def test_a_group_without_its_options_is_the_default():
    assert call("here").stdout == f"here 1 {SQUARE} False\n"


def test_options_of_a_group_stand_among_the_others():
    words = ("--sides", "8", "there", "--quiet", "--called", "star", "--size", "2")
    drawn = Painted(sides=8, name="star", colour="red")
    assert call(*words).stdout == f"there 2 {drawn} True\n"


def test_a_mistake_names_the_option():
    refused = call("here", "--sides", "2")
    assert refused.exit_code == 2
    assert "--sides" in refused.output


def test_help_has_every_option_in_its_place_and_no_group():
    shown = call("--help").stdout
    words = ["--size", "--sides", "--called", "--colour", "--quiet"]
    assert sorted(words, key=shown.index) == words
    assert "Corners, too." in shown
    assert "--shape" not in shown
    assert "Draw something." in shown


def commands():
    """Yield the name and the options of every command."""
    found = get_command(application()).commands
    for name, command in found.items():
        for inner, one in getattr(command, "commands", {name: command}).items():
            yield inner, {word for param in one.params for word in param.opts}


SECURE = {"--tls-ca", "--tls-cert", "--tls-key", "--header-file"}


@pytest.mark.parametrize(
    ("name", "words"), [(n, w) for n, w in commands() if "--server" in w]
)
def test_whatever_asks_a_server_can_show_it_a_key(name, words):
    assert words >= SECURE


def test_surveys_and_what_judges_them_say_alike_which_server():
    serving = {f"--{name.replace('_', '-')}" for name in vars(options.SERVING)}
    asking = {n for n, words in commands() if words >= serving}
    surveys = {"asid", "calnet", "darkcnn", "emri", "morpheus"}
    assert asking == surveys | {"demo", "evaluate", "forecast"}
