"""A real API server takes the chart's objects, and its controllers act on them."""

import copy
import datetime as dt
import secrets
import shutil
import urllib.parse

import helm_python
import pytest
from charts.cluster import Cluster, missing
from charts.rendering import (
    CHART,
    CI,
    CLAIM,
    RELEASE,
    SCALING,
    merged,
    named,
    of_kind,
    pods,
    render,
    render_file,
    values_of,
)
from waiting import waited

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
# Their definitions are in no package; see test_custom_resources.py.
CUSTOM = ("GRPCRoute", "PodMonitor", "PrometheusRule", "ScaledObject")
# What pods of the files of ci/ want of their cluster.
CLUSTER_WIDE = (
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "inference"},
        "value": 1000,
    },
    {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "nvidia"},
        "handler": "nvidia",
    },
)
INDEX = "batch.kubernetes.io/job-completion-index"
COUNTED = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount"}
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
JOB = {"apiVersion": "batch/v1", "kind": "Job"}
POD = {"apiVersion": "v1", "kind": "Pod"}
FULLNAME = f"{RELEASE}-amphitrite"
AUTOSCALED = merged(CLAIM, {"autoscaling": {"engine": "hpa", "minReplicas": 2}})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if why := missing():
        pytest.skip(why)
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        for found in CLUSTER_WIDE:
            status, answer = running.api.create(found)
            assert status == 201, answer
        yield running


@pytest.fixture
def api(cluster):
    """The API, of a new namespace that enforces Pod Security "restricted"."""
    api = cluster.api.within(f"test-{secrets.token_hex(4)}")
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace"}
    namespace["metadata"] = {"name": api.namespace, "labels": enforced}
    status, answer = cluster.api.create(namespace)
    assert status == 201, answer
    # its ServiceAccount, without which no pod is admitted, comes by a controller
    path = api.path(ACCOUNT, "default")
    waited(lambda: api.ask("GET", path)[0] == 200, cluster.logs)
    return api


@pytest.fixture
def helm(cluster, api):
    with helm_python.Config(
        kubeconfig_path=cluster.config, namespace=api.namespace
    ) as config:
        yield config


def deployment(api):
    return api.get(DEPLOYMENT, FULLNAME)


def create_accounts(api, objects):
    """Create the ServiceAccounts, without which no pod is admitted."""
    for found in of_kind(objects, "ServiceAccount"):
        status, answer = api.create(found)
        assert status == 201, answer


@pytest.mark.parametrize("name", CI)
def test_files_of_ci_pass_a_strict_dry_run(api, name):
    objects = render_file(name)
    create_accounts(api, objects)
    for found in objects:
        if found["kind"] not in (*CUSTOM, "ServiceAccount"):
            status, answer = api.create(found, dry_run=True)
            assert status == 201, answer


@pytest.mark.parametrize("name", CI)
def test_pods_are_admitted_where_restricted_is_enforced(api, name):
    objects = render_file(name)
    create_accounts(api, objects)
    for number, template in enumerate(pods(objects).values()):
        pod = {**POD, **copy.deepcopy(template)}
        pod["metadata"]["name"] = f"pod-{number}"
        status, answer = api.create(pod, dry_run=True)
        assert status == 201, answer
        pod["spec"]["securityContext"]["runAsNonRoot"] = False
        status, answer = api.create(pod, dry_run=True)
        assert status == 403, "a pod that may be root is admitted"


@pytest.mark.parametrize("fault", ["selector", "grace"])
def test_faults_are_refused(api, fault):
    found = copy.deepcopy(named(render(CLAIM), "Deployment", FULLNAME))
    if fault == "selector":
        found["spec"]["selector"]["matchLabels"]["app"] = "other"
    else:
        found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 5
    status, answer = api.create(found, dry_run=True)
    assert status == 422
    words = {"selector": "selector", "grace": "terminationGracePeriodSeconds"}
    assert words[fault] in answer["message"]


def test_a_release_is_installed_upgraded_rolled_back_and_removed(helm, api):
    helm.install(CHART, RELEASE, CLAIM, namespace=api.namespace)
    assert deployment(api)["spec"]["replicas"] == 1
    waited(lambda: api.get(POD)["items"], lambda: deployment(api)["status"])
    helm.upgrade(
        CHART, RELEASE, merged(CLAIM, {"replicas": 3}), namespace=api.namespace
    )
    assert deployment(api)["spec"]["replicas"] == 3
    helm.rollback(RELEASE, version=1)
    assert deployment(api)["spec"]["replicas"] == 1
    helm.uninstall(RELEASE)
    waited(lambda: not api.get(DEPLOYMENT)["items"], lambda: deployment(api))


