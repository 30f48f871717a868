"""From a user's labelled maps to a network of their own on a real Triton, and on."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import fields

import numpy as np
import pytest
import typer
from astropy.table import Table
from typer.testing import CliRunner

from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import MODEL, OWN_WARNING, WARNING
from amphitrite.surveys.darkcnn.run import run
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository
from amphitrite_training.commands import forecast as command
from amphitrite_training.commands.train import train

pytestmark = [
    *(pytest.mark.triton, pytest.mark.export, pytest.mark.training, pytest.mark.long),
    # a tiny network, but a training, an export and a server on a busy machine
    pytest.mark.timeout(600),
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
TINY = ("width=0.1", "pixels=50", "batch_size=4", "epochs=2", "noisy_share=0.3")


def call(what, *arguments):
    application = typer.Typer()
    application.command()(what)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.stdout


def settings(*texts):
    return [word for text in texts for word in ("--set", text)]


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Return an archive of 60 labelled maps of 20 ids, labels in m2/kg."""
    from amphitrite_training.surveys.darkcnn.simulate.clusters import Chunk, passing
    from amphitrite_training.surveys.darkcnn.simulate.files import write_archive
    from amphitrite_training.surveys.darkcnn.simulate.maps import Truth

    some = passing(Chunk(9_000_000, 20))
    names = [field.name for field in fields(Truth)]
    truths = [
        Truth(**{name: some.truth[name][place].item() for name in names})
        for place in range(60)
    ]
    path = tmp_path_factory.mktemp("own") / "maps.npz"
    others = {
        "sigma": some.truth["cross_section"] / 10,
        "sigma_unit": "m2/kg",
        "halo": some.truth["number"],
        "id": np.arange(60),
    }
    write_archive(path, truths, [some[place] for place in range(60)], **others)
    return path


@pytest.fixture(scope="module")
def artefact(maps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artefact") / "mine"
    words = ("--labels", "sigma", "--group", "halo", "--json")
    told = json.loads(
        call(train, "darkcnn", "--maps", maps, *words, "-o", folder, *settings(*TINY))
    )
    assert told["own_test"]["n_groups"] >= 4
    return folder


@pytest.fixture(scope="module")
def server(artefact, server_environment, tmp_path_factory):
    from amphitrite_export.conversion.artefact import load
    from amphitrite_export.publishing.publish import publish

    repository = tmp_path_factory.mktemp("repository")
    publish([load(artefact)], repository, hooks=[])
    with LocalTriton(repository, environment=server_environment) as running:
        yield running


def test_the_card_says_whose_it_is(artefact):
    card = (artefact / "MODEL_CARD.md").read_text()
    assert card.index("own maps, not by Amphitrite's") < 400
    for said in ("maps.npz", "| 0.1 | 20 |", "most frequent", "floor", "By `halo`"):
        assert said in card
    assert "amphitrite export" in card.splitlines()[-2]


def test_what_was_learned_is_served(server, artefact):
    with Connection(server.grpc_url) as connection:
        spec = connection.model(MODEL).spec
    learned = Learned.of(spec)
    assert learned.shifts == {}
    assert len(learned.curves["total"]) == 5  # noise was asked for
    own = spec.learned["own"]
    assert own["maps_by_cross_section"] == [[0, 20], [0.1, 20], [1, 20]]
    sets = own["sets"].values()
    assert (sum(n for n, _ in sets), sum(n for _, n in sets)) == (20, 60)


def test_the_maps_are_judged_by_it(server, maps, tmp_path):
    with Connection(server.grpc_url) as connection:
        found = run([maps], nullcontext(connection), tmp_path / "t.fits", Options())
    assert len(found.table) == 60
    assert found.warning == OWN_WARNING
    assert found.table.meta["WARNING"] == OWN_WARNING
    assert np.isfinite(found.table["sigma_m"]).all()
    assert found.n_sample > 40
    assert len(found.sample) == 2  # no systematics
    assert Table.read(tmp_path / "t.fits", hdu=1)["cluster_id"][0] == "0"


def test_training_goes_on_from_its_weights(artefact, maps, tmp_path):
    words = ("--labels", "sigma", "--group", "halo", "--from-weights", artefact)
    few = settings("epochs=1", "noisy_share=0.3")
    call(train, "darkcnn", "--maps", maps, *words, "-o", tmp_path / "more", *few)
    spec = json.loads((tmp_path / "more" / "spec.json").read_text())
    assert spec["learned"]["own"]["weights"].startswith("sha256:")
    assert spec["learned"]["recipe"]["width"] == 0.1
    assert "from the weights of a network" in " ".join(
        (tmp_path / "more" / "MODEL_CARD.md").read_text().split()
    )


def test_a_forecast_with_the_shipped_network(server_environment, tmp_path, monkeypatch):
    """One of few maps finds most other clusters unlike its own; see the forecast."""
    from amphitrite_training.surveys.darkcnn import forecast

    monkeypatch.setattr(forecast, "POOL", (200, 200))
    monkeypatch.setattr(forecast, "KNOWN_IDS", 120)
    words = ("--sigma", "0.3", "--n", "50", "--n-gal", "100", "--mocks", "20")
    repository = find_repository()
    with LocalTriton(
        repository, [MODEL.name], environment=server_environment
    ) as server:
        told = json.loads(
            call(
                *(command.forecast, "darkcnn", *words, "--json"),
                *("--server", server.grpc_url, "--plots", tmp_path / "plots"),
            )
        )
    assert told["warning"] == WARNING
    assert told["n_pool"] > 100
    assert 0 < told["half_width"] < 1
    assert "cores older by 22 %" in told["systematics"]
    assert (tmp_path / "plots" / "forecast.png").is_file()
