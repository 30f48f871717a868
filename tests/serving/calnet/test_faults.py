"""Killed clients and servers, and corrupt files: no star is lost, and all is said."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest
from astropy.table import QTable

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.surveys.calnet.page import MODEL

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

BINARIES = range(2, 62, 2)
OTHERS = range(1, 181, 2)
STARS = [*BINARIES, *OTHERS]
CORRUPT = 99
N_KILLS = 3
SKIPPED = 1  # the exit code


@pytest.fixture(scope="module")
def folder(write_star, tmp_path_factory):
    """120 light curves with just enough points, of which one is cut off."""
    folder = tmp_path_factory.mktemp("lc")
    for number in STARS:
        path = write_star(folder, number, days=2.9)
        if number == CORRUPT:
            path.write_bytes(path.read_bytes()[:20_000])
    return folder


@pytest.fixture
def launch():
    """Start the command line; whatever is left of it at the end is killed."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "amphitrite", *map(str, arguments), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)
        process.communicate()


def kill(process):
    """Kill a client with SIGKILL; its workers end with it."""
    with suppress(psutil.NoSuchProcess):
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        left = psutil.wait_procs(workers, timeout=20)[1]
        for worker in left:
            worker.kill()
        assert not left


def journal_of(out):
    return out.with_name(f"{out.name}.part") / "journal"


def size(out):
    """Return how long the journal of a run is, 0 where there is none."""
    try:
        return journal_of(out).stat().st_size
    except FileNotFoundError:
        return 0


def until(condition, process, seconds=120):
    """Wait for something that has to come while a process runs."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.002)


def assert_done(process):
    """Check the end of a run on the folder; return what it said."""
    said, err = process.communicate(timeout=120)
    assert process.returncode == SKIPPED, err
    answer = json.loads(said)
    assert answer["files"] == len(STARS)
    (skipped,) = answer["skipped"].values()
    assert f"{CORRUPT:016d}_lc.fits is cut off" in skipped
    assert skipped in err
    return answer


def assert_same_rows(found, expected):
    """Compare catalogues to the bit, NaN included."""
    found, expected = QTable.read(found), QTable.read(expected)
    assert found.colnames == expected.colnames
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name


@pytest.fixture(scope="module")
def command(folder, calnet_server):
    return ("calnet", folder / "*.fits", "--server", calnet_server.grpc_url)


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    """The catalogue of a run that nothing disturbs, and its journal's last length."""
    out = tmp_path_factory.mktemp("undisturbed") / "eb.fits"
    words = [sys.executable, "-m", "amphitrite", *map(str, command), "-o", str(out)]
    largest = 0
    with subprocess.Popen([*words, "--quiet"], stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            largest = max(largest, size(out))
            time.sleep(0.002)
        assert process.returncode == SKIPPED, process.stderr.read()
    return out, largest


def test_a_corrupt_file_is_skipped(undisturbed):
    out, _ = undisturbed
    table = QTable.read(out)
    assert set(table["tic"]) == {*STARS} - {CORRUPT}
    assert (table.meta["NFILES"], table.meta["NSKIPPED"]) == (len(STARS), 1)
    found = np.asarray(table["tic"][table["p_eb"] >= 0.9])
    np.testing.assert_array_equal(found, BINARIES)


@pytest.mark.long
def test_a_client_killed_at_any_moment_goes_on(command, undisturbed, launch, tmp_path):
    expected, largest = undisturbed
    moments = random.Random(4)
    resumed = []
    for number in range(N_KILLS):
        out = tmp_path / f"eb{number}.fits"
        workers = ("--workers", number)
        process = launch(*command, *workers, "-o", out)
        moment = moments.uniform(0.02, 0.9) * largest
        until(lambda: size(out) >= moment, process)  # noqa: B023 - called at once
        kill(process)
        assert not out.exists()
        again = launch(*command, *workers, "-o", out, "--resume")
        resumed.append(assert_done(again)["resumed"])
        assert not journal_of(out).parent.exists()
        assert_same_rows(out, expected)
    # Files and candidates that need not be done again.
    assert all(0 < n < len(STARS) for n in resumed)
    assert len(set(resumed)) > 1


@pytest.mark.long
def test_a_killed_server_is_said_and_survived(
    command, calnet_repository, server_environment, undisturbed, launch, tmp_path
):
    expected, largest = undisturbed
    out = tmp_path / "eb.fits"
    options = {"models": [MODEL.name], "environment": server_environment}
    with LocalTriton(calnet_repository, listening=Network(), **options) as first:
        url = first.grpc_url
        process = launch(*command[:2], "--server", url, "-o", out, "--patience", 60)
        until(lambda: size(out) > 0.2 * largest, process)
        psutil.Process(first.pid).kill()
        time.sleep(0.5)
        assert process.poll() is None
    port = int(url.rpartition(":")[2])
    again = Network(grpc_port=port)
    with LocalTriton(calnet_repository, listening=again, **options):
        _, err = process.communicate(timeout=120)
    assert process.returncode == SKIPPED, err
    assert "no Triton server" in err
    assert "Trying again for 60 s" in err
    assert_same_rows(out, expected)


@pytest.mark.long
def test_one_of_two_servers_killed_stops_no_run(
    command, calnet_repository, server_environment, undisturbed, launch, tmp_path
):
    expected, largest = undisturbed
    out = tmp_path / "eb.fits"
    options = {"models": [MODEL.name], "environment": server_environment}
    with (
        LocalTriton(calnet_repository, listening=Network(), **options) as first,
        LocalTriton(calnet_repository, listening=Network(), **options) as second,
    ):
        servers = f"{first.grpc_url},{second.grpc_url}"
        process = launch(*command[:2], "--server", servers, "-o", out)
        until(lambda: size(out) > 0.2 * largest, process)
        psutil.Process(first.pid).kill()
        _, err = process.communicate(timeout=120)
    assert process.returncode == SKIPPED, err
    assert f"goes to the other servers of {servers}" in err
    assert "Trying again for" not in err
    assert_same_rows(out, expected)
