"""From a Keras network to an ONNX file that Triton can serve."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx

from amphitrite.errors import BadInput
from amphitrite.triton.spec import ModelSpec, TensorSpec

OPSET = 17
BATCH = "batch"
IR_VERSION = 8
"""Version of ONNX's intermediate representation, for graphs written as text."""


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file with its spec.

    Parameters
    ----------
    content : bytes
        The contents of the file.
    spec : ModelSpec
        Its spec, with the file's digest.

    Raises
    ------
    BadInput
        The digest in the spec is that of another file.
    """

    content: bytes
    spec: ModelSpec

    def __post_init__(self) -> None:
        if self.spec.digest != digest(self.content):
            raise BadInput(
                f"the spec of '{self.spec.name}' is of the file "
                f"{self.spec.digest or '(none)'}; the file given is "
                f"{digest(self.content)}"
            )


def to_onnx(model: Any, spec: ModelSpec) -> onnx.ModelProto:
    """Return a network as an ONNX model for inference, with the tensors of its spec.

    Parameters
    ----------
    model : keras.Model
        A network whose inputs and outputs have the names of the spec's tensors.
    spec : ModelSpec
        The contract, with dtypes, shapes and the order of the tensors.

    Returns
    -------
    onnx.ModelProto
        Model of opset 17 with tensors in the spec's order, and one symbol ``batch`` for
        the leading axis of all inputs and outputs.  Names and order depend only on the
        network, so that converting it again gives the same file.

    Raises
    ------
    BadInput
        Keras runs on another backend than TensorFlow, or the network's inputs or
        outputs have other names or dtypes than those of the spec.
    """
    import keras
    import tensorflow as tf
    import tf2onnx

    if keras.backend.backend() != "tensorflow":
        raise BadInput(
            f"Keras runs on {keras.backend.backend()}; export needs TensorFlow. Set "
            "KERAS_BACKEND=tensorflow (an artefact trained elsewhere loads there)."
        )
    inputs = {tensor.name: tensor for tensor in spec.inputs}
    _check_names("inputs", [tensor.name for tensor in model.inputs], list(inputs), spec)
    outputs = list(named_outputs(model, model.outputs))
    _check_names("outputs", outputs, [tensor.name for tensor in spec.outputs], spec)
    inputs_in_order = [tensor.name for tensor in model.inputs]
    signature = [
        tf.TensorSpec(
            (None, *(None if n < 0 else n for n in inputs[name].shape)),
            inputs[name].dtype,
            name=name,
        )
        for name in inputs_in_order
    ]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def served(*tensors: Any) -> dict[str, Any]:
        answer = call(model, dict(zip(inputs_in_order, tensors, strict=True)))
        return {name: tf.identity(tensor, name=name) for name, tensor in answer.items()}

    proto, _ = tf2onnx.convert.from_function(
        served, input_signature=signature, opset=OPSET
    )
    _check_dtypes(proto, spec)
    _declare(proto, spec)
    _order(proto)
    _rename(proto)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def call(model: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a Keras network in inference.

    Parameters
    ----------
    model : keras.Model
        The network.
    tensors : mapping of str to tensor
        All inputs by name.

    Returns
    -------
    dict of str to tensor
        All outputs by name.
    """
    import keras

    given = keras.tree.map_structure(lambda each: tensors[each.name], model.input)
    answer = model(given, training=False)
    return named_outputs(model, keras.tree.flatten(answer))


def named_outputs(model: Any, flat: Sequence[Any]) -> dict[str, Any]:
    """Return a network's outputs by their keys, or else by the names of their layers.

    Parameters
    ----------
    model : keras.Model
        The network.
    flat : sequence of tensor
        Its outputs as a list, in Keras's order.
    """
    given = model.output
    # Keras flattens a mapping in the order of its sorted keys.
    names = sorted(given) if isinstance(given, dict) else model.output_names
    return dict(zip(names, flat, strict=True))


