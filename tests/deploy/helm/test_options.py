"""Every file of ci/ and every documented option renders, and has an effect."""

import sys

import helm_python
import pytest
from charts.checks import CHECKS, failed
from charts.rendering import (
    CHART,
    CI,
    CLAIM,
    HELM,
    SCALING,
    merged,
    nested,
    render,
    render_file,
    values_of,
)

sys.path.insert(0, str(HELM))
from values_table import VALUES, rows

KUBERNETES = "v1.36.0"
DIGEST = f"sha256:{64 * '2'}"
PEER = {"podSelector": {"matchLabels": {"app": "x"}}}
WARNING = 2  # Helm's severity

KEDA, HPA = values_of("keda"), values_of("hpa")
SURVEY, ELSEWHERE = values_of("survey"), values_of("survey-elsewhere")
IMAGE, ARCHIVE = values_of("image"), values_of("archive")
ROUTE, INGRESS = values_of("route"), values_of("ingress")
BOTH_COUNTED = {"requests": {"cpu": "3"}, "limits": {"memory": "9Gi"}}
TOLERATION = {"key": "x", "operator": "Exists"}

TO_CLAIM = {"models": {"claim": {"name": "models"}, "archive": {"claim": ""}}}

# Another value than the default of each option, values under which it is of use, and
# what must be given with it.
OPTIONS = {
    "nameOverride": ("other", CLAIM),
    "fullnameOverride": ("other", CLAIM),
    "kubeVersion": ("1.35.2", IMAGE),
    "replicas": (5, CLAIM),
    "image.repository": ("registry.example.org/triton", CLAIM),
    "image.tag": ("24.12-py3", CLAIM),
    "image.digest": (DIGEST, CLAIM),
    "image.pullPolicy": ("Always", CLAIM),
    "image.pullSecrets": (["registry"], CLAIM),
    "models.names": (["calnet"], CLAIM),
    "models.source": ("claim", ARCHIVE, TO_CLAIM),
    "models.image.repository": ("registry.example.org/other", IMAGE),
    "models.image.tag": ("2027.01", IMAGE),
    "models.image.digest": (DIGEST, IMAGE),
    "models.image.pullPolicy": ("Always", IMAGE),
    "models.image.path": ("repository/models", IMAGE),
    "models.claim.name": ("other", CLAIM),
    "models.claim.path": ("a/b", CLAIM),
    "models.claim.verify": (False, CLAIM),
    "models.archive.claim": ("other", ARCHIVE),
    "models.archive.image": ("example.org/other:1", values_of("archive-image")),
    "models.archive.path": ("a/b", ARCHIVE),
    "models.archive.sizeLimit": ("3Gi", ARCHIVE),
    "gpu.enabled": (True, CLAIM),
    "gpu.count": (2, values_of("gpu")),
    "resources": (BOTH_COUNTED, CLAIM),
    "sharedMemory.size": ("2Gi", CLAIM),
    "scratch.size": ("2Gi", CLAIM),
    "extraArgs": (["--log-verbose=1"], CLAIM),
    "ports.http": (9000, CLAIM),
    "ports.grpc": (9001, CLAIM),
    "ports.metrics": (9002, CLAIM),
    "control.access": ("key", CLAIM, nested("control.secretName", "other")),
    "control.secretName": ("other", values_of("claim")),
    "control.secretKey": ("other", values_of("claim")),
    "control.value": ("another-key-4711-0815", ARCHIVE),
    "drain.sleepSeconds": (20, CLAIM),
    "drain.exitTimeoutSeconds": (90, CLAIM),
    "drain.marginSeconds": (30, CLAIM),
    "terminationGracePeriodSeconds": (200, CLAIM),
    "update.maxSurge": ("25%", CLAIM),
    "update.maxUnavailable": (1, CLAIM),
    **{
        f"probes.{probe}.{key}": (7, CLAIM)
        for probe in ("startup", "readiness", "liveness")
        for key in ("periodSeconds", "failureThreshold", "timeoutSeconds")
    },
    "autoscaling.engine": ("keda", CLAIM),
    "autoscaling.minReplicas": (3, HPA),
    "autoscaling.maxReplicas": (7, HPA),
    "autoscaling.pendingPerReplica": (9, HPA),
    "autoscaling.queueSeconds": (0.25, HPA),
    "autoscaling.window": ("3m", KEDA),
    "autoscaling.scaleUp.pods": (2, HPA),
    "autoscaling.scaleUp.percent": (50, HPA),
    "autoscaling.scaleUp.periodSeconds": (30, HPA),
    "autoscaling.scaleUp.stabilizationSeconds": (15, HPA),
    "autoscaling.scaleDown.percent": (20, HPA),
    "autoscaling.scaleDown.periodSeconds": (30, HPA),
    "autoscaling.scaleDown.stabilizationSeconds": (150, HPA),
    "autoscaling.fallback.failureThreshold": (5, KEDA),
    "autoscaling.fallback.replicas": (4, KEDA),
    "autoscaling.prometheus.address": ("http://prometheus.example.org", KEDA),
    "autoscaling.prometheus.authenticationRef": ("other", KEDA),
    "autoscaling.prometheus.authModes": ("basic,tls", KEDA),
    "autoscaling.pollingSeconds": (45, KEDA),
    "monitoring.podMonitor.enabled": (True, CLAIM),
    "monitoring.podMonitor.interval": ("5s", KEDA),
    "monitoring.podMonitor.labels": ({"a": "b"}, KEDA),
    "monitoring.rules.enabled": (True, CLAIM),
    "monitoring.rules.labels": ({"a": "b"}, KEDA),
    "monitoring.rules.queueSeconds": (3, KEDA),
    "monitoring.rules.queueFor": ("7m", KEDA),
    "monitoring.rules.stalledFor": ("7m", KEDA),
    "monitoring.rules.failureShare": (0.2, KEDA),
    "monitoring.rules.failureFor": ("7m", KEDA),
    "monitoring.rules.missingFor": ("7m", KEDA),
    "monitoring.rules.restarts": (7, KEDA),
    "monitoring.rules.restartsWithin": ("3h", KEDA),
    "monitoring.dashboard.enabled": (True, CLAIM),
    "monitoring.dashboard.labels": ({"a": "b"}, KEDA),
    "ingress.enabled": (False, INGRESS),
    "ingress.className": ("other", INGRESS),
    "ingress.annotations": ({"a": "b"}, INGRESS),
    "ingress.host": ("b.example.org", INGRESS),
    "ingress.tlsSecretName": ("other", INGRESS),
    "route.enabled": (False, ROUTE),
    "route.parentRefs": ([{"name": "other"}], ROUTE),
    "route.hostnames": (["*.example.org"], ROUTE),
    "networkPolicy.enabled": (False, CLAIM),
    "networkPolicy.clients": ([PEER], CLAIM),
    "networkPolicy.gateways": ([PEER], ROUTE),
    "networkPolicy.prometheus": ([PEER], CLAIM),
    "networkPolicy.dns": ([PEER], CLAIM),
    "networkPolicy.servers": ([PEER], ELSEWHERE),
    "podDisruptionBudget.enabled": (False, CLAIM),
    "podDisruptionBudget.maxUnavailable": ("30%", CLAIM),
    "spread.nodes": ("DoNotSchedule", CLAIM),
    "spread.zones": ("none", CLAIM),
    "priorityClassName": ("inference", CLAIM),
    "runtimeClassName": ("nvidia", CLAIM),
    "nodeSelector": ({"a": "b"}, CLAIM),
    "tolerations": ([TOLERATION], CLAIM),
    "affinity": ({"podAffinity": {}}, CLAIM),
    "podAnnotations": ({"a": "b"}, CLAIM),
    "podLabels": ({"a": "b"}, CLAIM),
    "serviceAccount.create": (False, CLAIM),
    "serviceAccount.name": ("other", CLAIM),
    "serviceAccount.annotations": ({"a": "b"}, CLAIM),
    "security.runAsUser": (2000, CLAIM),
    "security.runAsGroup": (2000, CLAIM),
    "security.fsGroup": (2000, CLAIM),
    "survey.enabled": (False, SURVEY),
    "survey.name": ("morpheus", SURVEY),
    "survey.run": ("s016", SURVEY),
    "survey.image.repository": ("registry.example.org/other", SURVEY),
    "survey.image.tag": ("0.2.0", SURVEY),
    "survey.image.digest": (DIGEST, SURVEY),
    "survey.image.pullPolicy": ("Always", SURVEY),
    "survey.inputs": (["@list.txt"], SURVEY),
    "survey.args": (["--in-flight=4"], SURVEY),
    "survey.shards": (3, SURVEY),
    "survey.parallelism": (5, SURVEY),
    "survey.input.claim": ("other", SURVEY),
    "survey.input.path": ("a/b", SURVEY),
    "survey.output.claim": ("other", SURVEY),
    "survey.output.path": ("a/b", SURVEY),
    "survey.output.result": ("eb.parquet", SURVEY),
    "survey.server": ("a.example.org:443,b.example.org:443", ELSEWHERE),
    "survey.headers.secretName": ("other", ELSEWHERE),
    "survey.headers.key": ("lines", ELSEWHERE),
    "survey.tls.secretName": ("other", ELSEWHERE),
    "survey.tls.clientCertificate": (False, ELSEWHERE),
    "survey.backoffLimitPerIndex": (1, SURVEY),
    "survey.maxFailedIndexes": (0, SURVEY),
    "survey.activeDeadlineSeconds": (60, SURVEY),
    "survey.ttlSecondsAfterFinished": (0, SURVEY),
    "survey.queue": ("other", SURVEY),
    "survey.resources": (BOTH_COUNTED, SURVEY),
    "survey.nodeSelector": ({"a": "b"}, SURVEY),
    "survey.tolerations": ([TOLERATION], SURVEY),
    "survey.merge.activeDeadlineSeconds": (60, SURVEY),
    "survey.merge.resources": (BOTH_COUNTED, SURVEY),
}
# Options that choose what is refused, whose objects are the same.
WITHOUT_EFFECT = {"kubeVersion"}
# Checks that know the default of an option.
EXCUSED = {
    "networkPolicy.prometheus": {"traffic_is_what_is_needed"},
    "networkPolicy.dns": {"traffic_is_what_is_needed"},
}


@pytest.mark.parametrize("name", CI)
def test_files_of_ci_pass_the_strict_linter(name):
    report = helm_python.lint(
        CHART, values_of(name), strict=True, kube_version=KUBERNETES
    )
    assert report["total_charts_linted"] == 1
    assert not report["errors"]
    assert not [m for m in report["messages"] if m["severity"] >= WARNING]


@pytest.mark.parametrize("name", CI)
def test_what_files_of_ci_make_holds_together(name):
    objects = render_file(name)
    for check in CHECKS.values():
        check(objects)


def test_every_option_is_tried():
    assert set(OPTIONS) == {path for path, _, _ in rows(VALUES.read_text())}


@pytest.mark.parametrize("path", OPTIONS)
def test_every_option_has_an_effect_and_breaks_nothing(path):
    value, base, *others = OPTIONS[path]
    if path.startswith(("autoscaling", "monitoring")) and not SCALING.is_file():
        pytest.skip(f"the chart has no {SCALING.name}")
    before = render(base)
    after = render(merged(base, nested(path, value), *others))
    assert failed(after) == failed(before) | EXCUSED.get(path, set())
    assert (after != before) == (path not in WITHOUT_EFFECT)
