"""The command ``status``: a model is ready when it answers, not when Triton says so."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest

from amphitrite.server import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.spec import ModelSpec, TensorSpec

pytestmark = pytest.mark.triton


def spec(name: str, *, width: int = 4) -> ModelSpec:
    """Return the spec of a model that doubles."""
    tensors = (
        (TensorSpec(side, "float32", (width,), ("channel",)),) for side in ("x", "y")
    )
    return ModelSpec(name, *tensors)


@pytest.fixture
def server(
    repository: Any, toys: Any, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    """Serve a model with a spec, one whose length is free, and one without a spec."""
    fixed = toys.double()
    repository.add("fixed", fixed, extra=toys.parameter(spec("fixed"), fixed))
    free = toys.double(x=("batch", "n"), y=("batch", "n"))
    config = toys.config.replace("dims: [ 4 ]", "dims: [ -1 ]")
    extra = toys.parameter(spec("free", width=-1), free)
    repository.add("free", free, config=config, extra=extra)
    repository.add("bare", toys.double())
    with LocalTriton(repository.path, environment=server_environment) as running:
        yield running


def status(server: LocalTriton) -> tuple[int, dict[str, Any]]:
    """Return the exit code of ``amphitrite status --json``, and what it says."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "amphitrite"),
            *("status", "--json", "--server", server.grpc_url),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    facts = json.loads(done.stdout)
    models = {model["name"]: model for model in facts["models"] if model["version"]}
    return done.returncode, {**facts, "models": models}


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
    code, facts = status(server)
    assert code == 0, facts
    assert facts["ready"]
    for name, width in (("fixed", 4), ("free", -1)):
        (file,) = server.model_repository.glob(f"{name}/1/model.onnx")
        digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        told = spec(name, width=width).with_weights(digest=digest)
        assert facts["models"][name]["digest"] == digest
        assert facts["models"][name]["identity"] == told.identity
    assert not facts["models"]["bare"]["digest"]
    assert not facts["models"]["bare"]["identity"]
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
    code, facts = status(server)
    assert code == 3
    assert not facts["ready"]
    for name in ("fixed", "free"):
        model = facts["models"][name]
        assert not model["ready"]
        assert f"the process that runs '{name}' has died" in model["reason"]
        assert model["digest"]


def test_a_spec_that_the_model_refuses_is_said(
    repository: Any, toys: Any, server_environment: ServerEnvironment
) -> None:
    model = toys.double()
    for declared in (spec("wide", width=5), spec("narrow")):
        extra = toys.parameter(declared, model)
        repository.add(declared.name, model, extra=extra)
    with LocalTriton(repository.path, environment=server_environment) as server:
        code, facts = status(server)
    assert code == 3
    assert facts["models"]["narrow"]["ready"]
    assert not facts["models"]["wide"]["ready"]
    assert "refused a request to 'wide'" in facts["models"]["wide"]["reason"]
