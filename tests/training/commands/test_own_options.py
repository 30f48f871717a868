"""Training on own data is asked for in full, of surveys that can."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.errors import BadInput
from amphitrite_training.commands.forecast import forecast
from amphitrite_training.commands.train import train


def call(command, *arguments):
    application = typer.Typer()
    application.command()(command)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


OWN = ("--labels", "sigma", "--group", "id")


def test_a_survey_that_cannot_names_those_that_can(tmp_path):
    with pytest.raises(BadInput, match=r"emri cannot be trained on data .*: darkcnn"):
        call(train, "emri", "--model", "emri", "--maps", tmp_path, *OWN)


def test_labels_and_groups_are_needed(tmp_path):
    with pytest.raises(BadInput, match="--maps needs --group"):
        call(train, "darkcnn", "--maps", tmp_path / "a.npz", "--labels", "sigma")


def test_they_go_with_maps_alone(tmp_path):
    with pytest.raises(BadInput, match="--labels goes with --maps"):
        call(train, "darkcnn", "--labels", "sigma", "-o", tmp_path / "new")
    with pytest.raises(BadInput, match="--maps or --pretrained, not both"):
        call(train, "darkcnn", "--maps", tmp_path, *OWN, "--pretrained")
    with pytest.raises(BadInput, match="give --out DIR"):
        call(train, "darkcnn")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"no\.npz"):
        call(train, "darkcnn", "--maps", tmp_path / "no.npz", *OWN)


def test_forecasts_are_of_surveys_that_have_one():
    with pytest.raises(BadInput, match="emri has no forecast; what has one: darkcnn"):
        call(forecast, "emri", "--sigma", "0.3")
    with pytest.raises(BadInput, match="--channels must name total"):
        call(forecast, "darkcnn", "--sigma", "0.3", "--channels", "xray")
    assert call(forecast, "darkcnn").exit_code == 2
    shown = call(forecast, "--help").output
    for option in ("--sigma", "--n-gal", "--ks", "--channels", "--mocks", "--json"):
        assert option in shown
