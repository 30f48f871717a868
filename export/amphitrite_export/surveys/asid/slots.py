"""A network that takes sources one by one, as a graph that takes the peaks of patches.

A list of peaks has as many places as the busiest patch needs, and most of them are
empty.  The graph gathers the places that hold a peak, of all patches of the batch, runs
the network on those alone and puts its answers back where the peaks were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from amphitrite.surveys.asid.page import VALID
from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite_export.conversion import parity
from amphitrite_export.conversion.convert import IR_VERSION, OPSET, signature

_BODY: Final = "network/"
_PLACES: Final = 3


def over_slots(network: onnx.ModelProto, head: ModelSpec) -> onnx.ModelProto:
    """Build the graph that fulfils a head's contract.

    Parameters
    ----------
    network : onnx.ModelProto
        With the tensors of `amphitrite.surveys.asid.page.per_source`.
    head : ModelSpec
        One of `amphitrite.surveys.asid.page.HEADS`.

    Returns
    -------
    onnx.ModelProto
        Of opset 17, with a free batch axis and a free axis of peaks.  Its answers are
        NaN where ``valid`` is false; a batch without any peak is answered too.
    """
    body = onnx.compose.add_prefix_graph(network.graph, _BODY)
    constants = {
        "none": np.array([0]),
        "one": np.array([1]),
        "patch": np.array(0),
    }
    inputs = _of_network(head.inputs)
    for tensor in (*inputs, *head.outputs):
        lengths = tensor.shape[1:] if _of_peaks(tensor) else tensor.shape
        constants[f"lengths_{tensor.name}"] = np.array(lengths, np.int64)
    outer = onnx.parser.parse_model(_text(head))
    nodes = list(outer.graph.node)
    # the network goes between the nodes that gather its inputs and those that scatter
    # its outputs
    place = 1 + max(
        number
        for number, node in enumerate(nodes)
        if any(name.startswith("some_") for name in node.output)
    )
    _rename(
        body.node,
        {f"{_BODY}{each.name}": f"some_{each.name}" for each in inputs}
        | {f"{_BODY}{each.name}": f"answer_{each.name}" for each in head.outputs},
    )
    nodes[place:place] = body.node
    del outer.graph.node[:]
    outer.graph.node.extend(nodes)
    outer.graph.initializer.extend(body.initializer)
    outer.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in constants.items()
    )
    onnx.checker.check_model(outer, full_check=True)
    return outer


def answer(
    content: bytes, samples: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Return a graph's answers for single sources, for comparison with the network.

    Parameters
    ----------
    content : bytes
        The serialised graph that `over_slots` returns.
    samples : mapping of str to ndarray
        The network's inputs, the first axis that of sources.

    Returns
    -------
    dict of str to ndarray
        The graph's outputs, the first axis that of sources.  Each source is put into a
        patch of its own, in one of three places there.
    """
    n = len(next(iter(samples.values())))
    valid = np.arange(n)[:, None] % _PLACES == np.arange(_PLACES)
    session = parity.session(content)
    tensors: dict[str, NDArray[Any]] = {VALID.name: valid}
    for value in session.get_inputs():
        if value.name in tensors:
            continue
        given = samples[value.name]
        if len(value.shape) == given.ndim:  # of the patch, not of a place
            tensors[value.name] = given
            continue
        spread = np.zeros((*valid.shape, *given.shape[1:]), given.dtype)
        spread[valid] = given
        tensors[value.name] = spread
    names = [value.name for value in session.get_outputs()]
    given_back = dict(zip(names, session.run(names, tensors), strict=True))
    return {name: values[valid] for name, values in given_back.items()}


def _of_network(inputs: Iterable[TensorSpec]) -> list[TensorSpec]:
    return [tensor for tensor in inputs if tensor != VALID]


def _of_peaks(tensor: TensorSpec) -> bool:
    return tensor.axes[0] == "peak"


def _text(head: ModelSpec) -> str:
    """Return the graph around the network, in ONNX's own notation.

    Shapes in the comments: N patches, K places, M of them with a peak.
    """
    inputs = _of_network(head.inputs)
    return f"""
<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>
{head.name} ({signature(head.inputs)}) => ({signature(head.outputs)})
{{
    # patch and place of each peak, (M, 2); where there is none, the network runs on one
    # source without a count, since not every runtime takes an empty batch
    by_axis = NonZero (valid)
    places = Transpose <perm = [1, 0]> (by_axis)
    patch_of = Gather <axis = 0> (by_axis, patch)
    n = Shape <start = 0, end = 1> (places)
    lacking = Sub (one, n)
    n_added = Max (lacking, none)
    {"".join(_gather(tensor) for tensor in inputs)}
    grid = Shape (valid)
    {"".join(_scatter(tensor) for tensor in head.outputs)}
}}
"""


def _gather(tensor: TensorSpec) -> str:
    """Return the part of the graph that collects one input of the network."""
    name = tensor.name
    gather = (
        f"GatherND ({name}, places)"
        if _of_peaks(tensor)
        else f"Gather <axis = 0> ({name}, patch_of)"
    )
    return f"""
    there_{name} = {gather}
    added_shape_{name} = Concat <axis = 0> (n_added, lengths_{name})
    added_{name} = ConstantOfShape (added_shape_{name})
    some_{name} = Concat <axis = 0> (there_{name}, added_{name})
"""


def _scatter(tensor: TensorSpec) -> str:
    """Return the part of the graph that puts one output back in its places."""
    name = tensor.name
    return f"""
    found_{name} = Slice (answer_{name}, none, n, none)
    shape_{name} = Concat <axis = 0> (grid, lengths_{name})
    zeros_{name} = ConstantOfShape (shape_{name})
    nowhere_{name} = Div (zeros_{name}, zeros_{name})
    {name} = ScatterND (nowhere_{name}, places, found_{name})
"""


def _rename(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    for node in nodes:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
