from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the export extra")
pytest.importorskip("tf2onnx", reason="needs the export extra")
onnx = pytest.importorskip("onnx", reason="needs the export extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")

from keras import layers, ops  # noqa: E402

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.triton.spec import ModelSpec, TensorSpec  # noqa: E402
from amphitrite_export.conversion.convert import OnnxFile, call, digest, to_onnx  # noqa: E402
from amphitrite_export.conversion.parity import run  # noqa: E402

pytestmark = pytest.mark.export

# Sums of up to some thousand float32 products in another order: each rounds by 6e-8 of
# the running sum. SERVING networks of this kind differ by less than 3e-6.
ATOL = 1e-5


def spec_of(model) -> ModelSpec:
    """Describe a network as it is."""

    def tensor(name, shape):
        lengths = tuple(-1 if n is None else n for n in shape[1:])
        axes = tuple(f"axis{i}" for i in range(len(lengths)))
        return TensorSpec(name, "float32", lengths, axes)

    given = model.output
    outputs = (
        given
        if isinstance(given, dict)
        else dict(zip(model.output_names, model.outputs, strict=True))
    )
    return ModelSpec(
        name="network",
        inputs=tuple(tensor(i.name, i.shape) for i in model.inputs),
        outputs=tuple(tensor(name, o.shape) for name, o in outputs.items()),
    )


def image_to(*stack):
    x = inputs = keras.Input((16, 16, 3), name="image")
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, {"y": x})


def series_to(*stack):
    x = inputs = keras.Input((64, 2), name="series")
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, {"y": x})


def channel_and_spatial_attention():
    """Weigh channels by their means and maxima, then samples likewise (CBAM)."""
    x = inputs = keras.Input((64, 8), name="series")
    squeeze, excite = layers.Dense(2, activation="relu"), layers.Dense(8)
    weights = sum(
        excite(squeeze(pool(keepdims=True)(x)))
        for pool in (layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D)
    )
    x = x * ops.sigmoid(weights)
    reductions = [reduce(x, axis=-1, keepdims=True) for reduce in (ops.mean, ops.max)]
    profile = ops.concatenate(reductions, axis=-1)
    gate = layers.Conv1D(1, 7, padding="same", activation="sigmoid")(profile)
    return keras.Model(inputs, {"y": x * gate})


def several_tensors():
    image = keras.Input((16, 16, 1), name="image")
    coarse = keras.Input((8, 8, 1), name="coarse")
    attributes = keras.Input((4,), name="attributes")
    x = layers.Concatenate()([image, layers.UpSampling2D(2)(coarse)])
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    flat = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(x), layers.Dense(3)(attributes)]
    )
    return keras.Model(
        [image, coarse, attributes],
        {
            "mask": layers.Conv2D(2, 1, activation="softmax")(x),
            "class": layers.Dense(3, activation="softmax")(flat),
            "flux": layers.Dense(1, activation="softplus")(flat),
        },
    )


def inception_branches():
    x = inputs = keras.Input((16, 16, 3), name="image")
    wide = layers.Conv2D(4, (1, 7), padding="same")(layers.Conv2D(4, (7, 1))(x))
    wide = layers.ZeroPadding2D(((3, 3), (0, 0)))(wide)
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    x = layers.Concatenate()([wide, pooled])
    x = layers.LeakyReLU(negative_slope=0.03)(layers.BatchNormalization(scale=False)(x))
    x = layers.Flatten()(layers.MaxPooling2D(3, strides=2)(x))
    return keras.Model(inputs, {"y": layers.Dense(3)(x)})


def free_length():
    x = inputs = keras.Input((None, 2), name="series")
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(x)
    return keras.Model(inputs, {"y": layers.Dense(1)(x)})


def constant_matrix():
    x = inputs = keras.Input((6, 5), name="series")
    product = layers.EinsumDense("bij,jk->bik", (6, 7), trainable=False)
    return keras.Model(inputs, {"y": product(x)})


