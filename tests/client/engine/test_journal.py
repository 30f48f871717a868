"""The journal must lose nothing that it acknowledged, and believe nothing torn."""

import os
import random

import numpy as np
import pytest

from amphitrite.engine import frames as framing
from amphitrite.engine import journal as journals
from amphitrite.engine.frames import FRAME_MAGIC
from amphitrite.engine.journal import Journal
from amphitrite.errors import BadInput, OutputError

HEAD = {"survey": "toy", "options": {"stride": 2}}


def arrays(number):
    rng = np.random.default_rng(number)
    return {"map": rng.normal(size=(3, 4)).astype("f4"), "n": np.array(number)}


def fill(path, keys):
    with Journal(path, HEAD, resume=False) as journal:
        for key in keys:
            journal.append(str(key), arrays(key))


def test_records_come_back_bit_for_bit(tmp_path):
    fill(tmp_path / "journal", range(5))
    with Journal(tmp_path / "journal", HEAD, resume=True) as journal:
        assert len(journal) == 5
        assert "3" in journal
        assert "5" not in journal
        for key in range(5):
            for name, array in arrays(key).items():
                np.testing.assert_array_equal(journal.read(str(key))[name], array)


def frames(path):
    """Return where the frames of a journal begin and end, the head's first."""
    text, magic, found = path.read_bytes(), FRAME_MAGIC, []
    at = text.find(magic)
    while at >= 0:
        found.append(at)
        at = text.find(magic, at + 1)
    return [*found, len(text)]


def resumed(path):
    with Journal(path, HEAD, resume=True) as journal:
        for key in journal._where:
            for name, array in arrays(int(key)).items():
                np.testing.assert_array_equal(journal.read(key)[name], array)
        return sorted(journal._where, key=int)


def test_a_torn_tail_is_dropped_wherever_it_was_torn(tmp_path, caplog):
    path = tmp_path / "journal"
    fill(path, range(3))
    whole, (_, *starts) = path.read_bytes(), frames(path)
    cuts = random.Random(5).sample(range(starts[0], len(whole)), 60)
    for cut in [*cuts, *starts]:
        path.write_bytes(whole[:cut])
        caplog.clear()
        with Journal(path, HEAD, resume=True) as journal:
            survived = len(journal)
            assert survived == sum(end <= cut for end in starts[1:])
            journal.append("9", arrays(9))
        torn = cut not in starts
        assert ("ends in the middle of a part" in caplog.text) == torn
        assert "damaged" not in caplog.text
        caplog.clear()
        assert len(resumed(path)) == survived + 1
        assert not caplog.text


def test_reading_goes_on_behind_what_is_damaged(tmp_path, caplog):
    path = tmp_path / "journal"
    fill(path, range(9))
    whole, (_, *starts) = path.read_bytes(), frames(path)
    rng = random.Random(6)
    for _ in range(60):
        hit = rng.randrange(starts[0], len(whole))
        damaged = bytearray(whole)
        damaged[hit] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        caplog.clear()
        lost = sum(start <= hit for start in starts) - 1
        assert resumed(path) == [str(n) for n in range(9) if n != lost]
        if "ends in the middle" not in caplog.text or lost != 8:
            n_bytes = starts[lost + 1] - starts[lost]
            said = f"{n_bytes} bytes of the journal {path} are damaged: 1 finished part"
            assert said in caplog.text
        caplog.clear()
        resumed(path)
        assert not caplog.text  # it is said once


def test_many_lost_parts_are_counted_even_without_a_trace(tmp_path, caplog):
    path = tmp_path / "journal"
    fill(path, range(9))
    whole, (_, *starts) = path.read_bytes(), frames(path)
    middle = bytearray(whole)
    middle[starts[2] + 5 : starts[6] - 5] = bytes(starts[6] - starts[2] - 10)
    path.write_bytes(middle)
    assert resumed(path) == list("01678")
    assert "4 finished parts are lost and will be done again" in caplog.text
    with Journal(path, HEAD, resume=True) as journal:
        journal.append("3", arrays(3))
    assert resumed(path) == list("013678")
    end = bytearray(whole)
    for start in starts[4:9]:
        end[start + 40] ^= 1
    path.write_bytes(end)
    caplog.clear()
    assert resumed(path) == list("0123")
    assert "5 finished parts are lost and will be done again" in caplog.text


