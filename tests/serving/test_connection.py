"""A connection ends, whatever it was doing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.triton.spec import ModelSpec, TensorSpec

pytestmark = pytest.mark.triton

SPEC = ModelSpec(
    "fixed",
    *((TensorSpec(side, "float32", (4,), ("channel",)),) for side in ("x", "y")),
)

# Ctrl-C arrives where gRPC has made a call and not yet the thread that looks after it.
INTERRUPTED = """
import sys
import grpc
import numpy as np
from amphitrite.triton.spec import ModelSpec
from amphitrite.triton.connection import Connection

def interrupt(state):
    raise KeyboardInterrupt

with Connection(sys.argv[1]) as connection:
    model = connection.model(ModelSpec.from_json(sys.argv[2]))
    assert model.submit({"x": np.zeros((1, 4), np.float32)}).result()["y"].shape
    grpc._channel._run_channel_spin_thread = interrupt
    model.submit({"x": np.zeros((1, 4), np.float32)}).result()
"""


@pytest.fixture
def server(
    repository: Any, toys: Any, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    model = toys.double()
    repository.add("fixed", model, extra=toys.parameter(SPEC, model))
    with LocalTriton(repository.path, environment=server_environment) as running:
        yield running


def test_an_interrupted_request_does_not_keep_a_process_from_its_end(
    server: LocalTriton,
):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, server.grpc_url, SPEC.to_json()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    # Python's own end of a process after Ctrl-C
    assert done.returncode in (-2, 130), done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
