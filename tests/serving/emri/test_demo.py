"""The demo of the inspirals: what it prints is what its files say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from astropy.table import QTable

from amphitrite_training.surveys.emri.demo import SHOWN, compare

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def call(*arguments):
    """Run the demo to its end."""
    command = [sys.executable, "-m", "amphitrite", "demo", "emri"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(emri_server, tmp_path_factory):
    """Run the demo once; the folder, and what it reported as JSON."""
    folder = tmp_path_factory.mktemp("demo") / "new"
    done = call("--out", folder, "--server", emri_server.grpc_url, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_its_files_are_there(demo):
    folder, told = demo
    names = {path.name for path in folder.iterdir()}
    assert {"strain.h5", "triggers.ecsv", "truth.ecsv"} <= names
    if told["pictures"]:
        picture = folder / "pictures" / "stream.png"
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_its_numbers_are_those_of_its_files(demo):
    folder, told = demo
    found = QTable.read(folder / "triggers.ecsv")
    truth = QTable.read(folder / "truth.ecsv")
    assert len(truth) == len(SHOWN) == told["signals"]
    counted = compare(found, truth)
    assert {key: told[key] for key in counted} == counted
    assert told["segments"] == 16
    # the rule sees the energy of the loudest one
    assert counted["found"] >= 1


def test_each_stage_has_its_time(demo):
    _, told = demo
    stages = ["simulating", "reading", "searching", "measuring", "writing"]
    assert list(told["seconds"]) == stages


def test_the_same_seed_gives_the_same_triggers(demo, emri_server):
    folder, _ = demo
    before = QTable.read(folder / "triggers.ecsv")
    again = call("--out", folder, "--overwrite", "--server", emri_server.grpc_url)
    assert again.returncode == 0, again.stderr
    after = QTable.read(folder / "triggers.ecsv")
    assert list(before["statistic"]) == list(after["statistic"])
    shown = " ".join(again.stdout.split())
    assert "no measure of performance on real strain" in shown
    assert f"amphitrite emri {folder / 'strain.h5'}" in " ".join(again.stderr.split())
