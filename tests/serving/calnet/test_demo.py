"""The demo of the light curves: what it prints is what its files say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite_training.surveys.calnet.demo import SHOWN, compare
from amphitrite_training.surveys.calnet.simulate.files import SIMULATED

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def call(*arguments):
    """Run the demo to its end."""
    command = [sys.executable, "-m", "amphitrite", "demo", "calnet"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(calnet_server, tmp_path_factory):
    """Run the demo once; the folder, and what it reported as JSON."""
    folder = tmp_path_factory.mktemp("demo") / "new"
    done = call("--out", folder, "--server", calnet_server.grpc_url, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_its_files_are_there(demo):
    folder, told = demo
    assert told["catalogue"] == str(folder / "catalogue.fits")
    assert told["truth"] == str(folder / "truth.fits")
    names = {path.name for path in folder.iterdir()}
    assert {"light_curves", "catalogue.fits", "truth.fits"} <= names
    if told["pictures"]:
        sheet = folder / "pictures" / "contact_sheet.png"
        assert sheet.read_bytes().startswith(b"\x89PNG")


def test_every_file_says_that_it_is_simulated(demo):
    folder, _ = demo
    files = list((folder / "light_curves").iterdir())
    assert len(files) == len(SHOWN)
    for path in files:
        assert fits.getheader(path)["ORIGIN"] == SIMULATED
    assert fits.getheader(folder / "truth.fits", 1)["OBJECT"] == SIMULATED


def test_its_numbers_are_those_of_its_files(demo):
    folder, told = demo
    catalogue = QTable.read(folder / "catalogue.fits")
    truth = QTable.read(folder / "truth.fits")
    assert len(catalogue) == len(truth) == len(SHOWN)
    counted = compare(catalogue, truth, told["threshold"])
    assert {key: told[key] for key in counted} == counted
    assert counted["binaries"] == 6


def test_each_stage_has_its_time(demo):
    _, told = demo
    assert list(told["seconds"]) == ["simulating", "scoring", "measuring", "writing"]


def test_the_same_seed_gives_the_same_catalogue(demo, calnet_server):
    folder, told = demo
    before = QTable.read(folder / "catalogue.fits")
    again = call("--out", folder, "--overwrite", "--server", calnet_server.grpc_url)
    assert again.returncode == 0, again.stderr
    after = QTable.read(folder / "catalogue.fits")
    assert list(before["tic"]) == list(after["tic"])
    assert list(before["p_eb"]) == list(after["p_eb"])
    shown = " ".join(again.stdout.split())
    assert "no measure of performance on real stars" in shown
    assert f"{told['found']} reach the threshold of 0.9" in shown
    command = f"amphitrite calnet '{folder / 'light_curves'}/*.fits'"
    assert command in " ".join(again.stderr.split())
