"""Folders of pictures are made, filled again or refused."""

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders
from amphitrite.files.drawings import check_folder, drawing, make_folder

pytest.importorskip("matplotlib", reason="pictures need the plots extra")


def test_a_folder_is_made_or_refused(tmp_path):
    folder = tmp_path / "a" / "b"
    check_folder(folder, "candidates", replace=False)
    make_folder(folder)
    assert folders.is_ours(folder)
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"--plots must be a folder; .*file is a file"):
        check_folder(tmp_path / "file", "candidates", replace=True)
    with pytest.raises(OutputError, match=r"cannot write .*Not a directory"):
        make_folder(tmp_path / "file" / "inner")
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OutputError, match="is a link to"):
        check_folder(tmp_path / "link", "candidates", replace=True)


def test_pictures_of_an_earlier_run_are_replaced_only_if_allowed(tmp_path):
    make_folder(tmp_path)
    check_folder(tmp_path, "candidates", replace=False)  # nothing has been drawn yet
    (tmp_path / "TIC_1.png").write_text("old")
    with pytest.raises(OutputError, match=r"already holds pictures; .*--overwrite"):
        check_folder(tmp_path, "candidates", replace=False)
    check_folder(tmp_path, "candidates", replace=True)
    with drawing(tmp_path / "TIC_1.png", replace=True) as path:
        path.write_text("new")
    assert (tmp_path / "TIC_1.png").read_text() == "new"
    with (
        pytest.raises(OutputError, match="appeared or was changed"),
        drawing(tmp_path / "TIC_1.png", replace=False) as path,
    ):
        path.write_text("newest")
    assert (tmp_path / "TIC_1.png").read_text() == "new"


def test_a_folder_of_somebody_else_is_not_drawn_into(tmp_path):
    (tmp_path / "holiday.png").write_text("beach")
    for replace in (False, True):
        with pytest.raises(
            OutputError, match=r"holds holiday\.png and is not a folder"
        ):
            check_folder(tmp_path, "candidates", replace=replace)
