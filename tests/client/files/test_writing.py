"""What cannot be written is said, and what was written is on the disk."""

import errno
import os
from pathlib import Path

import pytest

from amphitrite.errors import OutputError
from amphitrite.files.writing import sync, sync_tree, writing


def test_a_refusal_names_the_output_the_reason_and_the_place(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "part"))
    error.add_note("the journal is kept")
    with (
        pytest.raises(OutputError, match=r"write .*out\.fits: No space") as caught,
        writing(tmp_path / "out.fits"),
    ):
        raise error
    assert f"({tmp_path / 'part'}); free some space" in str(caught.value)
    assert caught.value.__notes__ == ["the journal is kept"]
    assert caught.value.__cause__ is error


def test_a_refusal_without_a_place_says_its_words_alone(tmp_path):
    with (
        pytest.raises(OutputError, match=r"out\.fits: odd; free some space"),
        writing(tmp_path / "out.fits"),
    ):
        raise OSError("odd")


def test_other_errors_pass(tmp_path):
    with pytest.raises(ValueError, match="mine"), writing(tmp_path):
        raise ValueError("mine")


@pytest.fixture
def synced(monkeypatch):
    """Paths of what was forced onto the disk."""
    paths = []

    def fsync(handle):
        paths.append(str(Path(f"/proc/self/fd/{handle}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_a_folder_is_stored_after_all_that_is_in_it(tmp_path, synced):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    sync_tree(tmp_path)
    inside = [str(tmp_path / name) for name in ("a", "a/b", "a/b/file")]
    assert sorted(synced[:-1]) == inside
    assert synced[-1] == str(tmp_path)


def test_a_file_is_stored_alone(tmp_path, synced):
    (tmp_path / "file").touch()
    sync_tree(tmp_path / "file")
    assert synced == [str(tmp_path / "file")]


@pytest.mark.parametrize(
    ("number", "folder", "passes"),
    [
        (errno.EINVAL, True, True),
        (errno.EINVAL, False, False),
        (errno.EIO, True, False),
        (errno.EIO, False, False),
    ],
)
def test_only_of_a_folder_it_may_be_that_it_cannot_be_stored(
    tmp_path, monkeypatch, number, folder, passes
):
    path = tmp_path if folder else tmp_path / "file"
    (tmp_path / "file").touch()

    def fsync(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    if passes:
        sync(path)
        return
    with pytest.raises(OSError, match=os.strerror(number)):
        sync(path)
