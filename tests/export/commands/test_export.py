from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")

from amphitrite.errors import BadInput, MissingExtra, SpecMismatch  # noqa: E402
from amphitrite.triton.artefact import Artefact  # noqa: E402
from amphitrite_export.commands.export import app as export  # noqa: E402
from amphitrite_export.conversion.artefact import load  # noqa: E402
from amphitrite_export.publishing import repository as repo  # noqa: E402
from amphitrite_export.publishing.config import specs_in  # noqa: E402
from amphitrite_training.fitting.artefact import save  # noqa: E402

pytestmark = [
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture
def artefact(tmp_path, toys):
    """A folder as `amphitrite train` writes it, of a network that doubles."""
    x = keras.Input((3,), name="x")
    trained = Artefact(
        model=keras.Model(x, {"y": keras.layers.Rescaling(2.0)(x)}),
        spec=toys.spec("toy"),
        samples={"x": np.eye(3, dtype=np.float32)},
        recipe={},
        metrics={},
    )
    save(trained, tmp_path / "artefact")
    return tmp_path / "artefact"


def call(*arguments):
    application = typer.Typer()
    application.command()(export)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_an_artefact_is_published_and_rolled_back(artefact, tmp_path):
    repository = tmp_path / "repository"
    first = json.loads(call(artefact, "--to", repository, "--json").stdout)
    (published,) = first["published"]
    assert (published["model"], published["version"]) == ("toy", 1)
    spec = specs_in(repo.read_config(repository, "toy"))[1]
    assert spec.learned["parity"]["samples"] == 3
    assert spec.digest == published["digest"]

    text = call(artefact, "--to", repository).stdout
    assert text.startswith("toy: version 2 is served (sha256:")
    back = call("--to", repository, "--rollback", "toy", "--json").stdout
    assert json.loads(back)["published"] == [published]


def test_publishing_twice_gives_the_same_digest(artefact, tmp_path):
    digests = {
        json.loads(call(artefact, "--to", tmp_path / "r", "--json").stdout)[
            "published"
        ][0]["digest"]
        for _ in range(2)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["artefact", "--rollback", "toy"]], ids=["neither", "both"]
)
def test_one_of_artefact_and_rollback_is_needed(arguments):
    with pytest.raises(BadInput, match="give either an artefact to publish or"):
        call(*arguments)


@pytest.mark.parametrize("name", ["model.keras", "spec.json", "samples.npz"])
def test_an_incomplete_artefact_names_what_is_missing(artefact, name):
    (artefact / name).unlink()
    with pytest.raises(BadInput, match=f"is no artefact: it has no {name}"):
        load(artefact)


def test_a_broken_spec_is_refused(artefact):
    (artefact / "spec.json").write_text("{}")
    with pytest.raises(SpecMismatch, match="not a model spec"):
        load(artefact)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ({"z": np.zeros((1, 3), np.float32)}, r"samples are of \['z'\]; the spec of"),
        (
            {"x": np.zeros((1, 4), np.float32)},
            r"float32\(1, 4\); the spec of 'toy' asks",
        ),
        ({"x": np.zeros(3, np.float32)}, r"float32\(3,\); the spec of 'toy' asks"),
        ({"x": np.zeros((1, 3))}, r"float64\(1, 3\); the spec of 'toy' asks"),
    ],
)
def test_samples_that_do_not_fit_are_refused(artefact, samples, message):
    np.savez(artefact / "samples.npz", **samples)
    with pytest.raises(BadInput, match=message):
        load(artefact)


@pytest.mark.parametrize("module", ["onnx", "keras", "tf2onnx"])
def test_without_the_extra_the_pip_line_is_shown(artefact, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    for name in (
        "publishing.publish",
        "publishing.validate",
        "conversion.convert",
        "conversion.parity",
        "surveys.asid.peaks",
        "surveys.asid.slots",
        "surveys.asid.ensembles",
        "surveys.asid.hooks",
        "publishing.hooks",
        "publishing.generations",
        "publishing.versions",
    ):
        monkeypatch.delitem(sys.modules, f"amphitrite_export.{name}", raising=False)
        monkeypatch.delattr(f"amphitrite_export.{name}", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'amphitrite\[export\]'"):
        call(artefact)
