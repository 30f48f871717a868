"""Tritons behind HAProxy end as the chart's pods end: a plain client loses nothing."""

import itertools
import logging
import os
import shutil
import signal
import threading
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from charts.rendering import CLAIM, merged, of_kind, render
from haproxy_server import HAProxy
from restarting import Server
from tritonclient.utils import InferenceServerException

from amphitrite.places import checkout_repository
from amphitrite.server import launcher, layout
from amphitrite.surveys.calnet.page import MODEL

pytestmark = [
    pytest.mark.triton,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which("haproxy") is None, reason="haproxy is not installed"
    ),
]

logger = logging.getLogger(__name__)

N_SERVERS = 3
N_REQUESTS = 1000  # at least
N_BETWEEN = 100  # requests between two restarts
N_TRIES = 5  # restarts until one without a drain loses a request
IN_FLIGHT = 4
ROWS = 4
LONGEST = 30  # s, of a request
VALUES = {"drain": {"sleepSeconds": 3, "exitTimeoutSeconds": 20, "marginSeconds": 7}}


class Ending:
    """How a pod of the chart ends."""

    def __init__(self, values):
        (deployment,) = of_kind(render(merged(CLAIM, values)), "Deployment")
        pod = deployment["spec"]["template"]["spec"]
        (container,) = [c for c in pod["containers"] if c["name"] == "triton"]
        self.sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.grace = pod["terminationGracePeriodSeconds"]
        (self.option,) = [
            word
            for word in [*container.get("command", []), *container.get("args", [])]
            if word.startswith("--exit-timeout-secs=")
        ]

    def end(self, server):
        """End a server as a kubelet does."""
        killing = threading.Timer(self.grace, os.kill, (server.pid, signal.SIGKILL))
        killing.start()
        try:
            time.sleep(self.sleep)
            server.end(signal.SIGTERM)
        finally:
            killing.cancel()


class Client:
    """Threads that ask through one connection; nothing is asked twice."""

    def __init__(self, url):
        rng = np.random.default_rng(0)
        self.inputs = []
        for tensor in MODEL.inputs:
            values = rng.random((ROWS, *tensor.shape), np.float32)
            given = grpcclient.InferInput(tensor.name, values.shape, "FP32")
            given.set_data_from_numpy(values)
            self.inputs.append(given)
        options = [("grpc.enable_retries", 0)]
        self.triton = grpcclient.InferenceServerClient(url, channel_args=options)
        self.answered, self.lost = 0, []
        self.lock, self.ended = threading.Lock(), threading.Event()

    def ask(self):
        while not self.ended.is_set():
            try:
                self.triton.infer(MODEL.name, self.inputs, client_timeout=LONGEST)
            except InferenceServerException as error:
                with self.lock:
                    self.lost.append(f"{error.status()}: {error.message()}")
            else:
                with self.lock:
                    self.answered += 1

    def wait_for(self, more):
        """Wait until more requests have been answered."""
        enough = self.answered + more
        while self.answered < enough:
            time.sleep(0.01)

    @contextmanager
    def asking(self):
        """Ask as long as a `with` block."""
        threads = [threading.Thread(target=self.ask) for _ in range(IN_FLIGHT)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()
            self.triton.close()


@pytest.fixture(scope="module")
def ending():
    return Ending(VALUES)


@pytest.fixture(scope="module")
def proxy(ending, server_environment, tmp_path_factory):
    """A proxy before servers with the chart's time to exit."""

    def command(*words, **options):
        made = layout.command(*words, **options)
        kept = [word for word in made if not word.startswith("--exit-timeout-secs=")]
        return [*kept, ending.option]

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(launcher, "command", command)
        servers = {}
        for number in range(N_SERVERS):
            server = Server(server_environment, checkout_repository(), [MODEL.name])
            stack.callback(server.stop)
            servers[f"triton{number}"] = server
        yield stack.enter_context(HAProxy(tmp_path_factory.mktemp("proxy"), servers))


def test_no_request_is_lost_in_a_rolling_restart(proxy, ending):
    client = Client(proxy.url)
    with client.asking():
        client.wait_for(N_BETWEEN)
        for name, server in proxy.servers.items():
            # a pod that ends is no longer an endpoint
            proxy.drain(name)
            ending.end(server)
            server.start_again()
            proxy.take_back(name)
            client.wait_for(N_BETWEEN)
        client.wait_for(max(0, N_REQUESTS - client.answered))
    logger.info("%d of %d requests lost", len(client.lost), client.answered)
    assert client.lost == []
    assert client.answered >= N_REQUESTS


def test_without_the_chart_s_sleep_requests_are_lost(proxy):
    client = Client(proxy.url)
    with client.asking():
        client.wait_for(N_BETWEEN)
        turns = itertools.cycle(proxy.servers.items())
        for name, server in itertools.islice(turns, N_TRIES):
            server.end(signal.SIGTERM)
            server.start_again()
            proxy.take_back(name)
            if client.lost:
                break
    lost, all_of_them = len(client.lost), client.answered + len(client.lost)
    logger.info("%d of %d requests lost: %s", lost, all_of_them, client.lost[:1])
    assert client.lost
