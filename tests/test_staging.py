"""A result appears under its name whole, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.staging import Staging, writing


def folder(out, **options):
    return Staging(out, products={"map"}, **options)


def make(out, text="new", **options):
    with folder(out, **options) as staging:
        staging.result.mkdir(exist_ok=True)
        (staging.result / "map").write_text(text)
        assert not (out / "map").exists() or (out / "map").read_text() != text
        staging.publish()


def test_a_folder_is_published_and_nothing_else_is_left(tmp_path):
    make(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "map").read_text() == "new"


def test_a_file_is_published(tmp_path):
    with Staging(tmp_path / "deep" / "cat.fits") as staging:
        staging.result.write_text("rows")
        staging.publish()
    assert (tmp_path / "deep" / "cat.fits").read_text() == "rows"


def test_an_existing_result_is_kept_unless_told_otherwise(tmp_path):
    make(tmp_path / "out", "old")
    with pytest.raises(OutputError, match="--overwrite"):
        folder(tmp_path / "out")
    assert (tmp_path / "out" / "map").read_text() == "old"
    make(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out" / "map").read_text() == "new"


def test_an_interrupted_run_is_neither_lost_nor_mixed_in(tmp_path):
    with Staging(tmp_path / "out") as staging:
        staging.journal.write_text("half")
    with pytest.raises(BadInput, match="--resume"):
        Staging(tmp_path / "out")
    with Staging(tmp_path / "out", resume=True) as staging:
        assert staging.journal.read_text() == "half"
    with Staging(tmp_path / "out", overwrite=True) as staging:
        assert not staging.journal.exists()


def test_two_runs_do_not_write_one_result(tmp_path):
    with (
        Staging(tmp_path / "out"),
        pytest.raises(OutputError, match="another run"),
    ):
        Staging(tmp_path / "out", resume=True)


@pytest.mark.parametrize("parent", ["a-file", "/proc"])
def test_an_unwritable_place_is_said_at_the_start(tmp_path, parent):
    (tmp_path / "a-file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Staging(tmp_path / parent / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot write"):
        Staging(tmp_path / "out")


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path):
    make(tmp_path / "out")
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match=r"also holds thesis\.tex"):
        folder(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("precious")
    with pytest.raises(OutputError, match="is a file"):
        folder(tmp_path / "out", overwrite=True)
    with pytest.raises(OutputError, match="is a folder"):
        Staging(tmp_path, overwrite=True)


def test_the_working_folder_itself_is_no_result(tmp_path, monkeypatch):
    (tmp_path / "h.fits").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        folder(Path())
    with pytest.raises(OutputError, match="also holds"):
        folder(Path(), overwrite=True)


def died_while_publishing(out, *, named):
    """Leave what a run leaves that is killed before or after its result is named."""
    with folder(out) as staging:
        staging.journal.write_text("whole")
        staging.result.mkdir()
        (staging.result / "map").write_text("new")
        (staging.folder / "publishing").touch()
        if named:
            staging.result.rename(out)


@pytest.mark.parametrize("named", [False, True])
def test_a_run_killed_while_publishing_is_finished_by_resume(tmp_path, named):
    out = tmp_path / "out"
    died_while_publishing(out, named=named)
    make(out, "newer", resume=True)
    assert (out / "map").read_text() == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_nothing_that_is_of_no_use(tmp_path):
    with pytest.raises(ValueError, match="early"), folder(tmp_path / "out"):
        raise ValueError("early")
    assert not any(tmp_path.iterdir())


def test_a_failure_keeps_what_a_later_run_can_use(tmp_path):
    def fail():
        with folder(tmp_path / "out") as staging:
            staging.journal.write_text("half")
            staging.keep = True
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        fail()
    assert (tmp_path / "out.part" / "journal").read_text() == "half"


def test_too_small_a_disk_is_said_before_any_work(tmp_path):
    with folder(tmp_path / "out") as staging:
        staging.require(1000)
        with pytest.raises(OutputError, match=r"needs about 1000000000\.0 GB"):
            staging.require(10**18)


def test_a_full_disk_is_an_error_without_a_traceback(tmp_path):
    with pytest.raises(OutputError, match="No space left on device"), writing(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
