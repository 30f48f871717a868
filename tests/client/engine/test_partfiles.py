"""A part is whole or refused, and tells of which shard of which run it is."""

import numpy as np
import pytest

from amphitrite.engine.journal import Journal
from amphitrite.engine.partfiles import (
    Head,
    check_lasting,
    check_name,
    folder_of,
    plain,
    read_head,
    records,
    write,
)
from amphitrite.errors import BadInput, OutputError
from amphitrite.surveys.asid.options import Options
from amphitrite.surveys.darkcnn.options import Options as MapOptions

HEAD = Head(
    survey="toy",
    shard=(1, 4),
    run={"weights": "verified"},
    options={"stride": 3},
    inputs=["/a.fits"],
    folder="",
    models=[],
    skipped={"unit 7": "it is cut off"},
)


def journal_of(folder, numbers):
    folder.mkdir()
    journal = Journal(folder / "journal", {}, resume=False)
    for number in numbers:
        journal.append(f"unit {number}", {"x": np.full(3, float(number))})
    return journal


@pytest.fixture
def part(tmp_path):
    path = tmp_path / "1.part"
    with journal_of(tmp_path / "run", range(5)) as journal:
        write(path, HEAD, journal)
    return path


def test_what_was_written_comes_back(part):
    assert read_head(part) == HEAD
    found = dict(records(part))
    assert list(found) == [f"unit {number}" for number in range(5)]


def test_the_order_of_the_answers_does_not_matter(part, tmp_path):
    other = tmp_path / "other.part"
    with journal_of(tmp_path / "again", [3, 1, 0, 4, 2]) as journal:
        write(other, HEAD, journal)
    assert other.read_bytes() == part.read_bytes()


def test_an_empty_part_is_whole(tmp_path):
    path = tmp_path / "1.part"
    with journal_of(tmp_path / "run", ()) as journal:
        write(path, HEAD, journal)
    assert read_head(path) == HEAD
    assert not list(records(path))


def test_a_part_that_is_cut_off_anywhere_is_refused(part):
    whole = part.read_bytes()
    for cut in [*range(8, len(whole), 61), len(whole) - 1]:
        part.write_bytes(whole[:cut])
        with pytest.raises(BadInput, match="copy it again, or run its"):
            read_head(part)
    part.write_bytes(whole[:-1])
    with pytest.raises(BadInput, match="the part of shard 1/4, is cut off or damaged"):
        read_head(part)


def test_a_part_with_a_changed_byte_is_refused(part):
    whole = part.read_bytes()
    for at in range(8, len(whole), 97):
        changed = bytearray(whole)
        changed[at] ^= 1
        part.write_bytes(changed)
        with pytest.raises(BadInput, match="copy it again, or run its shard again"):
            read_head(part)


def test_a_part_with_something_behind_it_is_refused(part):
    part.write_bytes(part.read_bytes() + b"more")
    with pytest.raises(BadInput, match="is cut off or damaged"):
        read_head(part)


def test_what_is_no_part_is_said(part, tmp_path):
    journal = tmp_path / "run" / "journal"
    with pytest.raises(BadInput, match="is no part of a survey; give the files that"):
        read_head(journal)
    part.write_bytes(b"AMPHPRT9" + part.read_bytes()[8:])
    with pytest.raises(BadInput, match=r"format is 9, this one's is 1"):
        read_head(part)
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_head(tmp_path / "gone.part")


def test_the_folder_of_a_shard_that_has_not_finished_is_known(tmp_path):
    with pytest.raises(BadInput, match=r"is a folder; give the parts in it, such as"):
        read_head(tmp_path)
    journal_of(tmp_path / "1.part.part", ()).close()
    with pytest.raises(BadInput, match="has not finished; run that shard again with"):
        read_head(tmp_path / "1.part.part")


def test_nothing_is_overwritten(part, tmp_path):
    with (
        Journal(tmp_path / "journal", {}, resume=False) as journal,
        pytest.raises(OutputError, match="File exists"),
    ):
        write(part, HEAD, journal)


@pytest.mark.parametrize("name", ["eb.fits", "part", "0.part.gz"])
def test_a_part_has_a_suffix_of_its_own(tmp_path, name):
    with pytest.raises(BadInput, match=r"--output must end in \.part"):
        check_name(tmp_path / name)
    check_name(tmp_path / "0.part")


def test_a_list_from_a_pipe_is_refused(tmp_path):
    check_lasting([tmp_path / "a.fits"])
    with pytest.raises(BadInput, match="the list @/dev/fd/63 is gone when the parts"):
        check_lasting(["@/dev/fd/63"])


def test_options_come_back(tmp_path):
    options = Options(threshold=0.5, exposure=tmp_path / "exposure.fits")
    assert Options(**plain(options)) == options
    maps = MapOptions(channels=("total", "xray"), centre=(1.5, 2.0))
    assert MapOptions(**plain(maps)) == maps


def test_relative_names_need_their_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folder_of(["/a.fits", "@/list", "~/b.fits"], Options()) == ""
    assert folder_of(["a.fits"], Options()) == str(tmp_path)
    relative = Options(exposure="exposure.fits")
    assert folder_of(["/a.fits"], relative) == str(tmp_path)
