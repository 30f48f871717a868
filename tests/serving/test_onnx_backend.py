"""The python-based ONNX Runtime backend inside a real Triton."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psutil
import pytest

from amphitrite.errors import ModelNotReady, SpecMismatch
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.log import Log
from amphitrite.server.provision import ServerEnvironment
from amphitrite.triton.connection import Connection
from amphitrite.triton.spec import ModelSpec

pytestmark = pytest.mark.triton

X = np.arange(1, 9, dtype=np.float32).reshape(2, 4)


@pytest.fixture
def client(toy_server: LocalTriton, http: Any) -> Any:
    return http(toy_server.http_url)


def stubs(server: LocalTriton, model: str) -> list[psutil.Process]:
    """The processes that run a model's instances."""
    children = psutil.Process(server.pid).children(recursive=True)
    return [child for child in children if f"/{model}/" in " ".join(child.cmdline())]


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make calls at the same time; exceptions are returned."""

    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except RuntimeError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def test_answers_with_numbers_that_differ(client: Any) -> None:
    np.testing.assert_array_equal(client.infer("double", X), 2 * X)


def test_stacks_requests_into_one_run(client: Any) -> None:
    # the batcher waits 0.3 s for more, so that eight prompt requests meet in it
    ones = np.ones((1, 4), np.float32)
    calls = [lambda: client.infer("rows", ones)] * 8
    answers = together(calls)
    rows = [int(answer[0, 0]) for answer in answers]
    assert max(rows) > 1, f"every request ran alone: {rows}"
    # those stacked n together all see n
    assert all(rows.count(n) % n == 0 for n in rows), rows


def test_stacked_requests_of_several_rows_get_their_own_answers(client: Any) -> None:
    tables = [np.arange(n, n + 4 * (n + 1)).reshape(-1, 4) % 10 for n in range(4)]
    calls = [lambda t=table: client.infer("lookup", t) for table in tables]
    for table, answer in zip(tables, together(calls), strict=True):
        np.testing.assert_array_equal(answer, table.astype(np.float32) ** 2)


def test_a_bad_request_does_not_fail_its_neighbours(client: Any) -> None:
    good = np.array([[1, 2, 3, 4]])
    bad = np.array([[1, 2, 3, 99]])
    order = [good, good, bad, good, good]
    answers = together([lambda t=table: client.infer("lookup", t) for table in order])
    assert isinstance(answers[2], RuntimeError)
    assert "model 'lookup'" in str(answers[2])
    assert "out of data bounds" in str(answers[2])
    for answer in answers[:2] + answers[3:]:
        np.testing.assert_array_equal(answer, [[1, 4, 9, 16]])


def test_an_output_without_the_batch_axis_is_not_shared(client: Any) -> None:
    tables = [np.full((1, 4), n, np.float32) for n in (1, 2, 3)]
    answers = together([lambda t=table: client.infer("total", t) for table in tables])
    for table, answer in zip(tables, answers, strict=True):
        np.testing.assert_array_equal(answer, table)


def test_returns_only_the_outputs_asked_for(client: Any) -> None:
    answer = client.infer("pair", X, outputs=[{"name": "minus"}])
    np.testing.assert_array_equal(answer, -X)


def test_runs_the_configured_number_of_instances(toy_server: LocalTriton) -> None:
    assert len(stubs(toy_server, "double")) == 1
    assert len(stubs(toy_server, "slow")) == 2


def test_two_instances_share_the_work(toy_server: LocalTriton, client: Any) -> None:
    workers = stubs(toy_server, "slow")
    before = [sum(worker.cpu_times()[:2]) for worker in workers]
    together([lambda: client.infer("slow", X)] * 8)
    after = [sum(worker.cpu_times()[:2]) for worker in workers]
    # the clock of a process ticks in hundredths of a second
    worked = [end - start for start, end in zip(before, after, strict=True)]
    assert min(worked) >= 0.02, worked


def test_honours_the_thread_count(toy_server: LocalTriton) -> None:
    (one,), (many,) = stubs(toy_server, "threads1"), stubs(toy_server, "threads3")
    # a session's caller is one of its threads
    assert many.num_threads() - one.num_threads() == 2


def test_completes_a_configuration_from_the_file(client: Any) -> None:
    config = client.call("/v2/models/bare/config")
    # what the C++ backend does: 4 rows at most, and dynamic batching
    assert config["max_batch_size"] == 4
    assert "dynamic_batching" in config
    (x,), (y,) = config["input"], config["output"]
    assert (x["name"], x["data_type"], x["dims"]) == ("x", "TYPE_FP32", [4])
    assert (y["name"], y["data_type"], y["dims"]) == ("y", "TYPE_FP32", [4])
    np.testing.assert_array_equal(client.infer("bare", X), 2 * X)


def test_leaves_a_complete_configuration_alone(client: Any) -> None:
    config = client.call("/v2/models/double/config")
    assert config["max_batch_size"] == 16
    assert "dynamic_batching" not in config


def test_completes_a_file_without_a_batch_axis(client: Any) -> None:
    config = client.call("/v2/models/fixed/config")
    assert config["max_batch_size"] == 0
    assert config["input"][0]["dims"] == [3, 4]
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(client.infer("fixed", x), 2 * x)


def test_speaks_grpc_to_the_project_s_client(
    toy_server: LocalTriton,
) -> None:
    with (
        Connection(toy_server.grpc_url) as connection,
        pytest.raises(SpecMismatch, match="serves 'double' version 1 without its spec"),
    ):
        connection.model(ModelSpec("double", (), ()))


DIFFERING = {
    # what is changed in the configuration, into what, and what is said
    "input": ('name: "x"', 'name: "z"', "has the input 'z', the ONNX file has ['x']"),
    "output": ('name: "y"', 'name: "z"', "has the output 'z', the ONNX file has ['y']"),
    "type": (
        '"x" data_type: TYPE_FP32',
        '"x" data_type: TYPE_FP64',
        "the input 'x' is TYPE_FP64 in the configuration and TYPE_FP32",
    ),
    "shape": (
        "dims: [ 4 ]",
        "dims: [ 5 ]",
        "the input 'x' has the shape [-1, 5] with the batch axis in the "
        "configuration and [-1, 4] in the ONNX file",
    ),
    "batch": (
        "max_batch_size: 16",
        "max_batch_size: 0",
        "the input 'x' has the shape [4] in the configuration and [-1, 4]",
    ),
    "threads": (
        'string_value: "1"',
        'string_value: "many"',
        "'intra_op_thread_count' must be a number; received 'many'",
    ),
    "gpu": ("KIND_CPU", "KIND_GPU", "GPU"),
}


@pytest.fixture(scope="module")
def refused(
    server_environment: ServerEnvironment,
    tmp_path_factory: pytest.TempPathFactory,
    make_repository: Any,
    toys: Any,
) -> Callable[[str], str]:
    """Why a server that was asked for nothing but bad models did not load one."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "models").mkdir()
    bad = make_repository(folder / "models")
    for name, (old, new, _) in DIFFERING.items():
        assert old in toys.config
        bad.add(name, toys.double(), config=toys.config.replace(old, new))
    words = toys.graph([toys.node("Identity", ["x"], "y")], dtypes=("object", "object"))
    bad.add("words", words, config=toys.config.replace("TYPE_FP32", "TYPE_STRING"))
    onnx = pytest.importorskip("onnx")
    two = onnx.load_from_string(toys.double())
    two.graph.input.append(onnx.helper.make_tensor_value_info("w", 1, ("batch", 4)))
    bad.add("left_out", two.SerializeToString())
    bad.add("fixed_batch", toys.double(x=(3, 4), y=(3, 4)))
    bad.add("broken", toys.broken())
    log = Log(folder / "log")
    with pytest.raises(ModelNotReady):
        LocalTriton(bad.path, environment=server_environment, log=log.path).start()

    def reason(model: str) -> str:
        said = log.why_not_loaded(model)
        assert said is not None, f"{model} was loaded"
        return said

    return reason


@pytest.mark.parametrize("name", DIFFERING)
def test_refuses_a_configuration_that_differs_from_the_file(
    refused: Callable[[str], str], name: str
) -> None:
    assert DIFFERING[name][2] in refused(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("words", "of tensor(string), which is not"),
        ("left_out", "needs the input 'w'"),
        ("fixed_batch", "has the fixed batch 3"),
        ("broken", "cannot be loaded: [ONNXRuntimeError]"),
    ],
)
def test_refuses_a_file_that_cannot_be_served(
    refused: Callable[[str], str], name: str, message: str
) -> None:
    assert message in refused(name)
