"""Declared ranges are kept by the committed networks: by their graphs, and in answers.

A walk over a graph gives an interval for every tensor: a sigmoid lies between 0 and 1,
a sum of squares is not negative, a list of peaks holds what exceeded the floor.  Where
the graph does not say it that plainly, masks made to break the rule do not.
"""

from __future__ import annotations

from math import inf, prod

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the export extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")

from amphitrite.errors import InferenceFailed  # noqa: E402
from amphitrite.surveys import SURVEYS  # noqa: E402
from amphitrite.surveys.asid.page import HEADS, MASK, MASK_PIXELS, N_PEAKS, PEAKS, UNET  # noqa: E402
from amphitrite.triton.answers import check_answer  # noqa: E402

pytestmark = pytest.mark.export

# An ensemble has no graph of its own; its outputs are those of its members.
single = pytest.mark.parametrize(
    "model",
    [
        *(spec.name for spec in (UNET, PEAKS, *HEADS)),
        *(survey for survey in SURVEYS if survey != "asid"),
    ],
)
SAME = {
    *("Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Identity", "Flatten"),
    *("Gather", "GatherND", "GatherElements", "Cast", "ReduceMean", "ReduceMax"),
    *("TopK", "Expand", "MaxPool"),
}
UNIT = {"Sigmoid", "Softmax", "Equal", "Greater", "Less", "And"}
# Half a pixel at most, by the shape of a parabola through three pixels: measured below.
MEASURED = {"peaks"}


class Intervals:
    """Bounds on the values of every tensor of a graph."""

    def __init__(self, graph, given):
        self.known = dict(given)
        self.made = {name: node for node in graph.node for name in node.output}
        self.constants = {
            each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer
        }

    def of(self, name):
        """Return (lowest, highest); infinite where nothing is known."""
        if name not in self.known:
            if name in self.constants:
                array = self.constants[name]
                self.known[name] = (float(array.min()), float(array.max()))
            elif name in self.made:
                self.known[name] = self._of(self.made[name])
            else:
                self.known[name] = (-inf, inf)
        return self.known[name]

    def _of(self, node):
        kind, inputs = node.op_type, list(node.input)
        if kind in UNIT:
            return 0.0, 1.0
        if kind == "ConstantOfShape":
            return 0.0, 0.0
        if kind in SAME:
            return self.of(inputs[0])
        if kind in ("Relu", "Softplus", "Exp", "Sqrt"):
            return 0.0, inf
        if kind == "ScatterND":  # into places that count for nothing elsewhere
            return self.of(inputs[2])
        if kind == "Pad":
            return hull([(0.0, 0.0), self.of(inputs[0])])
        if kind == "Concat":
            return hull(map(self.of, inputs))
        if kind == "Where":
            low, high = self.of(inputs[1])
            above = self.exceeded(inputs[0], inputs[1])
            return hull([(max(low, above), high), self.of(inputs[2])])
        if kind in ("Add", "Sub"):
            (a, b), (c, d) = map(self.of, inputs)
            return (a + c, b + d) if kind == "Add" else (a - d, b - c)
        square = kind == "Mul" and self.expression(inputs[0]) == self.expression(
            inputs[1]
        )
        even = kind == "Pow" and (self.constants[inputs[1]] == 2).all()
        positive = kind in ("Mul", "MatMul", "ReduceSum") and all(
            self.of(name)[0] >= 0 for name in inputs[: 1 + (kind != "ReduceSum")]
        )
        return (0.0, inf) if square or even or positive else (-inf, inf)

    def exceeded(self, condition, name):
        """Return what a tensor is above wherever a condition holds."""
        node = self.made[condition]
        if node.op_type == "And":
            return max(self.exceeded(each, name) for each in node.input)
        if node.op_type == "Greater" and node.input[0] == name:
            return self.of(node.input[1])[0]
        return -inf

    def expression(self, name):
        """Return what tells equal computations from others, whatever their names."""
        if name in self.constants:
            return self.constants[name].tobytes()
        if name not in self.made:
            return name
        node = self.made[name]
        said = tuple(each.SerializeToString() for each in node.attribute)
        place = list(node.output).index(name)
        return node.op_type, place, said, *map(self.expression, node.input)


