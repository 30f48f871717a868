"""A shard is a pure function of a key, and its number comes from the engine."""

import subprocess
import sys
from collections import Counter

import pytest

from amphitrite.engine.shards import Shard, shard_of
from amphitrite.errors import BadInput

SLURM = {
    "SLURM_ARRAY_TASK_ID": "2",
    "SLURM_ARRAY_TASK_COUNT": "4",
    "SLURM_ARRAY_TASK_MIN": "0",
    "SLURM_ARRAY_TASK_MAX": "3",
}


def test_a_shard_is_stated_by_its_number_and_how_many_there_are():
    shard = Shard.of("1/4", {})
    assert (shard.index, shard.count, str(shard)) == (1, 4, "1/4")


@pytest.mark.parametrize("text", ["4/4", "-1/4", "1/0", "0/-1"])
def test_a_shard_that_there_is_not_is_refused(text):
    with pytest.raises(BadInput, match=rf"counted from 0 to N - 1; received {text}"):
        Shard.of(text, {})


@pytest.mark.parametrize("text", ["", "1", "a/b", "1/4/2", "1.0/4", "Auto"])
def test_another_text_is_refused(text):
    with pytest.raises(BadInput, match="must be I/N, such as 0/4"):
        Shard.of(text, {})


def test_a_task_of_a_job_array_knows_its_shard():
    assert Shard.of("auto", SLURM) == Shard(2, 4)


def test_an_array_that_counts_from_another_number_is_mapped():
    from_one = {"SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "4"}
    assert Shard.of("auto", SLURM | from_one) == Shard(1, 4)


def test_an_array_with_gaps_is_refused():
    gaps = {"SLURM_ARRAY_TASK_MAX": "6"}
    with pytest.raises(BadInput, match="an array of 4 tasks from 0 to 6"):
        Shard.of("auto", SLURM | gaps)


def test_a_part_of_an_array_needs_to_know_how_many_shards_there_are():
    again = {
        "SLURM_ARRAY_TASK_ID": "3",
        "SLURM_ARRAY_TASK_COUNT": "1",
        "SLURM_ARRAY_TASK_MIN": "3",
        "SLURM_ARRAY_TASK_MAX": "3",
    }
    with pytest.raises(BadInput, match="AMPHITRITE_SHARDS; received an array of 1"):
        Shard.of("auto", again)
    assert Shard.of("auto", again | {"AMPHITRITE_SHARDS": "4"}) == Shard(3, 4)


def test_a_task_of_an_indexed_job_knows_its_shard():
    job = {"JOB_COMPLETION_INDEX": "3", "AMPHITRITE_SHARDS": "8"}
    assert Shard.of("auto", job) == Shard(3, 8)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "neither SLURM_ARRAY_TASK_ID"),
        ({"JOB_COMPLETION_INDEX": "3"}, "AMPHITRITE_SHARDS; received 'nothing'"),
        ({**SLURM, "SLURM_ARRAY_TASK_ID": "x"}, "SLURM_ARRAY_TASK_ID; received 'x'"),
        ({"JOB_COMPLETION_INDEX": "4", "AMPHITRITE_SHARDS": "4"}, "received 4/4"),
    ],
)
def test_what_no_engine_says_is_refused(environment, message):
    with pytest.raises(BadInput, match=message):
        Shard.of("auto", environment)


def test_every_key_is_in_one_shard():
    shards = [Shard(index, 4) for index in range(4)]
    for number in range(50):
        key = f"TIC {number}"
        assert [s.index for s in shards if s.takes(key)] == [shard_of(key, 4)]


def test_the_shards_of_a_key_never_change():
    assert [shard_of(f"TIC {number}", 4) for number in range(6)] == [1, 1, 2, 1, 3, 0]


def test_a_thousand_keys_are_shared_evenly():
    sizes = Counter(shard_of(f"TIC {number}", 4) for number in range(1000))
    assert all(abs(size / 250 - 1) <= 0.15 for size in sizes.values())


def test_a_key_that_is_no_text_has_a_shard():
    assert 0 <= shard_of("star-\udcff.fits", 3) < 3


MANY = """
import re, time
from pathlib import Path
from amphitrite.engine.shards import Shard
from amphitrite.files.compression import plain_name
began = time.monotonic()
shard = Shard(1, 100)
names = (f"/data/s{n % 80:04d}/tess-{n:016d}-s_lc.fits" for n in range(500_000))
print(sum(shard.takes(plain_name(Path(name))) for name in names))
print(time.monotonic() - began)
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024)
"""


@pytest.mark.slow
def test_half_a_million_names_are_quickly_shared():
    said = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, check=True
    )
    n, seconds, megabytes = map(float, said.stdout.split())
    assert 0.85 <= n / 5000 <= 1.15
    assert seconds < 10
    assert megabytes < 500
