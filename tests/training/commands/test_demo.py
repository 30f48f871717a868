"""The demo's options; a real run of it is among tests/serving."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders
from amphitrite_training.commands.demo import demo, make_folder


def call(*arguments):
    application = typer.Typer()
    application.command()(demo)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_an_existing_folder_is_refused(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(OutputError, match="exists already; give another --out, or"):
        call("--out", tmp_path)
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path):
    for name in ("mine", "truth.fits"):
        (tmp_path / name).write_text("kept")
    with pytest.raises(OutputError, match="is not a folder that amphitrite made"):
        call("--out", tmp_path, "--overwrite")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OutputError, match="is a link to"):
        call("--out", tmp_path / "link", "--overwrite")
    assert (tmp_path / "truth.fits").read_text() == "kept"


def test_a_demos_folder_is_known_by_its_marker(tmp_path):
    make_folder(tmp_path / "deep" / "new", overwrite=False)
    assert folders.is_ours(tmp_path / "deep" / "new")
    make_folder(tmp_path / "deep" / "new", overwrite=True)


def test_an_unknown_survey_is_refused(tmp_path):
    with pytest.raises(BadInput, match="neptune"):
        call("neptune", "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_help_names_every_demo():
    shown = " ".join(call("--help").output.split())
    assert all(survey in shown for survey in ("asid", "calnet", "darkcnn", "emri"))
    assert "amphitrite demo morpheus" in shown
