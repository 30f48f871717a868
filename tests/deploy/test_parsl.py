"""The example for Parsl gives the catalogue of one run."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.table import QTable

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import provision
from amphitrite.surveys.calnet.page import MODEL
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

EXAMPLE = Path(__file__).parents[2] / "deploy" / "parsl" / "survey.py"
N_STARS, N_SHARDS = 6, 3

pytestmark = [
    pytest.mark.triton,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        importlib.util.find_spec("parsl") is None, reason="parsl is not installed"
    ),
]


@pytest.fixture
def programs(tmp_path):
    """A folder with the command line of the amphitrite that is tested."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "amphitrite"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m amphitrite "$@"\n')
    program.chmod(0o755)
    return folder


def test_shards_and_their_merge_run_with_parsl(programs, tmp_path):
    (tmp_path / "lc").mkdir()
    (tmp_path / "parts").mkdir()
    for number in range(N_STARS):
        write_star(draw_star(number), tmp_path / "lc")
    # Parsl starts programs of its own by name, as an activated environment has them
    path = (str(programs), str(Path(sys.executable).parent), os.environ["PATH"])
    environment = {**os.environ, "PATH": os.pathsep.join(path)}

    def run(*words):
        done = subprocess.run(
            [str(word) for word in words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    with LocalTriton(
        checkout_repository(), [MODEL.name], environment=provision()
    ) as triton:
        words = ("calnet", f"{tmp_path}/lc/*.fits", "--server", triton.grpc_url)
        run("amphitrite", *words, "-o", "whole.fits")
        out = tmp_path / "eb.fits"
        run(sys.executable, EXAMPLE, N_SHARDS, tmp_path / "parts", out, *words)
    found, expected = QTable.read(out), QTable.read(tmp_path / "whole.fits")
    assert len(found) == N_STARS
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name
