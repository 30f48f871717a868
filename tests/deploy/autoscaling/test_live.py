"""Prometheus scrapes a Triton that serves an ensemble: what the chart asks, under load.

Times are short and thresholds low; the queries are the chart's.
"""

import logging
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from charts.rendering import CLAIM, NAMESPACE, merged, of_kind, render
from dashboards import dashboard, queries_of
from horizontal_autoscaler import of_scaled_object
from prometheus_server import Prometheus
from restarting import Server

from amphitrite.places import checkout_repository
from amphitrite.surveys.asid import page
from amphitrite.triton.connecting import connection

pytestmark = [
    pytest.mark.triton,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="prometheus is not installed"
    ),
]

logger = logging.getLogger(__name__)

# Two requests to asid are computed at a time, for 20 ms at least: the others wait.
IN_FLIGHT = 24
N_REQUESTS = 8000  # at most
WAIT_SECONDS = 180  # at most, for each change
WINDOW = 16  # s
THRESHOLD = 0.02  # s

VALUES = merged(
    CLAIM,
    {
        "models": {"names": [page.MODEL.name]},
        "autoscaling": {
            "engine": "keda",
            "window": f"{WINDOW}s",
            "queueSeconds": THRESHOLD,
            "pendingPerReplica": 4,
        },
        "monitoring": {
            "podMonitor": {"enabled": True},
            "rules": {"enabled": True, "queueSeconds": THRESHOLD, "queueFor": "2s"},
            "dashboard": {"enabled": True},
        },
    },
)
ALERT = 'ALERTS{alertname="AmphitriteQueueLong", alertstate="firing"}'


def snake(name):
    """Return a name of the operator as Prometheus has it."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def scrape(monitor, server):
    """Return how Prometheus scrapes a server as a pod that a PodMonitor selects."""
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    selected = monitor["spec"]["selector"]["matchLabels"]
    # what the cluster says of a pod, and the operator's own labels
    pod = {
        f"__meta_kubernetes_pod_label_{re.sub('[./]', '_', name)}": value
        for name, value in selected.items()
    } | {"namespace": NAMESPACE, "pod": "triton-0"}
    return {
        "job_name": f"{NAMESPACE}/{monitor['metadata']['name']}",
        "metrics_path": endpoint["path"],
        "static_configs": [
            {"targets": [server.metrics.removeprefix("http://")], "labels": pod}
        ],
        "relabel_configs": [
            {snake(name): value for name, value in relabeling.items()}
            for relabeling in endpoint["relabelings"]
        ],
    }


@contextmanager
def load(server):
    """Keep some requests in flight, as long as a `with` block."""
    rng = np.random.default_rng(0)
    inputs = {
        tensor.name: rng.poisson(0.5, (1, *tensor.shape)).astype(np.float32)
        for tensor in page.COUNTS
    }
    inputs[page.EXPOSURE.name] = np.full((1, *page.EXPOSURE.shape), 1e11, np.float32)
    ended = threading.Event()

    def ask(model):
        for _ in range(N_REQUESTS // IN_FLIGHT):
            if ended.is_set():
                return
            model.infer(inputs)

    with (
        connection(server.url) as triton,
        ThreadPoolExecutor(IN_FLIGHT) as threads,
    ):
        model = triton.model(page.MODEL)
        asking = [threads.submit(ask, model) for _ in range(IN_FLIGHT)]
        try:
            yield
        finally:
            ended.set()
        for one in asking:
            one.result()


@dataclass
class Trial:
    """A Prometheus that has seen a server at rest, under load and at rest again."""

    prometheus: Prometheus
    objects: list
    times: list = field(default_factory=list)

    @property
    def queries(self):
        """KEDA's two questions: what is pending, and the time in the queue."""
        (scaled,) = of_kind(self.objects, "ScaledObject")
        return [t["metadata"]["query"] for t in scaled["spec"]["triggers"]]

    def mark(self):
        self.times.append(time.time())

    def wait(self, condition):
        start, end = time.time(), time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > end:
                seen = (*self.queries, "ALERTS", "up")
                pytest.fail(
                    str([self.prometheus.history(q, start, time.time()) for q in seen])
                )
            time.sleep(0.5)

    def figures(self, query):
        """Return the history of a query's one series; nothing where it has none."""
        found = self.prometheus.history(query, self.times[0], self.times[-1])
        assert len(found) <= 1
        return found[0] if found else []


