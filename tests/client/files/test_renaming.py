"""Renaming that loses nothing, with the kernel's help and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.files import renaming


@pytest.fixture(params=["kernel", "without"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with the kernel's flags and where they are unknown."""
    if request.param == "without":
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)


@pytest.mark.usefixtures("anywhere")
def test_a_file_gets_a_free_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    renaming.exclusive(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "text"
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("anywhere")
def test_a_folder_gets_a_free_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "inner").write_text("text")
    renaming.exclusive(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "inner").read_text() == "text"


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize("source", ["file", "folder"])
def test_nothing_is_replaced(tmp_path: Path, kind: str, source: str) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new") if source == "file" else new.mkdir()
    if kind == "file":
        old.write_text("old")
    elif kind == "folder":
        old.mkdir()
    else:
        old.symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        renaming.exclusive(new, old)
    assert new.exists()
    assert old.is_symlink() if kind == "link" else old.exists()
    if kind == "file":
        assert old.read_text() == "old"


@pytest.mark.usefixtures("anywhere")
def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        renaming.exclusive(tmp_path / "a", tmp_path / "b")


def test_two_folders_swap_names(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner").write_text(name)
    renaming.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "inner").read_text() == "b"
    assert (tmp_path / "b" / "inner").read_text() == "a"


def test_names_that_cannot_be_swapped_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(NotImplementedError, match="cannot be swapped"):
        renaming.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").read_text() == "a"


def test_swapping_with_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(FileNotFoundError):
        renaming.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").exists()
