"""Folders of ours are known by their marker, and lose nothing but what is ours."""

from amphitrite.files import folders

OURS = {"map": None, "part-[0-9]": None, "inner": {"x": None}}


def test_a_folder_is_ours_by_what_its_marker_says(tmp_path):
    assert not folders.is_ours(tmp_path)
    (tmp_path / folders.MARKER).write_text("something else")
    assert not folders.is_ours(tmp_path)
    folders.mark(tmp_path)
    assert folders.is_ours(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    assert not folders.is_ours(tmp_path / "link")
    assert not folders.is_ours(tmp_path / folders.MARKER)
    assert not folders.is_ours(tmp_path / "none")
    text = (tmp_path / folders.MARKER).read_text()
    assert text.startswith("Amphitrite made this folder")
    assert text.count("\n") == 1


def test_guests_are_found_and_stay(tmp_path):
    folders.mark(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "part-2").mkdir()  # ours is a file
    for name in ("map", "part-1", "notes", "inner/x", "inner/y"):
        (tmp_path / name).touch()
    (tmp_path / "part-3").symlink_to("notes")
    guests = {
        str(path.relative_to(tmp_path)) for path in folders.guests(tmp_path, OURS)
    }
    assert guests == {"notes", "part-2", "part-3", "inner/y"}
    folders.clear(tmp_path, OURS)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {*guests, "inner", folders.MARKER}


def test_folders_that_are_empty_then_are_removed(tmp_path):
    folders.mark(tmp_path)
    (tmp_path / "inner").mkdir()
    folders.mark(tmp_path / "inner")
    (tmp_path / "inner" / "x").touch()
    folders.clear(tmp_path, OURS)
    assert [path.name for path in tmp_path.iterdir()] == [folders.MARKER]
