"""A result appears under its name whole, or not at all."""

import os

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.staging import Staging


def make(out, text="new", **options):
    with Staging(out, **options) as staging:
        staging.result.mkdir()
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
        Staging(tmp_path / "out")
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
