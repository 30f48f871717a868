"""A small model that tests at every start whether a server computes correctly.

A server whose Python has numpy 2 starts, reports that it is ready, and returns arrays
in which all elements have the value of the first.  Only an inference on different
numbers reveals that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from amphitrite.errors import AmphitriteError, InferenceFailed, ProvisioningError
from amphitrite.server.rest import post

OPSET: Final = 17
IR_VERSION: Final = 8
FLOAT: Final = 1
ROWS, COLUMNS = 3, 5

CONFIG: Final = """\
name: "{name}"
backend: "onnxruntime"
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
parameters {{ key: "intra_op_thread_count" value {{ string_value: "1" }} }}
"""


def _field(number: int, value: int | str | bytes) -> bytes:
    """Return one encoded protobuf field; all numbers and lengths are below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(data)]) + data


def _tensor(name: str) -> bytes:
    """Return ONNX's encoded ValueInfoProto of a float tensor (batch, COLUMNS)."""
    shape = _field(1, _field(2, "batch")) + _field(1, _field(1, COLUMNS))
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, shape)))


def onnx_bytes() -> bytes:
    """Return an ONNX file of ``y = x + x``.

    Notes
    -----
    It is written field by field after ``onnx.proto3`` [1]_, because a light
    installation has no ``onnx`` package: a ModelProto (1 ir_version, 7 graph,
    8 opset_import) around a GraphProto (1 node, 2 name, 11 input, 12 output) with one
    NodeProto (1 input, 2 output, 4 op_type).

    References
    ----------
    .. [1] https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
    """
    node = _field(1, "x") + _field(1, "x") + _field(2, "y") + _field(4, "Add")
    graph = (
        _field(1, node)
        + _field(2, "selfcheck")
        + _field(11, _tensor("x"))
        + _field(12, _tensor("y"))
    )
    opset = _field(1, "") + _field(2, OPSET)
    return _field(1, IR_VERSION) + _field(7, graph) + _field(8, opset)


def write_model(folder: Path) -> None:
    """Write the self-check's model into a new folder, which names the model."""
    version = folder / "1"
    version.mkdir(parents=True)
    (version / "model.onnx").write_bytes(onnx_bytes())
    (folder / "config.pbtxt").write_text(CONFIG.format(name=folder.name))


def check_inference(server: str, name: str) -> None:
    """Check that the server doubles some numbers, which are all different.

    Parameters
    ----------
    server : str
        Address of the server's HTTP interface.
    name : str
        Name of the self-check's model.

    Raises
    ------
    InferenceFailed
        The answer is wrong or an error.
    ServerUnreachable
        Nothing answers.
    """
    numbers = [float(number) for number in range(1, ROWS * COLUMNS + 1)]
    body = {
        "inputs": [
            {
                "name": "x",
                "datatype": "FP32",
                "shape": [ROWS, COLUMNS],
                "data": numbers,
            }
        ]
    }
    answer = post(server, f"/v2/models/{name}/infer", body, timeout=60)
    doubled = answer["outputs"][0]["data"]
    if doubled != [2 * number for number in numbers]:
        raise InferenceFailed(f"doubling {numbers[:3]} ... gave {doubled[:3]} ...")


@contextmanager
def blaming_the_environment() -> Iterator[None]:
    """Turn any failure of the self-check into an error with advice.

    Raises
    ------
    ProvisioningError
        The block has failed.
    """
    try:
        yield
    except AmphitriteError as error:
        raise ProvisioningError(
            f"The local Triton server fails its self-check: {error}\n"
            "Its environment is broken: remove it (in ~/.cache/amphitrite, or where "
            "AMPHITRITE_CACHE points) and run again to install it anew."
        ) from error
