"""Shards through a real Triton, one of them killed, are merged as one run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

pytestmark = [
    pytest.mark.triton,
    pytest.mark.slow,
]

N_SHARDS = 4
BINARIES = 8  # one of so many stars is drawn as one: to measure it takes the longest
DAMAGED = 7
MANY = pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])
FEW = pytest.param(60, marks=pytest.mark.timeout(600))


def seed(number):
    """The seed of a star; those of even seeds are eclipsing binaries."""
    return 2 * number + (number % BINARIES != 0)


@pytest.fixture(scope="module")
def shipped(server_environment):
    with LocalTriton(
        checkout_repository(), [MODEL.name], environment=server_environment
    ) as server:
        yield server


@pytest.fixture(scope="module", params=[FEW, MANY])
def command(request, shipped, tmp_path_factory):
    """The command line over simulated stars, of which one is cut off."""
    folder = tmp_path_factory.mktemp("lc")
    stars = (draw_star(seed(number)) for number in range(request.param))
    paths = [write_star(star, folder) for star in stars]
    damaged = paths[DAMAGED]
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    words = [sys.executable, "-m", "amphitrite", "calnet", str(folder / "*.fits")]
    return [*words, "--server", shipped.grpc_url, "--workers", "0", "--json"]


def finished(words):
    """Run a command; return its exit code and what it said."""
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


@pytest.fixture(scope="module")
def whole(command, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "eb.fits"
    code, answer, _ = finished([*command, "-o", str(out)])
    assert code == 1
    return out, answer


def killed(words, part):
    """Run a shard and kill it when its journal has grown."""
    journal = part.with_name(f"{part.name}.part") / "journal"
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        while not (journal.exists() and journal.stat().st_size > 12_000):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert not part.exists()


@pytest.fixture(scope="module")
def parts(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    found = []
    for index in range(N_SHARDS):
        part = folder / f"{index}.part"
        words = [*command, "-o", str(part), "--shard", f"{index}/{N_SHARDS}"]
        if index == 1:
            killed(words, part)
            words.append("--resume")
        code, answer, error = finished(words)
        assert code == 0, error
        assert answer["shard"] == f"{index}/{N_SHARDS}"
        assert (answer["resumed"] > 0) == (index == 1)
        found.append(part)
    return found


def merged(parts, out, *more):
    words = [sys.executable, "-m", "amphitrite", "merge", *map(str, parts)]
    return finished([*words, "-o", str(out), "--json", *more])


def assert_same_rows(found, expected):
    """Compare catalogues to the bit, NaN included."""
    found, expected = QTable.read(found), QTable.read(expected)
    assert found.colnames == expected.colnames
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name


def test_merged_in_any_order_and_twice_they_are_one_run(whole, parts, tmp_path):
    expected, answer = whole
    out = tmp_path / "eb.fits"
    for order, more in ((parts, ()), (parts[::-1], ("--overwrite",))):
        code, found, error = merged(order, out, *more)
        assert code == 1, error
        assert f"{seed(DAMAGED)}-0000-s_lc.fits is cut off" in error
        assert found["skipped"] == answer["skipped"]
        for key in ("candidates", "stars", "segments", "files", "threshold"):
            assert found[key] == answer[key]
        assert found["stars"] > found["candidates"] > 0
        assert_same_rows(out, expected)
        header = fits.getheader(out)
        assert [header[f"PART{n}"] for n in range(1, N_SHARDS + 1)] == [
            part.name for part in parts
        ]


def test_a_missing_part_is_a_mistake_in_the_command(parts, tmp_path):
    code, _, error = merged(parts[1:], tmp_path / "eb.fits")
    assert code == 2
    assert "the part of shard 0/4 is missing" in error
    assert not (tmp_path / "eb.fits").exists()


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        ("4/4", "I counted from 0 to N - 1; received 4/4"),
        ("-1/4", "received -1/4"),
        ("1/0", "received 1/0"),
        ("auto", "neither SLURM_ARRAY_TASK_ID"),
    ],
)
def test_a_shard_that_there_is_not_is_a_mistake(command, tmp_path, shard, message):
    out = tmp_path / "0.part"
    code, _, error = finished([*command, "-o", str(out), f"--shard={shard}"])
    assert code == 2
    assert message in error.replace("\n", " ")
