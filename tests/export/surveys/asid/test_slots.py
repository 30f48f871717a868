"""A network of single sources, wrapped for the peaks of patches."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")
onnx = pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.surveys.asid.page import HEADS, per_source  # noqa: E402
from amphitrite_export.conversion.convert import call, to_onnx  # noqa: E402
from amphitrite_export.conversion.parity import run, session  # noqa: E402
from amphitrite_export.surveys.asid.slots import answer, over_slots  # noqa: E402

pytestmark = [
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

# float32 sums of a few thousand products, in another order in each runtime
ATOL = 1e-5
NAMES = [head.name for head in HEADS]


@pytest.fixture(scope="module")
def artefacts(heads):
    return dict(zip(NAMES, heads(seed=5), strict=True))


@pytest.fixture(scope="module")
def files(artefacts):
    """The wrapped network of each head."""
    return {
        head.name: over_slots(
            to_onnx(artefacts[head.name].model, per_source(head)), head
        ).SerializeToString(deterministic=True)
        for head in HEADS
    }


def tensors_of(head, valid, seed=0):
    rng = np.random.default_rng(seed)
    n, k = valid.shape
    given = {
        "cutouts": rng.poisson(2.0, (n, k, 20, 20, 3)).astype(np.float32),
        "valid": valid,
        "auxiliary": rng.normal(0, 1, (n, k, 5)).astype(np.float32),
        "exposure": rng.uniform(1e11, 4e11, (n, 5)).astype(np.float32),
    }
    return {tensor.name: given[tensor.name] for tensor in head.inputs}


@pytest.mark.parametrize("head", HEADS, ids=NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (4, 7), (2, 64)])
def test_each_peak_has_the_networks_answer_and_no_other_place_has_one(
    files, artefacts, head, shape
):
    rng = np.random.default_rng(6)
    valid = rng.random(shape) < 0.5
    valid.flat[0] = True
    tensors = tensors_of(head, valid)
    have = run(files[head.name], tensors)
    patch, _ = np.nonzero(valid)
    sources = {
        name: values[patch] if name == "exposure" else values[valid]
        for name, values in tensors.items()
        if name != "valid"
    }
    want = call(artefacts[head.name].model, sources)
    for tensor in head.outputs:
        got = have[tensor.name]
        assert got.dtype == tensor.dtype
        assert got.shape == (*shape, *tensor.shape[1:])
        np.testing.assert_allclose(
            got[valid], np.asarray(want[tensor.name]), rtol=0, atol=ATOL
        )
        assert np.isnan(got[~valid]).all()


@pytest.mark.parametrize("head", HEADS, ids=NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 64), (2, 0), (0, 5)])
def test_no_peak_at_all_is_answered(files, head, shape):
    have = run(files[head.name], tensors_of(head, np.zeros(shape, bool)))
    for tensor in head.outputs:
        assert have[tensor.name].shape == (*shape, *tensor.shape[1:])
        assert np.isnan(have[tensor.name]).all()


@pytest.mark.parametrize("head", HEADS, ids=NAMES)
def test_what_stands_in_an_empty_place_changes_nothing(files, head):
    valid = np.array([[True, False, True], [False, False, True]])
    tensors = tensors_of(head, valid)
    before = run(files[head.name], tensors)
    tensors["cutouts"][~valid] = np.nan
    tensors["auxiliary"][~valid] = np.inf
    after = run(files[head.name], tensors)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


@pytest.mark.parametrize("head", HEADS, ids=NAMES)
def test_the_file_is_the_contract_with_free_axes(files, head):
    running = session(files[head.name])
    for values, tensors in (
        (running.get_inputs(), head.inputs),
        (running.get_outputs(), head.outputs),
    ):
        assert [value.name for value in values] == [tensor.name for tensor in tensors]
        for value, tensor in zip(values, tensors, strict=True):
            shape = [n if isinstance(n, int) else -1 for n in value.shape]
            assert shape == [-1, *tensor.shape]


def test_the_same_network_gives_the_same_file(files, artefacts):
    head = HEADS[0]
    again = over_slots(to_onnx(artefacts[head.name].model, per_source(head)), head)
    assert again.SerializeToString(deterministic=True) == files[head.name]


def test_sources_are_compared_one_by_one(files, artefacts):
    for name, content in files.items():
        samples = artefacts[name].samples
        have = answer(content, samples)
        want = call(artefacts[name].model, samples)
        for output, values in have.items():
            np.testing.assert_allclose(
                values, np.asarray(want[output]), rtol=0, atol=ATOL
            )


def test_a_network_in_double_precision_is_refused(artefacts):
    from amphitrite.errors import BadInput

    model = artefacts["asid_classifier"].model
    double = keras.Model(
        model.input, {k: v * np.float64(2.0) for k, v in model.output.items()}
    )
    with pytest.raises(BadInput, match="as float64; the spec of 'asid_classifier' dec"):
        to_onnx(double, per_source(HEADS[1]))
