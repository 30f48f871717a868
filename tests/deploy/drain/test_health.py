"""A real Triton's health, as the chart's probe sees it."""

import logging
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
from charts.rendering import CHART
from restarting import Server

from amphitrite import errors
from amphitrite.places import checkout_repository
from amphitrite.server import rest
from amphitrite.surveys import SURVEYS
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.triton.connecting import connection

pytestmark = [
    pytest.mark.triton,
    pytest.mark.long,
    pytest.mark.timeout(600),
]

logger = logging.getLogger(__name__)

PROBE = CHART / "files" / "probe.py"
SHORT_QUEUE = "dynamic_batching { default_queue_policy { max_queue_size: 2 } }\n"
ROWS = 64
IN_FLIGHT = 12
N_LOOKS = 20


def probe(server, *words):
    """Return the exit code of the probe, and what it said."""
    port = server.http.rpartition(":")[2]
    # longer than in the chart, for machines that do other things besides
    words = ["--port", port, "--timeout", "60", *words]
    done = subprocess.run(
        [sys.executable, "-I", "-S", PROBE, *words], capture_output=True, text=True
    )
    return done.returncode, done.stderr.strip()


def failures(server):
    """Return how many requests to the model have failed, by their reasons."""
    _, text = rest.request(server.metrics, "/metrics", timeout=60)
    counted = re.findall(
        rf'request_failure{{model="{MODEL.name}",reason="(\w+)".*}} (\d+)',
        text.decode(),
    )
    return {reason: int(number) for reason, number in counted}


@pytest.fixture
def serve(server_environment):
    """Start servers, which end with the test."""
    servers = []

    def serve(repository, models):
        servers.append(Server(server_environment, repository, models))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


def test_every_survey_s_model_passes(serve):
    server = serve(checkout_repository(), SURVEYS)
    assert probe(server, *SURVEYS) == (0, "")
    assert probe(server, "--ready", *SURVEYS) == (0, "")


def test_a_model_whose_processes_have_died_fails(serve):
    server = serve(checkout_repository(), [MODEL.name])
    assert probe(server, MODEL.name) == (0, "")
    for child in psutil.Process(server.pid).children(recursive=True):
        if f"/{MODEL.name}/" in " ".join(child.cmdline()):
            child.kill()
    code, said = probe(server, MODEL.name)
    logger.info("%s; %s", said, failures(server))
    assert code == 1
    assert said.startswith(f"The model '{MODEL.name}' is not ready: ")
    # Triton calls the model ready, but counts a failure, on which there is an alert
    assert probe(server, "--ready", MODEL.name) == (0, "")
    assert failures(server)["CANCELED"] == 0
    assert sum(failures(server).values()) >= 1


@contextmanager
def full_queue(server):
    """Ask for more than a queue holds; yield the number of requests by their ends."""
    rng = np.random.default_rng(0)
    inputs = {
        tensor.name: rng.random((ROWS, *tensor.shape), np.float32)
        for tensor in MODEL.inputs
    }
    ended, ends = threading.Event(), {"answered": 0, "refused": 0}

    def ask(model):
        while not ended.is_set():
            try:
                model.infer(inputs)
                ends["answered"] += 1
            except errors.QueueFull:
                ends["refused"] += 1
                ended.wait(0.05)

    with connection(server.url) as triton, ThreadPoolExecutor(IN_FLIGHT) as threads:
        model = triton.model(MODEL)
        asking = [threads.submit(ask, model) for _ in range(IN_FLIGHT)]
        try:
            yield ends
        finally:
            ended.set()
        for one in asking:
            one.result()


def test_readiness_stays_green_where_a_queue_is_full(serve, tmp_path):
    repository = checkout_repository()
    shutil.copytree(repository / MODEL.name, tmp_path / MODEL.name)
    with (tmp_path / MODEL.name / "config.pbtxt").open("a") as config:
        config.write(SHORT_QUEUE)
    server = serve(tmp_path, [MODEL.name])
    looks = []
    with full_queue(server) as ends:
        while len(looks) < N_LOOKS or ends["refused"] < N_LOOKS:
            looks.append(probe(server, "--ready", MODEL.name))
            status, _ = rest.request(server.http, "/v2/health/ready", timeout=60)
            looks.append((0 if status == 200 else status, ""))
    logger.info("%s requests, %d looks", ends, len(looks))
    assert set(looks) == {(0, "")}
    assert ends["answered"] > 0
