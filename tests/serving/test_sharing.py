"""Large requests go to a private server in shared memory, and get the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient

from amphitrite.errors import ServerUnreachable
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.triton.connection import Connection
from amphitrite.triton.sharing import FOLDER, LEAST_BYTES
from amphitrite.triton.spec import ModelSpec, TensorSpec

pytestmark = pytest.mark.triton

WIDTH = LEAST_BYTES // 4
SPEC = ModelSpec(
    "wide",
    *((TensorSpec(side, "float32", (WIDTH,), ("sample",)),) for side in ("x", "y")),
)


@pytest.fixture
def models(repository: Any, toys: Any) -> Path:
    model = toys.double(x=("batch", WIDTH), y=("batch", WIDTH))
    config = toys.config.replace("dims: [ 4 ]", f"dims: [ {WIDTH} ]")
    extra = toys.parameter(SPEC, model)
    repository.add("wide", model, config=config, extra=extra)
    return Path(repository.path)


@pytest.fixture
def server(
    models: Path, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    with LocalTriton(models, environment=server_environment) as running:
        yield running


def known(server: LocalTriton) -> list[str]:
    """The regions that a server knows."""
    with InferenceServerClient(server.grpc_url) as client:
        return list(client.get_system_shared_memory_status().regions)


def numbers(rows: int) -> np.ndarray:
    rng = np.random.default_rng(rows)
    return rng.standard_normal((rows, WIDTH), dtype=np.float32)


def test_answers_are_those_to_what_was_sent(server: LocalTriton) -> None:
    with Connection(server.grpc_url) as connection:
        model = connection.model(SPEC)
        sent = [numbers(rows) for rows in (1, 3, 2, 5, 1, 2)]
        futures = [model.submit({"x": x}) for x in sent]
        for x, future in zip(sent, futures, strict=True):
            np.testing.assert_array_equal(future.result()["y"], 2 * x)
        assert len(known(server)) >= 1
    # names are gone at once, whatever happens to the client later
    assert not list(FOLDER.glob("amphitrite-*"))


def test_requests_one_after_the_other_use_one_region(server: LocalTriton) -> None:
    with Connection(server.grpc_url) as connection:
        model = connection.model(SPEC)
        for _ in range(5):
            x = numbers(2)
            np.testing.assert_array_equal(model.infer({"x": x})["y"], 2 * x)
        assert len(known(server)) == 1


def test_a_server_that_knows_the_memory_no_more_is_asked_without_it(
    server: LocalTriton,
) -> None:
    x = numbers(1)
    with Connection(server.grpc_url) as connection:
        model = connection.model(SPEC)
        model.infer({"x": x})
        with InferenceServerClient(server.grpc_url) as client:
            client.unregister_system_shared_memory()
        with pytest.raises(ServerUnreachable, match="was restarted: it no longer"):
            model.infer({"x": x})
        np.testing.assert_array_equal(model.infer({"x": x})["y"], 2 * x)
    assert known(server) == []


def test_a_server_on_the_network_shares_nothing(
    models: Path, server_environment: ServerEnvironment
) -> None:
    x = numbers(1)
    with (
        LocalTriton(
            models, listening=Network(), environment=server_environment
        ) as running,
        Connection(running.grpc_url) as connection,
    ):
        answer = connection.model(SPEC).infer({"x": x})
        np.testing.assert_array_equal(answer["y"], 2 * x)
        with InferenceServerClient(running.grpc_url) as client:
            with pytest.raises(Exception, match="protocol is restricted"):
                client.get_system_shared_memory_status()
