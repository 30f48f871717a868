"""A survey's hooks decide what is published with its networks."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.triton.artefact import Artefact  # noqa: E402
from amphitrite_export.publishing import repository as repo  # noqa: E402
from amphitrite_export.publishing.hooks import Hooks  # noqa: E402
from amphitrite_export.publishing.publish import publish  # noqa: E402

pytestmark = [
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture
def artefact(toys):
    """The first half of the toys' ensemble, a network that doubles."""
    x = keras.Input((3,), name="x")
    network = keras.Model(x, {"y": keras.layers.Rescaling(2.0)(x)})
    return Artefact(network, toys.spec("first"), {"x": np.eye(3, dtype=np.float32)})


def names(done):
    return [each.model for each in done]


def test_a_plain_network_needs_no_hooks(artefact, tmp_path):
    assert names(publish([artefact], tmp_path)) == ["first"]


def test_companions_complete_an_ensemble(artefact, toys, tmp_path):
    given = []

    def companions(specs):
        given.extend(spec.name for spec in specs)
        return [toys.file("second", 10)]

    hooks = Hooks(companions=companions, ensembles=(toys.chain(),))
    done = publish([artefact], tmp_path, hooks=[Hooks(), hooks])
    assert names(done) == ["first", "second", "chain"]
    assert given == ["first"]


def test_a_survey_converts_its_models_itself(artefact, toys, tmp_path):
    own = toys.file("first", 7)
    hooks = Hooks(convert={"first": lambda _: own})
    (done,) = publish([artefact], tmp_path, hooks=[hooks])
    assert done.digest == own.spec.digest


def test_members_that_a_survey_refuses_are_not_published(artefact, toys, tmp_path):
    def check_members(members):
        raise BadInput(f"{len(members)} members")

    hooks = Hooks(
        companions=lambda _: [toys.file("second", 10)],
        ensembles=(toys.chain(),),
        check_members=check_members,
    )
    with pytest.raises(BadInput, match="2 members"):
        publish([artefact], tmp_path, hooks=[hooks])
    assert repo.models(tmp_path) == []
