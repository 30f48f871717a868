"""A model of three lines that proves a server computes before others rely on it.

A server whose Python has numpy 2 starts, says that it is ready and answers with
arrays whose every element is the first.  Only an inference on numbers that differ can
tell, so one is made on every start.
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
    """Encode one protobuf field; all numbers and lengths here are below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(data)]) + data


def _tensor(name: str) -> bytes:
    """Encode ONNX's ValueInfoProto of a float tensor of shape (batch, COLUMNS)."""
    shape = _field(1, _field(2, "batch")) + _field(1, _field(1, COLUMNS))
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, shape)))


def onnx_bytes() -> bytes:
    """Return an ONNX file of ``y = x + x``.

    Notes
    -----
    Written field by field after ``onnx.proto3``, because a light installation has no
    ``onnx`` package: a ModelProto (1 ir_version, 7 graph, 8 opset_import) around a
    GraphProto (1 node, 2 name, 11 input, 12 output) with one NodeProto (1 input,
    2 output, 4 op_type).  https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
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
    """Write the self-check's model, under the name of the folder."""
    version = folder / "1"
    version.mkdir(parents=True)
    (version / "model.onnx").write_bytes(onnx_bytes())
    (folder / "config.pbtxt").write_text(CONFIG.format(name=folder.name))


def check_inference(server: str, name: str) -> None:
    """Let the server double some numbers that all differ.

    Raises
    ------
    InferenceFailed
        The answer is wrong, or there is none.
    ServerUnreachable
        There is no server.
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
    """Turn a failure of the self-check into advice.

    Raises
    ------
    ProvisioningError
        Whatever the failure was.
    """
    try:
        yield
    except AmphitriteError as error:
        raise ProvisioningError(
            f"The local Triton server fails its self-check: {error}\n"
            "Its environment is broken: remove it (in ~/.cache/amphitrite, or where "
            "AMPHITRITE_CACHE points) and run again to install it anew."
        ) from error
