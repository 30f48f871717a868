"""The commands ``serve`` and ``models`` as a shell sees them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amphitrite.server.host import count_gpus
from amphitrite.server.ports import Ports, choose_ports
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys import page
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository

pytestmark = pytest.mark.triton

X = np.arange(1, 5, dtype=np.float32).reshape(1, 4)
# the whole command line, without the other stages' commands and what they import
PROGRAM = """
import amphitrite.commands, amphitrite.cli
amphitrite.commands.entry_points = lambda group: []
amphitrite.cli.main()
"""


@pytest.fixture
def ports() -> Ports:
    return choose_ports(address="127.0.0.1")


@pytest.fixture
def run(
    repository: Any, toys: Any, ports: Ports, server_environment: ServerEnvironment
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``amphitrite`` over a repository with two models."""
    repository.add("double", toys.double())
    repository.add("other", toys.double())
    programs = []

    def begin(command: str, *arguments: str) -> subprocess.Popen[str]:
        addresses = [
            f"--grpc-port={ports.grpc}",
            f"--http-port={ports.http}",
            f"--metrics-port={ports.metrics}",
        ]
        program = subprocess.Popen(
            [
                *(sys.executable, "-c", PROGRAM, *command.split()),
                *(addresses if command == "serve" else []),
                f"--model-repository={repository.path}",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()


def test_serves_until_sigterm(
    run: Callable[..., subprocess.Popen[str]], ports: Ports, http: Any
) -> None:
    program = run("serve", "--json", "--models", "double")
    assert program.stdout is not None
    facts = json.loads(program.stdout.readline())
    assert facts["grpc"] == f"127.0.0.1:{ports.grpc}"
    assert facts["http"] == f"http://127.0.0.1:{ports.http}"
    assert facts["metrics"] == f"http://127.0.0.1:{ports.metrics}/metrics"
    assert facts["models"] == ["double"]
    np.testing.assert_array_equal(http(facts["http"]).infer("double", X), 2 * X)
    with Connection(facts["grpc"]) as connection:
        (model,) = connection.status(["double"])
        assert model.ready
    program.terminate()
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0
    assert out == "", "more than one JSON object"
    assert "Triton serves double at" in err
    assert "Anybody" not in err
    assert facts["grpc"] in err
    assert not Path(facts["log"]).exists()


def test_brings_along_what_a_survey_needs(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    committed = f"--model-repository={find_repository()}"
    program = run("serve", "--json", "--models", "asid", committed)
    assert program.stdout is not None
    facts = json.loads(program.stdout.readline())
    # the survey asks two ensembles, and these have five members
    members = ("classifier", "flux", "heads", "location", "peaks", "unet")
    assert facts["models"] == ["asid", *(f"asid_{name}" for name in members)]
    with Connection(facts["grpc"]) as connection:
        for expected in page("asid").ASKED:
            assert connection.model(expected).spec.members


def test_says_who_can_do_what_beyond_this_machine(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    program = run("serve", "--json", "--models", "double", "--address", "0.0.0.0")
    assert program.stdout is not None
    facts = json.loads(program.stdout.readline())
    assert facts["grpc"].startswith("127.0.0.1:")
    program.terminate()
    _, err = program.communicate(timeout=60)
    assert err.count("Anybody who reaches these addresses can ask for inferences") == 1
    assert "Nothing is encrypted" in err


@pytest.mark.parametrize("address", ["no-such-host.invalid", "", "127.0.0.1:8001"])
def test_an_address_that_is_none_ends_with_2(
    run: Callable[..., subprocess.Popen[str]], address: str
) -> None:
    _, err = (program := run("serve", "--address", address)).communicate(timeout=60)
    assert program.returncode == 2
    assert f"'{address}' is no address to listen on" in err


def test_ends_with_130_on_ctrl_c(run: Callable[..., subprocess.Popen[str]]) -> None:
    program = run("serve", "--json", "--models", "double,other")
    assert program.stdout is not None
    assert json.loads(program.stdout.readline())["models"] == ["double", "other"]
    os.killpg(program.pid, signal.SIGINT)
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 130
    assert out == ""


def test_says_why_the_server_ended(run: Callable[..., subprocess.Popen[str]]) -> None:
    program = run("serve", "--json")
    assert program.stdout is not None
    facts = json.loads(program.stdout.readline())
    assert facts["models"] == ["double", "other"]
    os.kill(facts["pid"], signal.SIGKILL)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 3
    assert out == "", "more than one JSON object"
    assert err.count("ended by itself") == 1
    assert "ended by itself (-9); the end of its log" in err
    assert "Started GRPCInferenceService" in err


def test_a_port_in_use_ends_with_3(
    run: Callable[..., subprocess.Popen[str]], ports: Ports
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.grpc))
        other.listen()
        _, err = (program := run("serve")).communicate(timeout=60)
    assert program.returncode == 3
    assert f"the grpc port {ports.grpc} on 127.0.0.1 is in use" in err


def test_a_corrupt_model_ends_with_3(
    run: Callable[..., subprocess.Popen[str]], repository: Any, toys: Any
) -> None:
    repository.add("corrupt", toys.broken())
    _, err = (program := run("serve")).communicate(timeout=60)
    assert program.returncode == 3
    assert "the model 'corrupt' cannot be loaded" in err
    assert "Traceback" not in err


@pytest.mark.skipif(count_gpus() > 0, reason="this machine has a GPU")
def test_the_gpu_is_refused_where_there_is_none(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    _, err = (program := run("serve", "--gpu")).communicate(timeout=60)
    assert program.returncode == 3
    assert "needs an NVIDIA GPU" in err


def test_installs_and_starts_nothing(
    run: Callable[..., subprocess.Popen[str]], server_environment: ServerEnvironment
) -> None:
    program = run("serve", "--install-only", "--json")
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert json.loads(out) == {"installed": str(server_environment.site_packages)}


def test_lists_the_models_of_a_repository_that_has_no_specs(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    _, err = (program := run("models list")).communicate(timeout=60)
    assert program.returncode == 3
    assert "holds no spec of version 1" in err
