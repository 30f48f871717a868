"""Names, patterns and lists of files."""

import os
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.files.lists import expand, found


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
    with pytest.raises(BadInput, match=r"the folder .* holds no FITS file"):
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


def test_a_folder_stands_for_the_fits_files_in_it(folder):
    for name in ("z.FIT.gz", "y.fits.fz", "x.fits.bz2", "notes.txt", "a.fits.part"):
        (folder / "s1" / name).touch()
    (folder / "s1" / "more.fits").mkdir()
    expected = ["a.fits", "b.fits", "x.fits.bz2", "y.fits.fz", "z.FIT.gz"]
    assert names(expand([folder / "s1"])) == expected
    (folder / "list.txt").write_text(f"{folder}/s1\n")
    assert names(expand([f"@{folder}/list.txt"])) == expected


def test_what_a_list_names_and_is_not_there_is_skipped_by_name(folder, caplog):
    listed = folder / "list.txt"
    listed.write_text(f"{folder}/s1/a.fits\n{folder}/gone.fits\n{folder}/s9/*.fits\n")
    skipped = {}
    files, skipped = found([f"@{listed}"])
    assert names(files) == ["a.fits"]
    assert list(skipped) == [f"{folder}/gone.fits", f"{folder}/s9/*.fits"]
    assert all("stands for no file" in why for why in skipped.values())
    assert f"skipped {folder}/gone.fits: {folder}/gone.fits stands for no" in (
        caplog.text
    )
    with pytest.raises(BadInput, match=r"gone\.fits stands for no file"):
        expand([f"@{listed}"])
    with pytest.raises(BadInput, match=r"gone\.fits stands for no file"):
        found([f"{folder}/gone.fits", f"{folder}/s1/a.fits"])
    listed.write_text(f"{folder}/gone.fits\n")
    with pytest.raises(BadInput, match=r"gone\.fits stands for no file"):
        found([f"@{listed}"])


def test_lists_of_other_systems_are_read(folder):
    listed = folder / "list.txt"
    listed.write_bytes(f"\ufeff{folder}/s1/a.fits\r\n{folder}/s1/b.fits\r\n".encode())
    assert names(expand([f"@{listed}"])) == ["a.fits", "b.fits"]
    listed.write_text(f"{folder}/s1/a.fits\n", encoding="utf-16")
    with pytest.raises(BadInput, match="no plain text, or text in UTF-16"):
        expand([f"@{listed}"])


def test_names_of_any_bytes_may_be_listed(folder):
    name = os.fsencode(f"{folder}/s1/") + b"\xe9.fits"
    with open(name, "wb"):  # noqa: PTH123
        pass
    (folder / "list.txt").write_bytes(name + b"\n")
    (found,) = expand([f"@{folder}/list.txt"])
    assert os.fsencode(found) == name


def test_a_home_is_found_in_quoted_names_and_in_lists(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert names(expand(["~/s1/*.fits"])) == ["a.fits", "b.fits"]
    (folder / "list.txt").write_text("~/s1/a.fits\n")
    assert expand(["@~/list.txt"]) == [folder / "s1" / "a.fits"]
    with pytest.raises(BadInput, match=r"~nobody-here/a\.fits stands for no file"):
        expand(["~nobody-here/a.fits"])
    monkeypatch.chdir(folder)
    (folder / "~").mkdir()
    (folder / "~" / "x.fits").touch()
    assert expand(["~/x.fits"]) == [Path("~/x.fits")]


def test_an_hdu_of_a_file_stays_with_its_name(folder):
    for hdu in ("[SCI]", "[SCI,1]", "[1]"):
        assert names(expand([f"{folder}/s1/a.fits{hdu}"])) == [f"a.fits{hdu}"]
    with pytest.raises(BadInput, match="stands for no file"):
        expand([f"{folder}/s1/gone.fits[SCI]"])


def test_addresses_are_refused_as_such(folder):
    for given in ("https://host.example/x.fits", "s3://bucket/lc/*.fits"):
        for argument in (given, Path(given)):
            with pytest.raises(BadInput) as caught:
                expand([argument])
            assert str(caught.value).startswith(f"{given} is an address")
            assert "download it first" in str(caught.value)
    (folder / "list.txt").write_text("https://host.example/x.fits\n")
    with pytest.raises(BadInput, match="is an address"):
        found([f"@{folder}/list.txt"])
