"""The demo of clusters: what it says is what its files say."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.surveys.darkcnn.page import WARNING
from amphitrite.triton.connection import Connection
from amphitrite_training.surveys.darkcnn import demo as demonstration

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    pytest.mark.slow,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@dataclass
class Typing:
    """A user who keeps what the demo says."""

    can_draw: bool = False

    def control(self, said, command):
        self.said = said
        self.command = command


@pytest.fixture(scope="module")
def demo(darkcnn_server, tmp_path_factory):
    """Run the demo once; its folder, its text and what it reported."""
    folder = tmp_path_factory.mktemp("demo")
    user = Typing()
    with Connection(darkcnn_server.grpc_url) as connection:
        text, told = demonstration.demo(folder, user, nullcontext(connection))
    return folder, text, told


def test_its_numbers_are_those_of_its_files(demo):
    folder, _, told = demo
    found = QTable.read(folder / "clusters.fits", hdu=1)
    truth = QTable.read(folder / "truth.fits")
    assert len(found) == len(truth) == demonstration.N_CLUSTERS == told["clusters"]
    assert found["in_sample"].sum() == told["in_sample"] > 0
    assert told["true"] == truth["sigma_m"][0].value
    header = fits.getheader(folder / "clusters.fits", 1)
    assert header["SIGMA_M"] == pytest.approx(told["estimate"], abs=1e-4)


def test_it_says_that_nothing_is_to_be_published(demo):
    _, text, told = demo
    assert text.startswith(WARNING)
    assert told["warning"] == WARNING
    assert "Simulated data" in text


def test_each_stage_has_its_time(demo):
    _, _, told = demo
    assert list(told["seconds"]) == ["simulating", "reading", "judging", "writing"]
