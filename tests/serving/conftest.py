"""A real Triton over toy models: what every serving test stands on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server import rest
from amphitrite.server.host import check_host, this_host
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment, provision
from amphitrite.triton.spec import ModelSpec, parameter_key

WIDTH = 4

CONFIG = """\
name: "{name}"
backend: "onnxruntime"
max_batch_size: 16
input [ {{ name: "x" data_type: TYPE_FP32 dims: [ 4 ] }} ]
output [ {{ name: "y" data_type: TYPE_FP32 dims: [ 4 ] }} ]
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
parameters {{ key: "intra_op_thread_count" value {{ string_value: "1" }} }}
parameters {{ key: "amphitrite.note" value {{ string_value: "of no concern" }} }}
"""
WAITING = "dynamic_batching { max_queue_delay_microseconds: 300000 }\n"


def _onnx() -> Any:
    return pytest.importorskip("onnx", reason="toy models need the export extra")


def graph(
    nodes: Sequence[Any],
    *,
    constants: dict[str, np.ndarray] | None = None,
    x: tuple[Any, ...] = ("batch", WIDTH),
    y: tuple[Any, ...] = ("batch", WIDTH),
    dtypes: tuple[str, str] = ("float32", "float32"),
) -> bytes:
    """Return an ONNX file with the input x and the output y."""
    onnx = _onnx()
    kinds = [onnx.helper.np_dtype_to_tensor_dtype(np.dtype(name)) for name in dtypes]
    body = onnx.helper.make_graph(
        list(nodes),
        "toy",
        [onnx.helper.make_tensor_value_info("x", kinds[0], x)],
        [onnx.helper.make_tensor_value_info("y", kinds[1], y)],
        [
            onnx.numpy_helper.from_array(array, name)
            for name, array in (constants or {}).items()
        ],
    )
    model = onnx.helper.make_model(
        body, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    return _onnx().helper.make_node(kind, list(inputs), [output], **attributes)


def parameter(declared: ModelSpec, model: bytes) -> str:
    """Return the parameter of config.pbtxt that says what a file is."""
    digest = f"sha256:{hashlib.sha256(model).hexdigest()}"
    text = declared.with_weights(digest=digest).to_json()
    key, value = json.dumps(parameter_key(1)), json.dumps(text)
    return f"parameters {{ key: {key} value {{ string_value: {value} }} }}\n"


class Toys:
    """Bytes of ONNX files small enough to know the answers of."""

    parameter = staticmethod(parameter)

    node = staticmethod(node)
    graph = staticmethod(graph)
    config = CONFIG
    waiting = WAITING

    @staticmethod
    def double(**options: Any) -> bytes:
        """y = 2 x."""
        return graph([node("Add", ["x", "x"], "y")], **options)

    @staticmethod
    def rows() -> bytes:
        """y = the number of rows that went through the network together."""
        return graph(
            [
                node("Shape", ["x"], "n", start=0, end=1),
                node("Cast", ["n"], "f", to=1),
                node("Mul", ["x", "zero"], "nothing"),
                node("Add", ["nothing", "f"], "y"),
            ],
            constants={"zero": np.zeros(1, np.float32)},
        )

    @staticmethod
    def lookup() -> bytes:
        """y = table[x]; an index beyond 9 fails at run time."""
        return graph(
            [node("Gather", ["table", "x"], "y")],
            constants={"table": np.arange(10, dtype=np.float32) ** 2},
            dtypes=("int64", "float32"),
        )

    @staticmethod
    def total() -> bytes:
        """y = the sum over the batch, in one row whatever the batch is."""
        return graph(
            [
                node("Shape", ["x"], "n", start=0, end=1),
                # an axis known only at run time hides the row's number from the file
                node("Sub", ["n", "n"], "axis"),
                node("ReduceSum", ["x", "axis"], "y", keepdims=1),
            ]
        )

    @staticmethod
    def pair() -> bytes:
        """y = 2 x, and minus = -x."""
        onnx = _onnx()
        model = onnx.load_from_string(Toys.double())
        model.graph.node.append(node("Neg", ["x"], "minus"))
        model.graph.output.append(
            onnx.helper.make_tensor_value_info("minus", 1, ("batch", WIDTH))
        )
        return bytes(model.SerializeToString())

    @staticmethod
    def broken() -> bytes:
        """An operator that there is not: a file that looks right, until it is used."""
        model = _onnx().load_from_string(Toys.double())
        model.graph.node[0].op_type = "Nonsense"
        return bytes(model.SerializeToString())

    @staticmethod
    def slow() -> bytes:
        """y = x after some tens of milliseconds of matrix products."""
        size = 384
        matrix = np.eye(size, dtype=np.float32)
        steps = 40
        chain = [node("MatMul", ["matrix", "matrix"], "m0")]
        chain += [
            node("MatMul", [f"m{step}", "matrix"], f"m{step + 1}")
            for step in range(steps)
        ]
        # the first product depends on x, lest it all be folded into a constant
        chain[0] = node("Mul", ["matrix", "one"], "m0")
        head = [
            node("ReduceMax", ["x"], "top", keepdims=0),
            node("Sub", ["top", "top"], "none"),
            node("Add", ["none", "unit"], "one"),
        ]
        last = [
            node("ReduceMax", [f"m{steps}"], "peak", keepdims=0),
            node("Mul", ["x", "peak"], "y"),
        ]
        return graph(
            [*head, *chain, *last],
            constants={"matrix": matrix, "unit": np.ones((), np.float32)},
        )


@pytest.fixture(scope="session")
def toys() -> type[Toys]:
    return Toys


@dataclass(frozen=True)
class ToyRepository:
    """A model repository under construction."""

    path: Path

    def add(
        self,
        name: str,
        model: bytes,
        *,
        config: str = CONFIG,
        extra: str = "",
        file: str = "model.onnx",
    ) -> Path:
        """Add a model, or replace it; return its folder."""
        version = self.path / name / "1"
        version.mkdir(parents=True, exist_ok=True)
        (version / file).write_bytes(model)
        text = config.format(name=name) + extra
        (self.path / name / "config.pbtxt").write_text(text)
        return self.path / name


@pytest.fixture
def repository(tmp_path: Path) -> ToyRepository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return ToyRepository(folder)


@pytest.fixture(scope="session")
def make_repository() -> Callable[[Path], ToyRepository]:
    return ToyRepository


@pytest.fixture(scope="session")
def server_environment() -> ServerEnvironment:
    """The installed server, from the user's cache; installed if it is not there."""
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    return provision()