NETWORKS = {
    "conv2d": lambda: image_to(
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.MaxPooling2D(2),
    ),
    "long flat conv2d": lambda: image_to(layers.Conv2D(4, (1, 9)), layers.Flatten()),
    "conv1d": lambda: series_to(
        layers.Conv1D(8, 7, padding="same", activation="relu"), layers.MaxPooling1D(4)
    ),
    "transposed conv2d": lambda: image_to(
        layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
        layers.Conv2DTranspose(2, 2, strides=2),
    ),
    "lstm": lambda: series_to(
        layers.LSTM(6, return_sequences=True), layers.LSTM(4, return_sequences=False)
    ),
    "attention by reductions": channel_and_spatial_attention,
    "batch normalisation": lambda: image_to(
        layers.BatchNormalization(epsilon=1e-3),
        layers.Conv2D(4, 3, padding="same"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
    ),
    "several inputs and outputs": several_tensors,
    "inception": inception_branches,
    "free length": free_length,
    "constant matrix": constant_matrix,
}


def randomised(model):
    """Give every weight a random value, the statistics of batches included."""
    rng = np.random.default_rng(7)
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        drawn = rng.normal(scale=0.3, size=weight.shape)
        weight.assign(np.abs(drawn) + 0.5 if "variance" in weight.path else drawn)
    return model


def drawn_inputs(model, n):
    rng = np.random.default_rng(11)
    return {
        tensor.name: rng.normal(
            size=(n, *(20 if length is None else length for length in tensor.shape[1:]))
        ).astype(np.float32)
        for tensor in model.inputs
    }


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    keras.utils.set_random_seed(3)
    model = randomised(NETWORKS[request.param]())
    return model, to_onnx(model, spec_of(model))


@pytest.mark.parametrize("n", [1, 5])
def test_onnx_runtime_answers_as_keras(network, n):
    model, proto = network
    tensors = drawn_inputs(model, n)
    have = run(proto.SerializeToString(), tensors)
    want = {name: np.asarray(y) for name, y in call(model, tensors).items()}
    assert have.keys() == want.keys()
    for name, array in want.items():
        assert array.any(), "an answer of zeros would prove nothing"
        np.testing.assert_allclose(have[name], array, rtol=1e-5, atol=ATOL)


def test_every_tensor_has_the_one_batch_symbol(network):
    model, proto = network
    spec = spec_of(model)
    assert [value.name for value in proto.graph.input] == [t.name for t in spec.inputs]
    assert [value.name for value in proto.graph.output] == [
        t.name for t in spec.outputs
    ]
    for value in (*proto.graph.input, *proto.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [(o.domain, o.version) for o in proto.opset_import if not o.domain] == [
        ("", 17)
    ]


def test_an_lstm_becomes_a_native_one():
    model = NETWORKS["lstm"]()
    proto = to_onnx(model, spec_of(model))
    assert [node.op_type for node in proto.graph.node].count("LSTM") == 2


def test_the_same_network_gives_the_same_file():
    model = randomised(several_tensors())
    first, second = (
        to_onnx(model, spec_of(model)).SerializeToString(deterministic=True)
        for _ in range(2)
    )
    assert digest(first) == digest(second)


def test_outputs_without_keys_are_named_by_their_layers():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, [layers.Dense(2, name="b")(x), layers.Dense(3, name="a")(x)])
    proto = to_onnx(model, spec_of(model))
    assert [value.name for value in proto.graph.output] == ["b", "a"]
    tensors = drawn_inputs(model, 2)
    have = run(proto.SerializeToString(), tensors)
    np.testing.assert_allclose(have["a"], call(model, tensors)["a"], atol=ATOL)


def test_outputs_that_the_spec_does_not_declare_are_refused():
    model = constant_matrix()
    spec = spec_of(model)
    wrong = ModelSpec(
        name="network",
        inputs=spec.inputs,
        outputs=(TensorSpec("z", "float32", (6, 7), ("a", "b")),),
    )
    with pytest.raises(BadInput, match=r"has the outputs \['y'\]; .* declares \['z'\]"):
        to_onnx(model, wrong)


def test_inputs_that_the_spec_does_not_declare_are_refused():
    model = constant_matrix()
    spec = spec_of(model)
    wrong = ModelSpec(
        name="network",
        inputs=(TensorSpec("strain", "float32", (6, 5), ("a", "b")),),
        outputs=spec.outputs,
    )
    with pytest.raises(BadInput, match=r"has the inputs \['series'\]"):
        to_onnx(model, wrong)


def test_a_spec_of_another_file_is_refused(toys):
    spec = toys.spec("toy").with_weights(digest="sha256:0")
    with pytest.raises(BadInput, match="the spec of 'toy' is of the file sha256:0"):
        OnnxFile(toys.content(2), spec)
