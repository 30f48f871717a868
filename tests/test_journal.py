"""The journal must lose nothing that it acknowledged, and believe nothing torn."""

import random

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.journal import Journal

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


def test_a_torn_tail_is_dropped_wherever_it_was_torn(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(3))
    whole = path.read_bytes()
    lengths = []
    for kept in range(4):
        fill(path, range(kept))
        lengths.append(path.stat().st_size)
    for cut in [*random.Random(5).sample(range(8, len(whole)), 60), *lengths]:
        path.write_bytes(whole[:cut])
        with Journal(path, HEAD, resume=True) as journal:
            survived = len(journal)
            assert survived == sum(length <= cut for length in lengths[1:])
            journal.append("9", arrays(9))
        with Journal(path, HEAD, resume=True) as journal:
            assert len(journal) == survived + 1
            np.testing.assert_array_equal(journal.read("9")["map"], arrays(9)["map"])


def test_a_flipped_bit_ends_the_trusted_part(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(3))
    damaged = bytearray(path.read_bytes())
    damaged[-20] ^= 1
    path.write_bytes(damaged)
    with Journal(path, HEAD, resume=True) as journal:
        assert len(journal) == 2


def test_another_run_is_not_mixed_in(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(2))
    with pytest.raises(BadInput, match=r"options = \{'stride': 2\}.*\{'stride': 5\}"):
        Journal(path, {**HEAD, "options": {"stride": 5}}, resume=True)


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"SIMPLE  =                    T")
    with pytest.raises(BadInput, match="no journal"):
        Journal(path, HEAD, resume=True)


def test_without_resume_it_starts_anew(tmp_path):
    path = tmp_path / "journal"
    fill(path, range(2))
    with Journal(path, HEAD, resume=False) as journal:
        assert len(journal) == 0