def upgraded_replicas(helm, api, chart):
    """Return how many replicas an upgrade leaves of the 5 that an autoscaler set."""
    helm.install(chart, RELEASE, AUTOSCALED, namespace=api.namespace)
    api.patch(DEPLOYMENT, FULLNAME, "scale", {"spec": {"replicas": 5}})
    more = merged(AUTOSCALED, {"podAnnotations": {"example.org/changed": "yes"}})
    helm.upgrade(chart, RELEASE, more, namespace=api.namespace)
    found = deployment(api)["spec"]
    assert found["template"]["metadata"]["annotations"]["example.org/changed"] == "yes"
    helm.uninstall(RELEASE)
    return found["replicas"]


def test_an_upgrade_leaves_the_number_of_an_autoscaler_alone(helm, api):
    if not SCALING.is_file():
        pytest.skip(f"the chart has no {SCALING.name}")
    assert upgraded_replicas(helm, api, CHART) == 5


def test_a_chart_that_always_has_replicas_would_reset_it(helm, api, tmp_path):
    chart = tmp_path / "amphitrite"
    shutil.copytree(CHART, chart)
    template = chart / "templates" / "deployment.yaml"
    given = 'if eq .Values.autoscaling.engine "none"'
    assert given in template.read_text()
    template.write_text(template.read_text().replace(given, "if true"))
    assert upgraded_replicas(helm, api, chart) < 5


class Survey:
    """The Job of a survey, and its pods, whose ends are told in place of a kubelet."""

    def __init__(self, api):
        values = values_of("survey")
        values["survey"] |= {"shards": 3, "parallelism": 3}
        self.api, self.name = api, f"{FULLNAME}-{values['survey']['run']}"
        objects = render(values)
        create_accounts(api, objects)
        status, answer = api.create(named(objects, "Job", self.name))
        assert status == 201, answer

    @property
    def status(self):
        return self.api.get(JOB, self.name)["status"]

    def pods(self, index):
        """Return the pods of an index that have not ended."""
        labels = urllib.parse.quote(f"batch.kubernetes.io/job-name={self.name}")
        found = self.api.get(POD, query=f"?labelSelector={labels}")["items"]
        return [
            pod
            for pod in found
            if pod["metadata"]["annotations"][INDEX] == str(index)
            and pod["status"]["phase"] == "Pending"
            and "deletionTimestamp" not in pod["metadata"]
        ]

    def next_pod(self, index, after=None):
        """Wait for the pod of an index, another one than before."""

        def found():
            return [
                pod
                for pod in self.pods(index)
                if after is None or pod["metadata"]["uid"] != after["metadata"]["uid"]
            ]

        return waited(found, lambda: self.status)[0]

    def end(self, pod, code, **status):
        """Tell that the container of a pod ended with a code."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ended = {"exitCode": code, "reason": "Error", "finishedAt": now}
        container = {"name": "shard", "image": "x", "imageID": "x", "ready": False}
        container |= {"restartCount": 0, "state": {"terminated": ended}}
        status |= {"phase": "Failed", "containerStatuses": [container]}
        self.api.patch(POD, pod["metadata"]["name"], "status", {"status": status})


@pytest.fixture
def survey(api):
    return Survey(api)


def test_there_is_a_pod_for_each_shard(survey):
    for index in range(3):
        survey.next_pod(index)


def test_a_failing_server_is_tried_again_and_counted(survey):
    first = survey.next_pod(0)
    survey.end(first, 3)
    second = survey.next_pod(0, after=first)
    assert second["metadata"]["annotations"][COUNTED] == "1"
    assert "failedIndexes" not in survey.status


def test_a_mistake_is_not_tried_again(survey):
    survey.end(survey.next_pod(1), 2)
    waited(lambda: survey.status.get("failedIndexes") == "1", lambda: survey.status)
    assert not survey.pods(1)


def test_a_disruption_is_not_counted(survey):
    first = survey.next_pod(2)
    condition = {"type": "DisruptionTarget", "status": "True"}
    condition |= {"reason": "EvictionByEvictionAPI", "message": "the node is emptied"}
    survey.end(first, 137, conditions=[condition])
    second = survey.next_pod(2, after=first)
    annotations = second["metadata"]["annotations"]
    assert annotations[COUNTED] == "0"
    assert annotations[IGNORED] == "1"
    assert "failedIndexes" not in survey.status
