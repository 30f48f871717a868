"""A file written aside; what publishing needs beyond it is in `test_staging`."""

import pytest

from amphitrite.errors import OutputError
from amphitrite.files import renaming
from amphitrite.files.replacing import aside, backup_of, put
from amphitrite.files.standing import sighting


@pytest.fixture(params=["kernel", "without"])
def anywhere(request, monkeypatch):
    """Run a test with the kernel's flags and where they are unknown."""
    if request.param == "without":
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("replaces", [True, False])
def test_a_file_written_aside_gets_its_name(tmp_path, replaces):
    path = tmp_path / "a[1]*.fits"
    if replaces:
        path.write_text("old")
    with aside(path, instead_of=sighting(path)) as other:
        other.write_text("new")
        assert (other.suffix, other.parent) == (".fits", tmp_path)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("anywhere")
def test_a_folder_that_changed_before_it_was_moved_is_put_back(tmp_path, monkeypatch):
    new, name = tmp_path / "new", tmp_path / "name"
    for folder in (new, name):
        folder.mkdir()
    agreed = sighting(name)
    real = renaming._renameat2

    def late(*arguments):
        monkeypatch.setattr(renaming, "_renameat2", real)
        (name / "notes").write_text("precious")
        return real(*arguments)

    monkeypatch.setattr(renaming, "_renameat2", late)
    with pytest.raises(FileExistsError):
        put(new, name, instead_of=agreed)
    assert (name / "notes").read_text() == "precious"
    assert not any(new.iterdir())
    assert not backup_of(new).exists()


def test_a_file_replaces_no_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes").write_text("precious")
    with (
        pytest.raises(OutputError, match="is a folder"),
        aside(tmp_path / "a", instead_of=sighting(tmp_path / "a")),
    ):
        raise AssertionError("nothing is begun")
    assert (tmp_path / "a" / "notes").read_text() == "precious"


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    with (
        pytest.raises(OutputError, match=r"cannot write .*a\.reg"),
        aside(tmp_path / "none" / "a.reg", instead_of=None) as other,
    ):
        other.write_text("new")
