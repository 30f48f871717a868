"""The command ``status``: a model is ready when it answers, not when Triton says so."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import psutil
import pytest

from amphitrite.errors import ServerUnreachable
from amphitrite.server import launcher, layout
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.ports import choose_ports
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys import model_names
from amphitrite.triton.connection import Connection
from amphitrite.triton.spec import ModelSpec, TensorSpec
from amphitrite.triton.status import ModelStatus

pytestmark = pytest.mark.triton


def spec(name: str, *, width: int = 4) -> ModelSpec:
    """Return the spec of a model that doubles."""
    tensors = (
        (TensorSpec(side, "float32", (width,), ("channel",)),) for side in ("x", "y")
    )
    return ModelSpec(name, *tensors)


CLOSED = "--grpc-restricted-protocol="
Serve = Callable[..., AbstractContextManager[LocalTriton]]


@pytest.fixture
def serve(
    server_environment: ServerEnvironment, monkeypatch: pytest.MonkeyPatch
) -> Serve:
    """Return how to serve a repository, with or without a list of its models."""
    command = layout.command

    @contextmanager
    def serving(*arguments: Any, closed: bool) -> Iterator[LocalTriton]:
        def changed(*words: Any, **options: Any) -> list[str]:
            made = command(*words, **options)
            kept = [word for word in made if not word.startswith(CLOSED)]
            return kept + [f"{CLOSED}model-repository:a:b=c"] * closed

        monkeypatch.setattr(launcher, "command", changed)
        with LocalTriton(*arguments, environment=server_environment) as server:
            yield server

    return serving


@pytest.fixture(params=[False, True], ids=["listed", "closed"])
def server(
    repository: Any, toys: Any, serve: Serve, request: pytest.FixtureRequest
) -> Iterator[LocalTriton]:
    """Serve a model with a spec, one whose length is free, and one without a spec."""
    fixed = toys.double()
    repository.add("fixed", fixed, extra=toys.parameter(spec("fixed"), fixed))
    free = toys.double(x=("batch", "n"), y=("batch", "n"))
    config = toys.config.replace("dims: [ 4 ]", "dims: [ -1 ]")
    extra = toys.parameter(spec("free", width=-1), free)
    repository.add("free", free, config=config, extra=extra)
    repository.add("bare", toys.double())
    with serve(repository.path, closed=request.param) as running:
        yield running


def status(server: LocalTriton) -> dict[str, ModelStatus]:
    """Return what a connection says of the toys."""
    names = ("fixed", "free", "bare", "none", "wide", "narrow")
    with Connection(server.grpc_url) as connection:
        return {model.name: model for model in connection.status(names)}


def command(address: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of ``amphitrite status --json``, and what it says."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "amphitrite"),
            *("status", "--json", "--server", address),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def kill_stubs(server: LocalTriton) -> None:
    """Kill every process that runs a model."""
    stubs = [
        process
        for process in psutil.Process(server.pid).children(recursive=True)
        if process.name().startswith("triton_python")
    ]
    assert len(stubs) >= 3
    for stub in stubs:
        stub.kill()


def test_a_model_that_answers_is_ready(server: LocalTriton, http: Any) -> None:
    found = status(server)
    assert not any(name.startswith("amphitrite") for name in found)
    for name, width in (("fixed", 4), ("free", -1)):
        (file,) = server.model_repository.glob(f"{name}/1/model.onnx")
        digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        told = spec(name, width=width).with_weights(digest=digest)
        assert found[name].ready
        assert (found[name].digest, found[name].identity) == (digest, told.identity)
    assert found["bare"].ready
    assert not found["bare"].digest
    assert not found["bare"].identity
    for name in ("fixed", "free"):
        tried = http(server.http_url).call(f"/v2/models/{name}/stats")
        (statistics,) = tried["model_stats"]
        assert statistics["inference_stats"]["success"]["count"] == 1
    x = np.arange(4, dtype=np.float32).reshape(1, 4)
    np.testing.assert_array_equal(http(server.http_url).infer("fixed", x), 2 * x)


def test_a_model_whose_process_died_is_not_ready(
    server: LocalTriton, http: Any
) -> None:
    kill_stubs(server)
    # what makes the request necessary: the server itself has not noticed
    http(server.http_url).call("/v2/models/fixed/ready")
    found = status(server)
    for name in ("fixed", "free"):
        model = found[name]
        assert model.state == "not ready"
        assert not model.ready
        assert f"the process that runs '{name}' has died" in model.reason
        assert model.digest


def test_a_spec_that_the_model_refuses_is_said(
    repository: Any, toys: Any, serve: Serve
) -> None:
    model = toys.double()
    for declared in (spec("wide", width=5), spec("narrow")):
        extra = toys.parameter(declared, model)
        repository.add(declared.name, model, extra=extra)
    with serve(repository.path, closed=True) as server:
        found = status(server)
    assert found["narrow"].ready
    assert not found["wide"].ready
    assert "refused a request to 'wide'" in found["wide"].reason


@pytest.fixture
def facts(server_environment: ServerEnvironment) -> Iterator[dict[str, Any]]:
    """Run ``amphitrite serve --models morpheus`` and give what it says of itself."""
    ports = choose_ports(address="127.0.0.1")
    words = [sys.executable, "-m", "amphitrite", "serve", "--json"]
    words += ["--models", "morpheus", "--grpc-port", str(ports.grpc)]
    words += ["--http-port", str(ports.http), "--metrics-port", str(ports.metrics)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield json.loads(program.stdout.readline())
        finally:
            program.terminate()


def test_models_that_nobody_asked_for_are_no_failure(facts: dict[str, Any]) -> None:
    code, found = command(facts["grpc"])
    assert code == 0
    assert found["ready"]
    states = {model["name"]: model["state"] for model in found["models"]}
    unasked = (model_names() - {"morpheus"}) & states.keys()
    assert states == {"morpheus": "ready"} | dict.fromkeys(unasked, "not loaded")
    for model in found["models"]:
        assert set(model) >= {"name", "version", "ready", "reason", "digest"}
        assert model["ready"] == (model["state"] == "ready")
    for interface, what in (
        ("http", "Triton's HTTP port; gRPC is usually 8001"),
        ("metrics", "Triton's metrics port; gRPC is usually 8001"),
    ):
        address = facts[interface].removeprefix("http://").removesuffix("/metrics")
        with (
            Connection(address) as connection,
            pytest.raises(ServerUnreachable, match=what),
        ):
            connection.status()


def test_a_server_without_any_model_is_no_success(
    repository: Any, toys: Any, serve: Serve
) -> None:
    repository.add("bare", toys.double())
    with serve(repository.path, closed=True) as server:
        code, facts = command(server.grpc_url)
    assert code == 3
    assert not facts["ready"]
    states = {model["name"]: model["state"] for model in facts["models"]}
    assert states == dict.fromkeys(model_names(), "not loaded")
