"""Killed clients, servers and stubs: nothing is lost and everything is said."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time

import numpy as np
import psutil
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.surveys.morpheus.page import LABELS
from amphitrite.triton.repository import find_repository

pytestmark = [pytest.mark.triton, pytest.mark.slow]

OPTIONS = ("--stride", 2, "--strip-rows", 8, "--batch", 32, "--no-report")
PLANES = ("MEAN", "VARIANCE", "RANK_VOTE")


def products(out):
    """Return everything that a run has found, to be compared bit for bit."""
    maps = [fits.getdata(out / f"{label}.fits", p) for label in LABELS for p in PLANES]
    segments = fits.getdata(out / "segmap.fits")
    return np.array(maps), segments, QTable.read(out / "catalogue.fits")


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    assert len(found[2]) == len(expected[2])
    for name in expected[2].colnames:
        np.testing.assert_array_equal(found[2][name], expected[2][name])


@pytest.fixture(scope="module")
def bands(blobs, write_bands_into, tmp_path_factory):
    return write_bands_into(tmp_path_factory.mktemp("field"), blobs((90, 100)))


@pytest.fixture(scope="module")
def undisturbed(bands, amphitrite, morpheus_server, tmp_path_factory):
    """Seconds and products of a run that nothing disturbs."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    began = time.monotonic()
    done = amphitrite(
        *("morpheus", *bands, "-o", out, *OPTIONS),
        *("--server", morpheus_server.grpc_url),
    )
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began, products(out)


@pytest.mark.long
def test_a_client_killed_at_any_moment_goes_on(
    bands, undisturbed, launch, amphitrite, morpheus_server, tmp_path
):
    seconds, expected = undisturbed
    moments = random.Random(20)
    command = ("morpheus", *bands, *OPTIONS, "--server", morpheus_server.grpc_url)
    killed = reused = 0
    for number in range(40):
        if killed == 20:
            break
        out = tmp_path / f"out{number}"
        began = time.monotonic()
        process = launch(*command, "-o", out)
        try:
            process.wait(moments.uniform(0.1, 1.0) * seconds)
            seconds = min(seconds, time.monotonic() - began)
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
        part = tmp_path / f"out{number}.part"
        if part.exists() or not out.exists():  # else the end was reached
            done = amphitrite(*command, "-o", out, "--resume", "--json")
            assert done.returncode == 0, done.stderr
            reused += json.loads(done.stdout)["resumed"] > 0
        assert not part.exists()
        assert_same(products(out), expected)
    assert killed == 20
    assert reused >= 3


def test_ctrl_c_says_how_to_go_on(
    bands, undisturbed, launch, amphitrite, morpheus_server, tmp_path
):
    out = tmp_path / "out"
    command = ("morpheus", *bands, *OPTIONS, "--server", morpheus_server.grpc_url)
    process = launch(*command, "-o", out)
    journal = tmp_path / "out.part" / "journal"
    until(lambda: journal.exists() and journal.stat().st_size > 10_000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in err
    assert "Traceback" not in err
    assert not out.exists()
    done = amphitrite(*command, "-o", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert_same(products(out), undisturbed[1])


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.01)


def find(server, name):
    """Return the server's processes of one kind."""
    family = psutil.Process(os.getpid()).children(recursive=True)
    return [
        process
        for process in family
        if name in process.name() and process.pid != os.getpid()
        and any(p.pid == server.pid for p in [process, *process.parents()])
    ]  # fmt: skip


@pytest.mark.parametrize("victim", ["tritonserver", "triton_python"])
def test_a_killed_server_or_stub_is_said_and_survived(
    victim, bands, undisturbed, launch, server_environment, tmp_path
):
    out = tmp_path / "out"
    journal = tmp_path / "out.part" / "journal"
    options = {"models": ["morpheus"], "environment": server_environment}
    with LocalTriton(find_repository(), listening=Network(), **options) as first:
        port = int(first.grpc_url.rpartition(":")[2])
        command = ("morpheus", *bands, *OPTIONS, "--server", first.grpc_url)
        process = launch(*command, "-o", out, "--patience", 60)
        until(lambda: journal.exists() and journal.stat().st_size > 10_000)
        victims = find(first, victim)
        assert victims
        for found in victims:
            # one may have ended by itself since it was listed
            with contextlib.suppress(psutil.NoSuchProcess):
                found.kill()
        time.sleep(1.5)
        assert process.poll() is None
    with LocalTriton(find_repository(), listening=Network(grpc_port=port), **options):
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Trying again for 60 s" in err
    assert ("has died" if victim == "triton_python" else "no Triton server") in err
    assert_same(products(out), undisturbed[1])


def test_a_server_that_stays_away_ends_the_run_with_what_to_do(
    bands, undisturbed, launch, amphitrite, server_environment, tmp_path
):
    out = tmp_path / "out"
    journal = tmp_path / "out.part" / "journal"
    repository = find_repository()
    options = {"models": ["morpheus"], "environment": server_environment}
    with LocalTriton(repository, listening=Network(), **options) as one:
        port = int(one.grpc_url.rpartition(":")[2])
        command = ("morpheus", *bands, *OPTIONS, "--server", one.grpc_url, "-o", out)
        process = launch(*command, "--patience", 2)
        until(lambda: journal.exists() and journal.stat().st_size > 10_000)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "--resume" in err
    assert "Traceback" not in err
    with LocalTriton(repository, listening=Network(grpc_port=port), **options):
        done = amphitrite(*command, "--resume")
    assert done.returncode == 0, done.stderr
    assert_same(products(out), undisturbed[1])
