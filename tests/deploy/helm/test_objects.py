"""Kubernetes' own schemas know every object of the chart, with every field."""

import json

import kubernetes_validate
import pytest
from charts.rendering import (
    CHART,
    CI,
    CLAIM,
    option,
    render,
    render_file,
    triton,
)
from helm_python import Chart

import amphitrite
from amphitrite.server.host import CLOSED, CONTAINER

VERSIONS = list(dict.fromkeys(kubernetes_validate.utils.all_versions()))[-3:]
# Custom resources, of which Kubernetes has no schema; see test_custom_resources.py.
CUSTOM = {"GRPCRoute", "PodMonitor", "PrometheusRule", "ScaledObject"}


@pytest.fixture(scope="module")
def objects():
    """All objects of all files of ci/, those that are equal once."""
    found = [o for name in CI for o in render_file(name) if o["kind"] not in CUSTOM]
    return list({json.dumps(entry): entry for entry in found}.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_are_valid(objects, version):
    assert len({found["kind"] for found in objects}) >= 10
    for found in objects:
        kubernetes_validate.validate(found, version, strict=True)


def test_a_misspelt_field_would_be_noticed():
    (deployment,) = (o for o in render_file("claim") if o["kind"] == "Deployment")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_nothing_but_kubernetes_is_needed_unless_it_is_asked_for():
    kinds = {found["kind"] for found in render(CLAIM)}
    assert not kinds & CUSTOM
    assert not kinds & {"Job", "Ingress", "Secret", "HorizontalPodAutoscaler"}


def test_the_chart_is_of_this_version_and_closed_as_the_local_server_is():
    with Chart.load(CHART) as chart:
        assert chart.metadata["appVersion"] == amphitrite.__version__
    _, container = triton(render(CLAIM))
    assert container["image"] == CONTAINER
    for name in ("http-restricted-api", "grpc-restricted-protocol"):
        assert option(container, name) == CLOSED


def test_names_are_unique_and_short_enough():
    for name in CI:
        found = [(o["kind"], o["metadata"]["name"]) for o in render_file(name)]
        assert len(set(found)) == len(found)
        assert all(len(name) <= 63 for _, name in found)
