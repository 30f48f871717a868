"""Custom resources fit the schemas of their makers, without an unknown field."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from charts.rendering import CI, SCALING, of_kind, render_file

ROOT = Path(__file__).parents[3]
MODULES = ROOT / ".venv" / "kubernetes-models" / "node_modules"
VALIDATE = Path(__file__).with_name("custom_resources.mjs")
KINDS = ("GRPCRoute", "PodMonitor", "PrometheusRule", "ScaledObject")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (MODULES.is_dir() and shutil.which("node")),
        reason=f"{MODULES.relative_to(ROOT)} or node is not there: make chart-tools",
    ),
]
# A valid object of each kind, and ways to spoil it: a path, a value, what is said then.
METADATA = {"name": "x", "labels": {"release": "prometheus"}}
VALID = {
    "GRPCRoute": {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "spec": {"parentRefs": [{"name": "public"}]},
    },
    "PodMonitor": {
        "apiVersion": "monitoring.coreos.com/v1",
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "podMetricsEndpoints": [{"port": "metrics", "interval": "15s"}],
        },
    },
    "PrometheusRule": {
        "apiVersion": "monitoring.coreos.com/v1",
        "spec": {"groups": [{"name": "g", "rules": [{"record": "a:b", "expr": "1"}]}]},
    },
    "ScaledObject": {
        "apiVersion": "keda.sh/v1alpha1",
        "spec": {
            "scaleTargetRef": {"name": "x"},
            "triggers": [{"type": "prometheus", "metadata": {"threshold": "1"}}],
        },
    },
}
SPOILED = [
    ("GRPCRoute", ("spec", "hostname"), ["a"], "/spec/hostname unknown"),
    ("PodMonitor", ("metadata", "label"), {}, "/metadata/label unknown"),
    ("PodMonitor", ("spec", "selector"), None, "/spec required"),
    (
        *("PodMonitor", ("spec", "podMetricsEndpoints", 0, "interval"), "often"),
        "/spec/podMetricsEndpoints/0/interval pattern",
    ),
    ("PrometheusRule", ("spec", "groups", 0, "rulez"), [], "/groups/0/rulez unknown"),
    ("ScaledObject", ("spec", "minReplicas"), 1, "/spec/minReplicas unknown"),
    ("ScaledObject", ("spec", "maxReplicaCount"), "8", "/spec/maxReplicaCount type"),
    (
        *("ScaledObject", ("spec", "triggers", 0, "metadata", "threshold"), 1),
        "/spec/triggers/0/metadata/threshold type",
    ),
]


def problems(objects):
    """Return what is wrong with each object."""
    done = subprocess.run(
        ["node", VALIDATE, MODULES],
        input=json.dumps(objects),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_custom_resources_are_valid_and_have_no_unknown_field():
    objects = [found for name in CI for found in of_kind(render_file(name), *KINDS)]
    assert "GRPCRoute" in {found["kind"] for found in objects}
    if SCALING.is_file():
        assert {found["kind"] for found in objects} == set(KINDS)
    for found, wrong in zip(objects, problems(objects), strict=True):
        assert not wrong, f"{found['kind']} {found['metadata']['name']}"


def test_objects_that_are_spoiled_are_found():
    objects = [
        {"kind": kind, "metadata": METADATA, **entry} for kind, entry in VALID.items()
    ]
    for kind, (*path, last), value, _ in SPOILED:
        spoiled = {"kind": kind, "metadata": METADATA, **VALID[kind]}
        objects.append(spoiled := copy.deepcopy(spoiled))
        for key in path:
            spoiled = spoiled[key]
        if value is None:
            del spoiled[last]
        else:
            spoiled[last] = value
    found = problems(objects)
    assert found[: len(VALID)] == [[]] * len(VALID)
    for (kind, _, _, expected), wrong in zip(SPOILED, found[len(VALID) :], strict=True):
        assert any(line.endswith(expected) for line in wrong), (kind, wrong)
