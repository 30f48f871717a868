from __future__ import annotations

import json
import socket
import sys

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.errors import BadInput, MissingExtra, OutputError, ServerUnreachable
from amphitrite_training.commands import evaluate, train


def call(*arguments, command=train):
    application = typer.Typer()
    application.command()(command)
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


@pytest.fixture
def nowhere():
    """An address where nothing listens, and nothing can while the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize("name", ["missing/CARD.md", "folder"])
def test_an_unwritable_card_is_refused_before_any_work(tmp_path, nowhere, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot write the card .*; give --card"):
        call(
            *("morpheus", "--card", tmp_path / name, "--server", nowhere),
            command=evaluate,
        )


@pytest.mark.parametrize("existing", [True, False])
def test_a_card_stays_as_it_was_until_there_is_a_new_one(tmp_path, nowhere, existing):
    card = tmp_path / "CARD.md"
    if existing:
        card.write_text("the old one")
    with pytest.raises(ServerUnreachable):
        call("morpheus", "--card", card, "--server", nowhere, command=evaluate)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["the old one"] * existing


def test_without_the_extra_the_pip_line_is_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)  # as if it were not installed
    for name in ("artefact", "morpheus.pretrained"):
        monkeypatch.delitem(sys.modules, f"amphitrite_training.{name}", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'amphitrite\[training\]'"):
        call("morpheus", "--pretrained", "--out", tmp_path / "new")
