"""The python-based ONNX Runtime backend inside a real Triton."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psutil
import pytest

from amphitrite.errors import ModelNotReady
from amphitrite.server import LocalTriton
from amphitrite.triton import Connection

pytestmark = pytest.mark.triton

X = np.arange(1, 9, dtype=np.float32).reshape(2, 4)


@pytest.fixture
def client(toy_server: LocalTriton, http: Any) -> Any:
    return http(toy_server.http_url)


@pytest.fixture
def load(
    toy_server: LocalTriton, toy_models: Any
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Add a model to the running server; removed at the end."""
    added: list[str] = []

    def add(name: str, model: bytes, **options: Any) -> None:
        toy_models.add(name, model, **options)
        added.append(name)
        toy_server.load(name)

    yield add
    for name in added:
        toy_server.unload(name)
        shutil.rmtree(toy_models.path / name)


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


def test_returns_only_the_outputs_asked_for(client: Any, load: Any, toys: Any) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(toys.double())
    model.graph.node.append(toys.node("Neg", ["x"], "minus"))
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("minus", 1, ("batch", 4))
    )
    second = 'output [ { name: "minus" data_type: TYPE_FP32 dims: [ 4 ] } ]\n'
    load("pair", model.SerializeToString(), extra=second)
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


def test_honours_the_thread_count(
    toy_server: LocalTriton, load: Any, toys: Any
) -> None:
    key = '"intra_op_thread_count" value {{ string_value: "1" }}'
    assert key in toys.config
    three = toys.config.replace(key, key.replace('"1"', '"3"'))
    load("threads1", toys.double())
    load("threads3", toys.double(), config=three)
    (one,), (many,) = stubs(toy_server, "threads1"), stubs(toy_server, "threads3")
    # a session's caller is one of its threads
    assert many.num_threads() - one.num_threads() == 2


def test_completes_a_configuration_from_the_file(
    client: Any, load: Any, toys: Any
) -> None:
    load("bare", toys.double(), config='name: "{name}"\nbackend: "onnxruntime"\n')
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


def test_completes_a_file_without_a_batch_axis(
    client: Any, load: Any, toys: Any
) -> None:
    model = toys.double(x=(3, 4), y=(3, 4))
    load("fixed", model, config='name: "{name}"\nbackend: "onnxruntime"\n')
    config = client.call("/v2/models/fixed/config")
    assert config["max_batch_size"] == 0
    assert config["input"][0]["dims"] == [3, 4]
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(client.infer("fixed", x), 2 * x)


def test_serves_a_file_of_another_name(client: Any, load: Any, toys: Any) -> None:
    load(
        "named",
        toys.double(),
        file="net.onnx",
        extra='default_model_filename: "net.onnx"\n',
    )
    np.testing.assert_array_equal(client.infer("named", X), 2 * X)


def test_refuses_strings(load: Any, toys: Any) -> None:
    model = toys.graph([toys.node("Identity", ["x"], "y")], dtypes=("object", "object"))
    with pytest.raises(
        ModelNotReady, match=r"'x' .* of tensor\(string\), which is not"
    ):
        load("words", model, config=toys.config.replace("TYPE_FP32", "TYPE_STRING"))


def test_speaks_grpc_to_the_project_s_client(toy_server: LocalTriton) -> None:
    toys = ("double", "rows", "lookup", "total", "slow")
    with Connection(toy_server.grpc_url) as connection:
        ready = {model.name for model in connection.status(toys) if model.ready}
    assert ready >= set(toys)
    assert not any(name.startswith("amphitrite") for name in ready)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name: "x"', 'name: "z"', "has the input 'z', the ONNX file has ['x']"),
        ('name: "y"', 'name: "z"', "has the output 'z', the ONNX file has ['y']"),
        (
            '"x" data_type: TYPE_FP32',
            '"x" data_type: TYPE_FP64',
            "the input 'x' is TYPE_FP64 in the configuration and TYPE_FP32",
        ),
        (
            "dims: [ 4 ]",
            "dims: [ 5 ]",
            "the input 'x' has the shape [-1, 5] with the batch axis in the "
            "configuration and [-1, 4] in the ONNX file",
        ),
        (
            "max_batch_size: 16",
            "max_batch_size: 0",
            "the input 'x' has the shape [4] in the configuration and [-1, 4]",
        ),
        (
            'string_value: "1"',
            'string_value: "many"',
            "'intra_op_thread_count' must be a number; received 'many'",
        ),
    ],
)
def test_refuses_a_configuration_that_differs_from_the_file(
    load: Any, toys: Any, old: str, new: str, message: str
) -> None:
    config = toys.config.replace(old, new)
    assert config != toys.config
    with pytest.raises(ModelNotReady) as caught:
        load("differs", toys.double(), config=config)
    assert "the model 'differs' cannot be loaded" in str(caught.value)
    assert message in str(caught.value)


def test_refuses_an_input_left_out(load: Any, toys: Any) -> None:
    model = toys.graph([toys.node("Add", ["x", "x"], "y")])
    onnx = pytest.importorskip("onnx")
    two = onnx.load_from_string(model)
    two.graph.input.append(onnx.helper.make_tensor_value_info("w", 1, ("batch", 4)))
    with pytest.raises(ModelNotReady, match="needs the input 'w'"):
        load("left_out", two.SerializeToString())


def test_refuses_a_fixed_batch_under_a_maximum(load: Any, toys: Any) -> None:
    with pytest.raises(ModelNotReady, match="has the fixed batch 3"):
        load("fixed_batch", toys.double(x=(3, 4), y=(3, 4)))


def test_refuses_a_corrupt_file(load: Any, toys: Any) -> None:
    with pytest.raises(ModelNotReady) as caught:
        load("corrupt", toys.double()[:-20])
    assert "the model 'corrupt' cannot be loaded" in str(caught.value)


def test_refuses_a_missing_file(load: Any, toys: Any) -> None:
    with pytest.raises(ModelNotReady, match=r"1/model\.onnx does not exist"):
        load("missing", toys.double(), file="another.onnx")


def test_refuses_a_gpu_where_there_is_none(load: Any, toys: Any) -> None:
    config = toys.config.replace("KIND_CPU", "KIND_GPU")
    with pytest.raises(ModelNotReady, match="GPU"):
        load("on_gpu", toys.double(), config=config)


def test_a_failed_reload_leaves_the_old_version_serving(
    toy_server: LocalTriton, toy_models: Any, client: Any, load: Any, toys: Any
) -> None:
    load("reloaded", toys.double())
    toy_models.add("reloaded", b"no ONNX")
    with pytest.raises(ModelNotReady, match="cannot be loaded"):
        toy_server.load("reloaded")
    np.testing.assert_array_equal(client.infer("reloaded", X), 2 * X)