class Http:
    """Requests to a server in JSON, over its socket or over the network."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, path: str, body: Any = None) -> Any:
        """Return the JSON of an answer; RuntimeError with the server's reason."""
        status, text = rest.request(self.url, path, body, timeout=60)
        if status != 200:
            raise RuntimeError(text.decode())
        return json.loads(text) if text else None

    def infer(self, name: str, x: np.ndarray, **fields: Any) -> np.ndarray:
        """Return y of a toy model."""
        kind = {"f": "FP32", "i": "INT64"}[x.dtype.kind]
        tensor = {"name": "x", "datatype": kind, "shape": x.shape}
        body = {"inputs": [{**tensor, "data": x.ravel().tolist()}], **fields}
        answer = self.call(f"/v2/models/{name}/infer", body)
        (y,) = answer["outputs"]
        return np.array(y["data"], np.float32).reshape(y["shape"])


@pytest.fixture(scope="session")
def http() -> type[Http]:
    return Http


@pytest.fixture(scope="session")
def toy_server(
    server_environment: ServerEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalTriton]:
    """A running server with one of each toy."""
    toy = ToyRepository(tmp_path_factory.mktemp("toys"))
    toy.add("double", Toys.double())
    toy.add("rows", Toys.rows(), extra=WAITING)
    integers = CONFIG.replace('"x" data_type: TYPE_FP32', '"x" data_type: TYPE_INT64')
    toy.add("lookup", Toys.lookup(), config=integers, extra=WAITING)
    toy.add("total", Toys.total(), extra=WAITING)
    toy.add("slow", Toys.slow(), config=CONFIG.replace("count: 1", "count: 2"))
    minus = 'output [ { name: "minus" data_type: TYPE_FP32 dims: [ 4 ] } ]\n'
    toy.add("pair", Toys.pair(), extra=minus)
    key = '"intra_op_thread_count" value {{ string_value: "1" }}'
    assert key in CONFIG
    toy.add("threads1", Toys.double())
    toy.add(
        "threads3", Toys.double(), config=CONFIG.replace(key, key.replace("1", "3"))
    )
    bare = 'name: "{name}"\nbackend: "onnxruntime"\n'
    toy.add("bare", Toys.double(), config=bare)
    toy.add("fixed", Toys.double(x=(3, 4), y=(3, 4)), config=bare)
    with LocalTriton(toy.path, environment=server_environment) as server:
        yield server
