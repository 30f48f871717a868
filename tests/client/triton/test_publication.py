"""Published models are whole, replaced in one step, and there is a way back."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import manifests
from amphitrite.triton import publication
from amphitrite.triton.publication import previous_of, publish, rollback

MODELS = Path(__file__).resolve().parents[3] / "model_repository"


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def source(tmp_path):
    """A repository with one small model, and a function that adds others."""
    folder = tmp_path / "source"
    shutil.copytree(MODELS / "morpheus", folder / "morpheus")
    return folder


@pytest.fixture
def target(tmp_path):
    return tmp_path / "shared" / "models"


def test_models_are_published_with_their_manifest(source, target):
    assert publish(str(source), target) == ["morpheus"]
    found = contents(target)
    assert found.pop(manifests.MANIFEST)
    assert found.keys() == contents(source).keys()
    weights = "morpheus/1/model.onnx"
    assert found[weights] == (source / weights).read_bytes()
    manifests.check(target)
    assert not previous_of(target).exists()
    assert [path.name for path in target.parent.iterdir()] == ["models"]


def test_the_models_before_come_back_and_go_again(source, target):
    publish(str(source), target)
    first = contents(target)
    shutil.copytree(MODELS / "asid_peaks", source / "asid_peaks")
    shutil.rmtree(source / "morpheus")
    assert publish(str(source), target) == ["asid_peaks"]
    second = contents(target)
    assert contents(previous_of(target)) == first
    assert rollback(target) == ["morpheus"]
    assert contents(target) == first
    assert rollback(target) == ["asid_peaks"]
    assert contents(target) == second


def test_there_is_no_way_back_from_the_first_models(source, target):
    publish(str(source), target)
    with pytest.raises(BadInput, match="cannot be rolled back: there is no"):
        rollback(target)


def test_an_altered_previous_generation_does_not_come_back(source, target):
    publish(str(source), target)
    publish(str(source), target)
    card = previous_of(target) / "morpheus" / "config.pbtxt"
    text = card.read_text()
    card.unlink()  # it may be a link to the published file
    card.write_text(text + " ")
    with pytest.raises(BadInput, match=r"morpheus/config.pbtxt has another content"):
        rollback(target)
    manifests.check(target)


def test_a_source_with_a_changed_byte_is_refused(source, target):
    publish(str(source), target)
    before = contents(target)
    copy = target.with_name("copy")
    shutil.copytree(target, copy)
    weights = copy / "morpheus" / "1" / "model.onnx"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(BadInput, match=r"model.onnx has another content; it was chan"):
        publish(str(copy), target)
    (copy / manifests.MANIFEST).unlink()
    with pytest.raises(BadInput, match="damaged or was replaced"):
        publish(str(copy), target)
    assert contents(target) == before


def test_a_part_of_a_source_is_refused(source, target):
    publish(str(source), target)
    (target / "morpheus" / "1" / "model.onnx").unlink()
    with pytest.raises(BadInput, match=r"model.onnx is missing; .* copy it again"):
        publish(str(target), target.with_name("other"))


def test_a_folder_with_something_else_is_left_alone(source, target):
    target.mkdir(parents=True)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something that was not published"):
        publish(str(source), target)
    assert contents(target) == {"notes.txt": b"mine"}


def test_a_copy_that_is_wrong_in_the_end_is_taken_back(source, target, monkeypatch):
    publish(str(source), target)
    before = contents(target)
    checked = manifests.check

    def failing(folder):
        if folder == target:
            raise BadInput("it is not whole")
        checked(folder)

    monkeypatch.setattr(publication.manifests, "check", failing)
    shutil.copytree(MODELS / "asid_peaks", source / "asid_peaks")
    with pytest.raises(BadInput, match="not whole") as raised:
        publish(str(source), target)
    assert "are back" in raised.value.__notes__[0]
    assert contents(target) == before


def test_the_command_wants_a_folder_and_says_what_it_did(source, target):
    def command(*words):
        words = [sys.executable, "-m", "amphitrite", "models", "publish", *words]
        return subprocess.run(list(map(str, words)), capture_output=True, text=True)

    done = command(source, target)
    assert (done.returncode, done.stdout) == (
        0,
        f"published morpheus in {target}\n",
    )
    assert command("--rollback", target).returncode == 2
    wrong = command(source)
    assert wrong.returncode == 2
    assert "received" in wrong.stderr