def digest(content: bytes) -> str:
    """Return ``"sha256:..."`` of a file's contents, as in a spec."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _check_names(side: str, have: list[str], want: list[str], spec: ModelSpec) -> None:
    if sorted(have) != sorted(want):
        raise BadInput(
            f"the network has the {side} {have}; the spec of '{spec.name}' declares "
            f"{want}. Name the network's tensors as the survey's page does."
        )


def _check_dtypes(proto: onnx.ModelProto, spec: ModelSpec) -> None:
    wanted = {tensor.name: tensor.dtype for tensor in spec.outputs}
    for value in proto.graph.output:
        kind = value.type.tensor_type.elem_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind).name
        if dtype != wanted[value.name]:
            raise BadInput(
                f"the network gives '{value.name}' as {dtype}; the spec of "
                f"'{spec.name}' declares {wanted[value.name]}. A constant of numpy's "
                "float64 turns what it is multiplied with into double precision."
            )


def _declare(proto: onnx.ModelProto, spec: ModelSpec) -> None:
    """Set the spec's order and shapes of inputs and outputs, with one batch symbol.

    tf2onnx makes a symbol for each tensor, and stores shapes of inner tensors that
    disagree with the single symbol; these shapes are derived data and are removed.
    """
    graph = proto.graph
    for values, tensors in ((graph.input, spec.inputs), (graph.output, spec.outputs)):
        by_name = {value.name: value for value in values}
        ordered = [by_name[tensor.name] for tensor in tensors]
        for value, tensor in zip(ordered, tensors, strict=True):
            dims = value.type.tensor_type.shape.dim
            dims[0].dim_param = BATCH
            for i, (dim, length) in enumerate(zip(dims[1:], tensor.shape, strict=True)):
                if length < 0:
                    dim.dim_param = f"{tensor.name}_{tensor.axes[i]}"
        copies = [
            onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in ordered
        ]
        del values[:]
        values.extend(copies)
    del graph.value_info[:]


def _order(proto: onnx.ModelProto) -> None:
    """Sort the nodes in the order in which they are reached from the outputs.

    tf2onnx sorts them by sets of names, whose order differs between processes.
    """
    graph = proto.graph
    makers = {name: node for node in graph.node for name in node.output}
    ordered: list[onnx.NodeProto] = []
    placed: set[str] = set()
    pending = [output.name for output in reversed(graph.output)]
    while pending:
        name = pending[-1]
        node = makers.get(name)
        wanted = (
            [n for n in node.input if n in makers and n not in placed] if node else []
        )
        if wanted:
            pending.extend(reversed(wanted))
            continue
        pending.pop()
        if node is not None and name not in placed:
            ordered.append(onnx.NodeProto.FromString(node.SerializeToString()))
            placed.update(node.output)
    del graph.node[:]
    graph.node.extend(ordered)


def _rename(proto: onnx.ModelProto) -> None:
    """Rename nodes and inner tensors, so that equal networks give equal files.

    tf2onnx makes names from counters of the process and sorts constants by name, so
    that both differ between conversions.
    """
    graph = proto.graph
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    names[""] = ""
    constants = {constant.name: constant for constant in graph.initializer}
    numbers = itertools.count()
    used = []
    for number, node in enumerate(graph.node):
        for name in node.input:
            if name in constants and name not in names:
                names[name] = f"constant_{next(numbers)}"
                used.append(constants[name])
        node.name = f"{node.op_type}_{number}"
        for i, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}_{i}")
        for side in (node.input, node.output):
            side[:] = [names[name] for name in side]
    for constant in used:
        constant.name = names[constant.name]
    copies = [onnx.TensorProto.FromString(c.SerializeToString()) for c in used]
    del graph.initializer[:]
    graph.initializer.extend(copies)
    graph.name = "network"
    graph.doc_string = ""  # tf2onnx writes a number there that differs each time


def signature(tensors: Iterable[TensorSpec]) -> str:
    """Return tensors in ONNX's text notation, with the batch axis and free lengths.

    Parameters
    ----------
    tensors : iterable of TensorSpec
        The tensors.

    Returns
    -------
    str
        For instance ``"float[batch, peaks, 5] auxiliary"``, joined by commas.
    """
    kinds = {"float32": "float", "int32": "int32", "bool": "bool"}

    def one(tensor: TensorSpec) -> str:
        lengths = [
            f"{axis}s" if length < 0 else str(length)
            for axis, length in zip(tensor.axes, tensor.shape, strict=True)
        ]
        shape = ", ".join([BATCH, *lengths])
        return f"{kinds[tensor.dtype]}[{shape}] {tensor.name}"

    return ", ".join(one(tensor) for tensor in tensors)
