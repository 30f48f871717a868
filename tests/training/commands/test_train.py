from __future__ import annotations

import ast
import inspect
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from interrupting import ENDS
from typer.testing import CliRunner

from amphitrite.errors import BadInput, MissingExtra, OutputError
from amphitrite.files.folders import MARKER
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.commands import train as train_module
from amphitrite_training.commands.train import train
from amphitrite_training.surveys import surveys

SURVEYS = Path(__file__).parents[1] / "toy"
# The command line as users have it, with the tests' survey beside the real ones.
PROGRAM = (
    "import sys; from amphitrite_training import surveys; "
    "surveys.__path__.append(sys.argv.pop(1)); "
    "from amphitrite.cli import main; main()"
)


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
    for name in ("fitting.artefact", "surveys.morpheus.pretrained"):
        monkeypatch.delitem(sys.modules, f"amphitrite_training.{name}", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'amphitrite\[training\]'"):
        call("morpheus", "--pretrained", "--out", tmp_path / "new")


def test_no_survey_is_named_in_the_commands():
    names = re.compile("|".join(surveys()))
    tree = ast.parse(inspect.getsource(train))
    shown = {
        node.body[0].value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not names.search(node.module)
        elif isinstance(node, ast.Import):
            assert not names.search(" ".join(alias.name for alias in node.names))
        elif isinstance(node, ast.Compare | ast.Dict):
            assert not names.search(ast.unparse(node))
    assert any(names.search(text) for text in shown)  # of examples there are some


@pytest.mark.parametrize("text", ["", "x", "30", "1.5h", "0m", "m", "30m1h", "-5s"])
def test_a_time_that_is_none_is_refused(text, tmp_path):
    outcome = call("morpheus", "--out", tmp_path / "new", f"--time-limit={text}")
    assert outcome.exit_code == 2
    assert "expected a time" in outcome.output


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2h5s", 7205)]
)
def test_times_are_read(text, seconds):
    assert train_module._duration(text) == seconds


def test_help_shows_the_options_of_a_long_run():
    shown = call("--help").output
    for option in ("--model", "--set", "--time-limit", "--resume", "--overwrite"):
        assert option in shown


def test_published_weights_are_only_where_there_are_some(line, tmp_path):
    with pytest.raises(BadInput, match="no published weights of line; leave out --pre"):
        call("line", "--pretrained", "--out", tmp_path / "new")


def test_a_value_that_must_be_positive_is_refused(line, tmp_path):
    with pytest.raises(BadInput, match="epochs must be positive; received 0"):
        call("line", "--out", tmp_path / "new", "--set", "epochs=0")
    assert not list(tmp_path.iterdir())


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_training_leaves_an_artefact_that_export_reads(line, tmp_path):
    folder = tmp_path / "artefacts" / "line"
    outcome = call("line", "--out", folder, "--set", "width=6", "--json")
    told = json.loads(outcome.stdout)
    assert told["artefact"] == str(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["line"]
    assert {path.name for path in folder.iterdir()} - {"curve.png"} == {
        *(MARKER, "model.keras", "spec.json", "samples.npz"),
        *("recipe.json", "metrics.json"),
    }
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {"artefact": str(folder), **metrics} == told
    assert (metrics["samples_seen"], metrics["steps"]) == (240, 15)
    assert (metrics["ended_by"], metrics["runs"]) == ("epochs", 1)
    best = metrics["history"][metrics["kept_epoch"] - 1]
    assert best["val_loss"] == min(each["val_loss"] for each in metrics["history"])
    assert metrics["versions"][metrics["backend"]]
    assert metrics["n_validation"] == 16  # what learning measured
    recipe = json.loads((folder / "recipe.json").read_text())
    assert (recipe["width"], recipe["epochs"]) == (6, 3)
    spec = ModelSpec.from_json((folder / "spec.json").read_text())
    read = pytest.importorskip("amphitrite_export.conversion.artefact").load(folder)
    assert read.spec == spec
    answer = read.model.predict_on_batch(read.samples["x"])
    _, targets = line.data(line.Recipe()).validation.batch(0, 0)
    # The saved network is the one whose errors were learned.
    found = float(np.std(answer["y"] - targets["y"]))
    assert spec.learned["scatter"] == pytest.approx(found, rel=1e-5)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_said_of_a_run(line, tmp_path, capsys):
    folder = tmp_path / "line"
    outcome = call("line", "--out", folder)
    assert "line, 49 trained parameters" in " ".join(outcome.stdout.split())
    said = re.findall(
        r"epoch (\d): loss [\d.e-]+, validation [\d.e-]+, (\d+) sam", outcome.stderr
    )
    assert said == [("1", "80"), ("2", "160"), ("3", "240")]
    outcome = call("line", "--out", folder, "--overwrite", "--quiet")
    assert (outcome.stdout, outcome.stderr) == ("", "")
    with pytest.raises(OutputError, match="exists already; give another --output"):
        call("line", "--out", folder)


def start(*words):
    """Start a training of many minutes in a process of its own."""
    slow = ("--set", "epochs=100000", "--set", "batch_seconds=0.05")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, SURVEYS, "train", "line", *slow, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.parametrize("number", ENDS)
def test_an_ended_process_is_resumed(line, tmp_path, number):
    pytest.importorskip("tensorflow", reason="needs the training extra")
    out, state = tmp_path / "out", tmp_path / "out.part" / "state.json"
    process = start("--out", out)
    try:
        wait_for(state, process)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 130, stderr
        assert "give --resume to go on from there" in " ".join(stderr.split())
    assert stdout == ""
    assert not out.exists()
    before = json.loads(state.read_text())
    with pytest.raises(BadInput, match="go on with it with --resume, or start anew"):
        call("line", "--out", out)
    with pytest.raises(
        BadInput, match=r"has batch_seconds=0\.05, this one batch_seconds=0\.0"
    ):
        call("line", "--out", out, "--resume")
    process = start("--out", out, "--resume", "--time-limit", "1s", "--json")
    try:
        stdout, stderr = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert told["runs"] == 2
    assert told["ended_by"] == "time limit"
    assert told["history"][0] == before["history"][0]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_backend_that_is_missing_is_named(tmp_path):
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        pytest.skip("torch is installed")
    pytest.importorskip("keras", reason="needs the training extra")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, SURVEYS, "train", "line", "--out", "new"],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "KERAS_BACKEND asks for torch, which is not installed" in done.stderr
    assert not list(tmp_path.iterdir())
