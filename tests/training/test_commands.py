from __future__ import annotations

import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite_training.commands import train


def call(*arguments):
    application = typer.Typer()
    application.command()(train)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_training_from_scratch_says_what_is_missing(tmp_path):
    with pytest.raises(BadInput, match=r"votes, which are not distributed .* --pretr"):
        call("morpheus", "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_unknown_survey_lists_the_known_ones(tmp_path):
    with pytest.raises(BadInput, match="no survey 'neptune'; the surveys are: "):
        call("neptune", "--out", tmp_path / "new")


def test_an_unknown_setting_lists_the_known_ones(tmp_path):
    with pytest.raises(BadInput, match="no setting 'rate'; it has: down_filters"):
        call("morpheus", "--pretrained", "--out", tmp_path / "new", "--set", "rate=1")


def test_an_existing_folder_is_refused_before_any_work(tmp_path):
    with pytest.raises(OutputError, match="exists already"):
        call("morpheus", "--pretrained", "--out", tmp_path)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_published_weights_become_an_artefact(tmp_path, wheel):
    pytest.importorskip("tensorflow", reason="needs the training extra")
    folder = tmp_path / "artefacts" / "morpheus"
    told = json.loads(
        call("morpheus", "--pretrained", "--out", folder, "--json").stdout
    )
    assert told["artefact"] == str(folder)
    assert told["trainable_parameters"] == 75_421
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["weights"]["sha256"] == told["weights"]["sha256"]
    assert (folder / "model.keras").is_file()


def test_without_the_extra_the_pip_line_is_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)  # as if it were not installed
    for name in ("artefact", "morpheus.pretrained"):
        monkeypatch.delitem(sys.modules, f"amphitrite_training.{name}", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'amphitrite\[training\]'"):
        call("morpheus", "--pretrained", "--out", tmp_path / "new")
