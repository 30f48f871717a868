"""A manifest knows every file of a folder, and sha256sum can read it."""

import shutil
import subprocess

import pytest

from amphitrite.errors import BadInput
from amphitrite.files import manifests


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "models"
    (folder / "calnet" / "1").mkdir(parents=True)
    (folder / "calnet" / "config.pbtxt").write_text("name")
    (folder / "calnet" / "1" / "model.onnx").write_bytes(b"weights")
    manifests.write(folder)
    return folder


def test_an_unchanged_folder_is_what_its_manifest_says(folder):
    manifests.check(folder)
    manifests.write(folder)
    manifests.check(folder)


def one_byte(folder):
    (folder / "calnet/1/model.onnx").write_bytes(b"weighty")


def one_less(folder):
    (folder / "calnet/1/model.onnx").unlink()


def one_more(folder):
    (folder / "calnet/1/model.py").write_text("")


def unreadable(folder):
    (folder / manifests.MANIFEST).write_text("nothing")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_byte, "calnet/1/model.onnx has another content"),
        (one_less, "calnet/1/model.onnx is missing"),
        (one_more, "calnet/1/model.py is not in it"),
        (unreadable, "it cannot be read"),
    ],
)
def test_a_changed_folder_is_refused(folder, change, said):
    change(folder)
    with pytest.raises(BadInput, match=f"is not what its manifest.sha256 says: {said}"):
        manifests.check(folder)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_checks_it_too(folder):
    words = ["sha256sum", "--check", "--quiet", manifests.MANIFEST]
    assert subprocess.run(words, cwd=folder).returncode == 0
    one_byte(folder)
    done = subprocess.run(words, cwd=folder, capture_output=True)
    assert done.returncode == 1
