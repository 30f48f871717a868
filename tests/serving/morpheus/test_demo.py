"""The demo of the images: what it prints is what its files say."""

from __future__ import annotations

import json

import pytest
from astropy.table import QTable, Table

from amphitrite_training.surveys.morpheus.demo import compare

pytestmark = [pytest.mark.triton, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(amphitrite, morpheus_server, tmp_path_factory):
    """Run the demo once; the folder, and what it reported as JSON."""
    folder = tmp_path_factory.mktemp("demo") / "new"
    server = morpheus_server.grpc_url
    done = amphitrite("demo", "morpheus", "--out", folder, "--server", server, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_its_files_are_there(demo):
    folder, told = demo
    assert told["catalogue"] == str(folder / "result" / "catalogue.fits")
    for name in ("catalogue", "colour"):
        assert told[name].startswith(str(folder / "result"))
    assert {path.name for path in (folder / "field").iterdir()} >= {
        *("h.fits", "j.fits", "v.fits", "z.fits", "truth.fits")
    }


def test_its_numbers_are_those_of_its_files(demo):
    folder, told = demo
    catalogue = QTable.read(folder / "result" / "catalogue.fits")
    truth = Table.read(folder / "field" / "truth.fits")
    counted = compare(catalogue, truth)
    assert {key: told[key] for key in counted} == counted
    # the served weights are the published ones: most bright galaxies are found
    assert counted["recovered"] > 0.5 * counted["bright"] > 0


def test_an_existing_folder_is_left_alone(demo, amphitrite, morpheus_server):
    folder, _ = demo
    server = morpheus_server.grpc_url
    done = amphitrite("demo", "morpheus", "--out", folder, "--server", server)
    assert done.returncode == 2
    assert "exists already" in done.stderr