@pytest.fixture(scope="module")
def trial(server_environment, tmp_path_factory):
    objects = render(VALUES)
    (rules,) = of_kind(objects, "PrometheusRule")
    (monitor,) = of_kind(objects, "PodMonitor")
    server = Server(server_environment, checkout_repository(), [page.MODEL.name])
    try:
        with Prometheus(
            tmp_path_factory.mktemp("prometheus"),
            [scrape(monitor, server)],
            rules["spec"],
        ) as prometheus:
            trial = Trial(prometheus, objects)
            pending, queue = trial.queries
            trial.wait(lambda: prometheus.value(queue) is not None)
            trial.mark()
            time.sleep(3)
            with load(server):
                time.sleep(WINDOW)
                trial.wait(lambda: prometheus.value(f"count({ALERT})"))
            trial.mark()
            trial.wait(
                lambda: prometheus.value(queue) == prometheus.value(pending) == 0
            )
            trial.wait(lambda: prometheus.value(f"count({ALERT})") is None)
            time.sleep(2)  # more than the step of the histories
            trial.mark()
            yield trial
    finally:
        server.stop()


def test_the_time_in_the_queue_rises_above_its_target_and_falls_to_0(trial):
    pending, queue = (trial.figures(query) for query in trial.queries)
    assert np.isfinite(queue).all()
    assert (queue[0], pending[0], queue[-1], pending[-1]) == (0, 0, 0, 0)
    logger.info("up to %.3f s in the queue and %d pending", max(queue), max(pending))
    assert max(queue) > THRESHOLD
    # at most what is in flight and not computed
    assert 0 < max(pending) <= IN_FLIGHT


def test_the_ensemble_s_own_count_stays_at_0(trial):
    _, queue = trial.queries
    everything = 'model!~"amphitrite-triton-.+"'
    assert everything in queue
    own = trial.figures(queue.replace(everything, f'model="{page.MODEL.name}"'))
    # microseconds, which a busy machine may stretch
    assert max(own) < 0.05 * max(trial.figures(queue))


def test_the_alert_fires_and_clears(trial):
    start, end = trial.times[0], trial.times[-1]
    firing = trial.prometheus.history(ALERT, start, end)
    assert len(firing) >= 1
    assert trial.prometheus.value(f"count({ALERT})") is None
    others = ALERT.replace("=", "!=", 1)
    assert trial.prometheus.history(others, start, end) == []


def test_prometheus_evaluates_all_rules(trial):
    groups = trial.prometheus.ask("rules")["groups"]
    states = [rule["health"] for group in groups for rule in group["rules"]]
    assert len(states) == 11
    assert set(states) == {"ok"}


def test_the_autoscaler_would_add_servers_and_take_them_away(trial):
    (scaled,) = of_kind(trial.objects, "ScaledObject")
    scaler = of_scaled_object(scaled)
    pending, queue = (trial.figures(query) for query in trial.queries)
    # as it looks at the moment of the load's longest queue, and after the load
    at = int(np.argmax(queue[: int(trial.times[1] - trial.times[0]) + 1]))
    assert scaler.sync(pending[0], queue[0]) == 1
    added = scaler.sync(pending[at], queue[at])
    logger.info("%d servers for %d and %.3f s", added, pending[at], queue[at])
    assert 2 <= added <= 5  # 1 and the 4 that the policy allows at once
    for _ in range(60):
        scaler.sync(pending[-1], queue[-1])
    assert scaler.replicas == 1


def test_every_query_of_the_dashboard_returns_data(trial):
    queries = queries_of(dashboard(trial.objects))
    assert len(queries) == 14
    start, end = trial.times[0], trial.times[-1]
    for query in queries:
        series = trial.prometheus.history(query, start, end)
        assert series, query
        assert np.isfinite(np.concatenate(series)).all(), query