def hull(intervals):
    lows, highs = zip(*intervals, strict=True)
    return min(lows), max(highs)


@single
def test_the_graph_keeps_what_is_declared(model, spec, folder):
    (path,) = folder.glob("*/model.onnx")
    given = {tensor.name: tensor.bounds for tensor in spec.inputs}
    intervals = Intervals(onnx.load(path).graph, given)
    if model == PEAKS.name:  # a count of pixels
        low, _ = intervals.of(N_PEAKS)
        intervals.known[N_PEAKS] = low, float(prod(MASK.shape))
    for tensor in spec.outputs:
        if tensor.name in MEASURED:
            continue
        low, high = intervals.of(tensor.name)
        assert tensor.bounds[0] <= low, tensor.name
        assert high <= tensor.bounds[1], tensor.name


def test_intervals_are_not_guessed():
    text = """
    <ir_version: 8, opset_import: ["" : 17]>
    toy (float[n] x) => (float[n] y, float[n] z, float[n] square)
    { y = Sub (x, x)  z = Softplus (y)  a = Neg (x)  square = Mul (x, a) }
    """
    intervals = Intervals(onnx.parser.parse_model(text).graph, {"x": (0.0, 1.0)})
    assert intervals.of("y") == (-1.0, 1.0)
    assert intervals.of("z") == (0.0, inf)
    assert intervals.of("square") == (-inf, inf)


def answer(path, tensors):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, tensors), strict=True))


def masks():
    """Masks whose peaks lie as oddly as can be."""
    rng = np.random.default_rng(5)
    shape = (MASK_PIXELS, MASK_PIXELS)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    edge = np.zeros(shape)
    edge[[0, -1]] = edge[:, [0, -1]] = 1.0
    corner = np.exp(-((rows - 0.4) ** 2 + (columns - 127.4) ** 2) / 8)
    drawn = [
        *(rng.uniform(size=shape), rng.integers(0, 2, shape), edge, corner),
        *((rows + columns) % 2, (rows // 5) % 2, np.zeros(shape), np.ones(shape)),
        np.where(rng.uniform(size=shape) > 0.99, 1.0, 0.0),
        np.nextafter(np.float32(0.5), np.float32(1)) * np.ones(shape),
    ]
    return np.array(drawn, np.float32)


def test_peaks_lie_on_the_mask(repository):
    (path,) = (repository / PEAKS.name).glob("*/model.onnx")
    drawn = masks()
    rng = np.random.default_rng(6)
    tensors = {"mask": drawn} | {
        tensor.name: rng.poisson(3, (len(drawn), *tensor.shape)).astype(np.float32)
        for tensor in PEAKS.inputs[1:]
    }
    found = answer(path, tensors)
    check_answer(PEAKS, tensors, found)
    assert found[N_PEAKS].max() > 100
    assert np.ptp(found["peaks"] % 1) > 0.9


def extremes(tensor, rng, *, length):
    """Return rows of what a tensor may hold at its most extreme, and of noise."""
    shape = tuple(length if n < 0 else n for n in tensor.shape)
    if tensor.dtype == "bool":
        some = rng.uniform(size=shape) < 0.5
        return np.array([np.zeros(shape, bool), np.ones(shape, bool), some, some])
    least, _ = tensor.bounds
    drawn = rng.standard_normal((4, *shape)) * np.array([0, 1e-6, 1, 1e6]).reshape(
        -1, *[1] * len(shape)
    )
    # an exposure is above 0, everything else here may be 0
    drawn = np.abs(drawn) + 1e7 if tensor.name == "exposure" else drawn
    return np.maximum(drawn, least).astype(tensor.dtype)


@single
def test_answers_to_extreme_inputs_are_taken(model, spec, folder):
    (path,) = folder.glob("*/model.onnx")
    rng = np.random.default_rng(7)
    tensors = {tensor.name: extremes(tensor, rng, length=6) for tensor in spec.inputs}
    found = answer(path, tensors)
    check_answer(spec, tensors, found)
    name = spec.outputs[-1].name
    with pytest.raises(InferenceFailed, match=f"'{name}'"):
        check_answer(spec, tensors, {**found, name: found[name][:-1]})
