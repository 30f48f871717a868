"""Seconds that make no sense are refused, NaN among them."""

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.commands import options

application = typer.Typer()


@application.command()
def command(
    deadline: options.Deadline = 120.0,
    patience: options.Patience = 60.0,
    in_flight: options.InFlight = 4,
) -> None:
    typer.echo(f"{deadline:g} {patience:g} {in_flight}")


def call(*words):
    return CliRunner().invoke(application, words)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "120 60 4"),
        (["--deadline", "0.001", "--patience", "0"], "0.001 0 4"),
        (["--in-flight", "1"], "120 60 1"),
    ],
)
def test_what_makes_sense_is_taken(words, answer):
    assert call(*words).stdout.strip() == answer


@pytest.mark.parametrize(
    "words",
    [
        *(["--deadline", value] for value in ("0", "-1", "nan", "inf")),
        *(["--patience", value] for value in ("-1", "nan", "inf")),
        ["--in-flight", "0"],
    ],
)
def test_what_makes_none_is_refused(words):
    refused = call(*words)
    assert refused.exit_code == 2
    assert words[0] in refused.output
    assert refused.stdout == ""
