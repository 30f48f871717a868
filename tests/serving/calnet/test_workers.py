"""A worker process that is killed costs a message, and no finished star."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from astropy.table import QTable

from amphitrite.server.launcher import LocalTriton

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

STARS = range(1, 81, 2)


def test_a_killed_worker_is_told_and_its_run_goes_on(
    calnet_server: LocalTriton, write_star: Any, tmp_path: Path
) -> None:
    for number in STARS:
        write_star(tmp_path, number)
    command = [sys.executable, "-m", "amphitrite", "calnet", "*_lc.fits", "-o"]
    command += ["eb.fits", "--workers", "2", "--server", calnet_server.grpc_url]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as run:
        journal = tmp_path / "eb.fits.part" / "journal"
        while not (journal.exists() and journal.stat().st_size > 4000):
            assert run.poll() is None
            time.sleep(0.005)
        psutil.Process(run.pid).children()[0].kill()
        _, said = run.communicate(timeout=100)
    assert run.returncode == 2, said
    said = " ".join(said.split())
    assert "Traceback" not in said
    assert "a worker process was killed (SIGKILL), most likely for want of" in said
    assert "It was at work on" in said
    assert "finished parts are kept in" in said
    done = subprocess.run(
        [*command, "--resume", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert '"resumed": 0' not in done.stdout
    assert sorted(QTable.read(tmp_path / "eb.fits")["tic"]) == list(STARS)
