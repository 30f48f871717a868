from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("onnxruntime", reason="needs the export extra")
pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite_export.conversion.parity import parity  # noqa: E402

pytestmark = pytest.mark.export


@pytest.fixture(scope="module")
def doubling():
    """A Keras network that multiplies by two."""
    x = keras.Input((3,), name="x")
    return keras.Model(x, {"y": keras.layers.Rescaling(2.0)(x)})


def samples(n=4):
    return {"x": np.random.default_rng(1).normal(size=(n, 3)).astype(np.float32)}


def test_the_difference_is_recorded(doubling, toys):
    assert parity(doubling, toys.content(2.0), samples()) == {
        "samples": 4,
        "max_abs_difference": {"y": 0.0},
    }


def test_rounding_passes_and_is_measured(doubling, toys):
    measured = parity(doubling, toys.content(2.000001), samples())
    assert 0 < measured["max_abs_difference"]["y"] < 1e-5


def test_another_network_is_refused(doubling, toys):
    with pytest.raises(BadInput, match=r"differs from the Keras network by .* in 'y'"):
        parity(doubling, toys.content(2.001), samples())


def test_an_answer_that_is_not_finite_is_refused(doubling, toys):
    spoilt = samples()
    spoilt["x"][0, 0] = np.nan
    with pytest.raises(BadInput, match="differs from the Keras network by nan"):
        parity(doubling, toys.content(2.0), spoilt)


def test_a_file_that_cannot_run_is_refused(doubling, toys):
    with pytest.raises(BadInput, match="ONNX Runtime cannot run the converted network"):
        parity(doubling, toys.content(2.0, width=5), samples())