@pytest.mark.parametrize("n_bytes", [1, 7, 5000])
def test_what_slips_in_between_is_passed_over(tmp_path, n_bytes, caplog):
    path = tmp_path / "journal"
    fill(path, range(3))
    whole, (_, *starts) = path.read_bytes(), frames(path)
    path.write_bytes(whole[: starts[1]] + b"x" * n_bytes + whole[starts[1] :])
    assert resumed(path) == list("012")
    assert f"{n_bytes} bytes of the journal" in caplog.text


def test_a_magic_at_the_edge_of_a_search_is_found(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    fill(path, range(3))
    whole, (_, *starts) = path.read_bytes(), frames(path)
    monkeypatch.setattr(framing, "_SEARCH_BYTES", 64)
    for n_bytes in range(56, 72):
        path.write_bytes(whole[: starts[1]] + b"x" * n_bytes + whole[starts[1] :])
        assert resumed(path) == list("012")


def test_a_damaged_head_is_refused(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(3))
    whole, (head, first, *_) = path.read_bytes(), frames(path)
    for hit in [*range(head), *random.Random(7).sample(range(head, first), 40)]:
        damaged = bytearray(whole)
        damaged[hit] ^= 0x40
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"is damaged|another version"):
            Journal(path, HEAD, resume=True)
        assert path.read_bytes() == damaged
    for cut in (0, 5, head, first - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadInput, match=r"is damaged.*--overwrite"):
            Journal(path, HEAD, resume=True)
    # a unit's frame in its place is no head, whatever the unit is about
    path.write_bytes(whole[:head] + whole[first:])
    with pytest.raises(BadInput, match="is damaged"):
        Journal(path, HEAD, resume=True)


def test_an_older_format_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"AMPHJNL1" + bytes(100))
    with pytest.raises(BadInput, match=r"its format is 1, this one's is 2.*--overwrit"):
        Journal(path, HEAD, resume=True)


def test_a_unit_that_is_done_again_counts_once(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, HEAD, resume=False) as journal:
        journal.append("0", arrays(5))
        journal.append("0", arrays(0))
        assert len(journal) == 1
        journal.append("1", arrays(1))
        journal.forget("1")
        assert "1" not in journal
        journal.append("1", arrays(1))
    assert resumed(path) == ["0", "1"]


def test_names_that_are_no_utf8_are_keys_too(tmp_path):
    key = os.fsdecode(b"file \xe9.fits")
    path = tmp_path / "journal"
    for _ in range(2):
        with Journal(path, {"inputs": [key]}, resume=True) as journal:
            journal.append(key, arrays(3))
            assert journal.read(key)["n"] == 3


def test_a_unit_costs_little_more_than_its_arrays(tmp_path, monkeypatch):
    calls = []
    with Journal(tmp_path / "journal", HEAD, resume=False) as journal:
        monkeypatch.setattr(journals.os, "fsync", calls.append)
        for number in range(50):
            journal.append(str(number), arrays(number))
        assert not calls  # it is forced onto the disk every few seconds alone


def test_what_does_not_fit_is_taken_back(tmp_path, full_disk):
    def work(place):
        path = place / "journal"
        with Journal(path, HEAD, resume=False) as journal:
            journal.append("0", arrays(0))
            size = path.stat().st_size
            with pytest.raises(OutputError, match=r"cannot write .*journal: No space"):
                journal.append("1", {"x": np.random.default_rng(1).random(200_000)})
            assert path.stat().st_size == size
            journal.append("2", arrays(2))
        return resumed(path)

    assert full_disk(work) == ["0", "2"]


def test_another_run_is_not_mixed_in(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(2))
    with pytest.raises(BadInput, match=r"options = \{'stride': 2\}.*\{'stride': 5\}"):
        Journal(path, {**HEAD, "options": {"stride": 5}}, resume=True)


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"SIMPLE  =                    T")
    with pytest.raises(BadInput, match="is no journal of amphitrite"):
        Journal(path, HEAD, resume=True)


def test_without_resume_it_starts_anew(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(2))
    with Journal(path, HEAD, resume=False) as journal:
        assert len(journal) == 0
