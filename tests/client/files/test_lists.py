"""Names, patterns and lists of files."""

import os
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.files.lists import expand


@pytest.fixture
def folder(tmp_path):
    for name in ("s1/b.fits", "s1/a.fits", "s2/c.fits", "s2/d[1].fits", "s2/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_patterns_are_expanded_in_the_order_of_names(folder, monkeypatch):
    assert names(expand([f"{folder}/s1/*.fits"])) == ["a.fits", "b.fits"]
    assert names(expand([folder / "s?" / "[bc].fits"])) == ["b.fits", "c.fits"]
    assert len(expand([f"{folder}/**/*.fits"])) == 4
    monkeypatch.chdir(folder)
    assert expand(["s1/*.fits"]) == [Path("s1/a.fits"), Path("s1/b.fits")]


def test_files_count_once_and_brackets_may_be_names(folder):
    given = [folder / "s2/d[1].fits", f"{folder}/s1/a.fits", f"{folder}/s1/*"]
    assert names(expand(given)) == ["d[1].fits", "a.fits", "b.fits"]


def test_a_list_holds_names_patterns_and_remarks(folder):
    listed = folder / "list.txt"
    listed.write_text(f"# sector 1\n{folder}/s1/*.fits\n\n  {folder}/s2/c.fits \n")
    assert names(expand([f"@{listed}"])) == ["a.fits", "b.fits", "c.fits"]
    assert names(expand([Path(f"@{listed}")])) == ["a.fits", "b.fits", "c.fits"]


def test_what_stands_for_nothing_is_refused(folder):
    for name in ("missing.fits", "s3/*.fits"):
        with pytest.raises(BadInput, match="stands for no file"):
            expand([f"{folder}/{name}"])
    with pytest.raises(BadInput, match=r"a\*\*b cannot be used"):
        expand([f"{folder}/a**b"])
    with pytest.raises(BadInput, match=r"is a folder; give its files, such as"):
        expand([folder])
    with pytest.raises(BadInput, match=r"the list .*none\.txt cannot be read"):
        expand([f"@{folder}/none.txt"])
    (folder / "empty.txt").write_text("# nothing\n")
    with pytest.raises(BadInput, match="no file was given"):
        expand([f"@{folder}/empty.txt"])


def test_pipes_and_devices_are_refused_by_name(folder):
    os.mkfifo(folder / "s1" / "pipe.fits")
    for name in (f"{folder}/s1/pipe.fits", f"{folder}/s1/*.fits", "/dev/null"):
        with pytest.raises(BadInput, match="and inputs are read more than once"):
            expand([name])
    with pytest.raises(BadInput, match=r"pipe\.fits is a pipe"):
        expand([f"@{folder}/s1/pipe.fits"])


def test_a_shells_substitution_is_a_list_but_no_file(folder):
    reading, writing = os.pipe()
    os.write(writing, f"{folder}/s2/c.fits\n".encode())
    os.close(writing)
    try:
        with pytest.raises(BadInput, match="is a pipe"):
            expand([f"/dev/fd/{reading}"])
        assert names(expand([f"@/dev/fd/{reading}"])) == ["c.fits"]
    finally:
        os.close(reading)
