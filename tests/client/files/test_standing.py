"""What stands under a name is known again."""

import os

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.files.standing import check_output, check_regular, kind, sighting


def test_kinds_are_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    found = {path.name: kind(path) for path in tmp_path.iterdir()}
    assert found == {
        **{"file": "file", "link": "link", "dangling": "link", "pipe": "pipe"}
    }
    assert kind(tmp_path / "link", follow=True) == "file"
    assert kind(tmp_path / "dangling", follow=True) is None
    assert kind(tmp_path / "file" / "inner") is None
    assert kind(tmp_path) == "folder"


def test_outputs_are_new_or_regular(tmp_path):
    (tmp_path / "file").touch()
    for name in ("", "file", "new", "file/inner"):
        check_output(tmp_path / name)
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(OutputError, match=r"link is a link to file, and results are n"):
        check_output(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="pipe is a pipe, which is never replaced"):
        check_output(tmp_path / "pipe")


def test_inputs_may_be_links_to_files_but_no_pipes(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    check_regular(tmp_path / "link")
    with pytest.raises(BadInput, match=r"pipe is a pipe, .*; write it into a file"):
        check_regular(tmp_path / "pipe")
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w"):
        with pytest.raises(BadInput, match=r"fd/\d+ is a pipe"):
            check_regular(tmp_path / f"/dev/fd/{reading}")


def test_a_sighting_changes_with_what_is_seen(tmp_path):
    assert sighting(tmp_path / "none") is None
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    seen = sighting(folder), sighting(folder / "a")
    assert (sighting(folder), sighting(folder / "a")) == seen
    stat = (folder / "a").stat()
    (folder / "a").write_text("2")
    assert sighting(folder) != seen[0]
    assert sighting(folder / "a") != seen[1]
    os.utime(folder / "a", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert sighting(folder) == seen[0]  # as far as size and time tell
    (folder / "b").touch()
    assert sighting(folder) != seen[0]
    (folder / "b").unlink()
    (folder / "a").rename(tmp_path / "moved")
    assert sighting(tmp_path / "moved") == seen[1]
