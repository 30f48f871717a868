"""Surveys from programs and users of every kind, with the models of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.table import QTable

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment

pytestmark = pytest.mark.triton

STRANGER = ("unshare", "-U", "--map-user=4242", "--map-group=4242")
RUN = """
import sys, amphitrite
from amphitrite.engine import Control, Limits

def run():
    control = Control(limits=Limits(workers=2))
    found = amphitrite.run("calnet", sys.argv[1:2], sys.argv[2], control=control)
    print(len(found), float(found["p_eb"][0]), float(found["period"][0].value))
"""
PROGRAMS = {
    "script": RUN + "run()\n",
    "standard input": RUN + "run()\n",
    "daemonic": (
        "import multiprocessing\n"
        + RUN
        + "if __name__ == '__main__':\n"
        + "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        + "        pool.apply(run)\n"
    ),
}


@pytest.fixture(scope="module")
def cases(beside_data: Callable[[str], Path]) -> Path:
    """Files of people's trials, beside the shared data."""
    return beside_data("cases")


@pytest.fixture(scope="module")
def server(server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    repository = checkout_repository()
    assert repository is not None
    models = ["calnet", "morpheus"]
    with LocalTriton(repository, models, environment=server_environment) as running:
        yield running


@pytest.mark.parametrize("kind", PROGRAMS)
def test_any_program_prepares_in_processes(
    kind: str, cases: Path, server: LocalTriton, tmp_path: Path
) -> None:
    star = cases / "lc_reference" / "plain_lc.fits.gz"
    (tmp_path / "program.py").write_text(PROGRAMS[kind])
    program = "-" if kind == "standard input" else "program.py"
    done = subprocess.run(
        [sys.executable, program, star, server.grpc_url],
        cwd=tmp_path,
        input=PROGRAMS[kind] if program == "-" else None,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    n, p_eb, period = map(float, done.stdout.split())
    assert n == 1
    assert p_eb > 0.999
    assert period == pytest.approx(3.2, abs=2e-3)


def test_a_user_without_home_runs_a_survey(
    cases: Path, server: LocalTriton, tmp_path: Path
) -> None:
    if (
        not shutil.which("unshare")
        or subprocess.run([*STRANGER, "true"], capture_output=True).returncode
    ):
        pytest.skip("needs user namespaces (unshare -U)")
    for name in ("work", "tmp"):
        (tmp_path / name).mkdir()
    kept = {
        name: text
        for name, text in os.environ.items()
        if name != "HOME" and not name.startswith(("XDG_", "AMPHITRITE_"))
    }
    bands = [cases / "images_plain" / f"{band}.fits" for band in "hjvz"]
    done = subprocess.run(
        [
            *STRANGER,
            *(sys.executable, "-m", "amphitrite", "morpheus", *bands, "-o", "out"),
            *("--quiet", "--server", server.grpc_url),
        ],
        cwd=tmp_path / "work",
        env={**kept, "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["out"]
    assert not list((tmp_path / "tmp").iterdir())
    found = QTable.read(tmp_path / "work" / "out" / "catalogue.fits")
    np.testing.assert_allclose(
        np.sort(found["flux_h"].value), [10.48, 20.24, 49.96], rtol=1e-3
    )
