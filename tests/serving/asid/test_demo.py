"""The demo: what it prints is what its files say, and what it simulated is found."""

from __future__ import annotations

import json

import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.surveys.asid.prepare import inputs
from amphitrite_training.surveys.asid.demo import REGION, compare
from amphitrite_training.surveys.asid.simulate.files import SIMULATED

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def demo(amphitrite, shipped_server, tmp_path_factory):
    """Run the demo once; the folder, and what it reported as JSON."""
    folder = tmp_path_factory.mktemp("demo") / "new"
    done = amphitrite(
        *("demo", "--out", folder, "--server", shipped_server.grpc_url, "--json")
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_its_files_are_there(demo):
    folder, told = demo
    assert told["catalogue"] == str(folder / "catalogue.fits")
    assert told["truth"] == str(folder / "truth.fits")
    names = {path.name for path in folder.iterdir()}
    assert {"events.fits", "exposure.fits", "catalogue.fits"} <= names
    assert {"truth.fits", "sources.reg"} <= names
    if told["picture"]:
        assert (folder / "sky.png").read_bytes().startswith(b"\x89PNG")


def test_it_searches_at_least_forty_patches(demo):
    folder, told = demo
    assert told["patches"] >= 40
    photons = inputs.read([folder / "events.fits"])
    assert told["photons"] == len(photons)
    assert fits.getheader(folder / "events.fits", "EVENTS")["OBJECT"] == SIMULATED


def test_its_numbers_are_those_of_its_files(demo):
    folder, told = demo
    catalogue = QTable.read(folder / "catalogue.fits")
    truth = QTable.read(folder / "truth.fits")
    counted = compare(catalogue, truth)
    assert {key: told[key] for key in counted} == counted
    assert told["sources"] == len(catalogue)
    assert REGION.radius == 20


def test_it_finds_what_it_simulated(demo):
    _, told = demo
    # a region has a few hundred sources: one in twenty either way is chance
    assert told["true"] >= 0.9 * told["sources"]
    assert told["bright_found"] >= 0.95 * told["bright"]
    # some 30 bright sources, each measured to 0.05 dex
    assert told["flux_ratio"] == pytest.approx(1, abs=0.1)
    # four standard deviations of a share of some 200
    assert told["within_r95"] >= 0.89 * told["true"]


def test_each_stage_has_its_time(demo):
    _, told = demo
    assert list(told["seconds"]) == [
        *("simulating", "reading", "connecting", "serving", "writing")
    ]


def test_the_same_seed_gives_the_same_catalogue(demo, amphitrite, shipped_server):
    folder, _ = demo
    before = QTable.read(folder / "catalogue.fits")
    done = amphitrite(
        *("demo", "--out", folder, "--overwrite", "--server", shipped_server.grpc_url)
    )
    assert done.returncode == 0, done.stderr
    after = QTable.read(folder / "catalogue.fits")
    assert list(before["name"]) == list(after["name"])
    told = " ".join(done.stdout.split())
    assert "no measure of performance on the real sky" in told
    assert f"amphitrite asid {folder / 'events.fits'}" in " ".join(done.stderr.split())
