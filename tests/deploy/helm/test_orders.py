"""A real Triton, started with the chart's options, takes orders only with the key."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from charts.kubelet import expanded
from charts.rendering import merged, option, render, triton, values_of
from tritonclient import grpc as grpcclient

from amphitrite import errors
from amphitrite.server.host import check_host, this_host
from amphitrite.server.provision import provision

KEY = values_of("archive")["control"]["value"]
SECONDS = 60
# A question of the closed interfaces: which models there are.
INDEX = "/v2/repository/index"

LOOPBACK = [f"--{name}-address=127.0.0.1" for name in ("http", "grpc", "metrics")]

pytestmark = [pytest.mark.triton]


def free_ports():
    """Return a free port for each of Triton's."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return dict(zip(("http", "grpc", "metrics"), ports, strict=True))


def status(port, path, body=None, **headers):
    """Return the status of an answer, 0 if there is none."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def refusal(address, headers):
    """Return why the server does not list its models over gRPC; empty if it does."""
    with grpcclient.InferenceServerClient(address) as client:
        try:
            client.get_model_repository_index(headers=headers)
        except grpcclient.InferenceServerException as error:
            return str(error)
        return ""


@pytest.fixture
def start(tmp_path):
    """Start a Triton without models as the chart does; return its HTTP and gRPC."""
    try:
        check_host(this_host())
    except errors.ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    environment = provision()
    (tmp_path / "models").mkdir()
    started = []

    def start(name):
        values = merged(values_of(name), {"ports": free_ports()})
        _, container = triton(render(values))
        words = [expanded(word, {"CONTROL_KEY": KEY}) for word in container["args"]]
        words[0] = f"--model-repository={tmp_path / 'models'}"
        log = (tmp_path / "log").open("wb")
        process = subprocess.Popen(
            [environment.tritonserver, *words, *LOOPBACK],
            env=os.environ | {"LD_LIBRARY_PATH": str(environment.libs)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        started.append((process, log))
        port = int(option(container, "http-port"))
        grpc = f"127.0.0.1:{option(container, 'grpc-port')}"
        end = time.monotonic() + SECONDS
        while status(port, "/v2/health/live") != 200:
            said = (tmp_path / "log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.1)
        return port, grpc

    yield start
    for process, log in started:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        log.close()


def test_orders_need_the_key(start):
    port, grpc = start("archive")
    assert status(port, INDEX, b"{}") == 403
    assert status(port, INDEX, b"{}", **{"control-key": "another"}) == 403
    assert status(port, INDEX, b"{}", **{"control-key": KEY}) == 200
    assert status(port, "/v2") == 200, "what is served may be read"
    assert refusal(grpc, {"triton-grpc-protocol-control-key": KEY}) == ""
    for headers in ({}, {"control-key": KEY}):
        assert "restricted" in refusal(grpc, headers)


def test_orders_are_closed_to_everybody(start):
    port, grpc = start("gpu")
    for headers in ({}, {"control-key": KEY}, {"closed": "to-all=nobody"}):
        assert status(port, INDEX, b"{}", **headers) == 403
    assert "restricted" in refusal(grpc, {"triton-grpc-protocol-control-key": KEY})
    assert status(port, "/v2/systemsharedmemory/status") == 403
    assert status(port, "/v2") == 200
