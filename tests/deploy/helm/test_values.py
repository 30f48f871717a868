"""Values that cannot be used are refused by name; those that can are documented."""

import json
import re
import sys

import pytest
import yaml
from charts.rendering import CHART, CLAIM, HELM, merged, nested, render, values_of
from helm_python import HelmError

sys.path.insert(0, str(HELM))
from values_table import VALUES, rows, table

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
SURVEY, ELSEWHERE = values_of("survey"), values_of("survey-elsewhere")
IMAGE, ARCHIVE = values_of("image"), values_of("archive")
ROUTE, INGRESS = values_of("route"), values_of("ingress")
GPU = {"limits": {"nvidia.com/gpu": "1"}}
UNSIGNED = {"podSelector": {"matchLabel": {"app": "x"}}}

# What is given, and all that the message must say.
BY_SCHEMA = {
    "misspelt": (nested("replica", 2), "replica"),
    "misspelt within": (nested("autoscaling.minReplica", 2), "/autoscaling minReplica"),
    "misspelt in a peer": (nested("networkPolicy.clients", [UNSIGNED]), "matchLabel"),
    "number as text": (nested("replicas", "2"), "/replicas string"),
    "text as number": (nested("image.tag", 24.1), "/image/tag number"),
    "switch as text": (nested("gpu.enabled", "yes"), "/gpu/enabled"),
    "list as text": (nested("models.names", "calnet"), "/models/names"),
    "no models": (nested("models.names", []), "/models/names minItems"),
    "the same model twice": (nested("models.names", ["a", "a"]), "/models/names"),
    "model with a path": (nested("models.names", ["../etc"]), "/models/names/0"),
    "no such source": (nested("models.source", "s3"), "/models/source image archive"),
    "both autoscalers": (nested("autoscaling.engine", "both"), "/autoscaling/engine"),
    "autoscalers in a list": (
        nested("autoscaling.engine", ["keda", "hpa"]),
        "/autoscaling/engine keda",
    ),
    "scaled to zero": (nested("autoscaling.minReplicas", 0), "/minReplicas 1"),
    "negative replicas": (nested("replicas", -1), "/replicas -1"),
    "no waiting at all": (nested("autoscaling.queueSeconds", 0), "/queueSeconds"),
    "address without http": (
        nested("autoscaling.prometheus.address", "prometheus:9090"),
        "/autoscaling/prometheus/address prometheus:9090",
    ),
    "window without unit": (nested("autoscaling.window", "60"), "/window 60"),
    "bad digest": (nested("image.digest", "sha256:abc"), "/image/digest sha256:abc"),
    "image with spaces": (nested("image.repository", "a b"), "/image/repository"),
    "no such pull policy": (nested("image.pullPolicy", "Often"), "/image/pullPolicy"),
    "root": (nested("security.runAsUser", 0), "/security/runAsUser"),
    "privileged port": (nested("ports.http", 80), "/ports/http 80"),
    "port out of range": (nested("ports.grpc", 70000), "/ports/grpc"),
    "option without dashes": (nested("extraArgs", ["log-verbose"]), "/extraArgs/0"),
    "memory without unit": (nested("sharedMemory.size", "1 GB"), "/sharedMemory/size"),
    "no drain": (nested("drain.sleepSeconds", 0), "/drain/sleepSeconds"),
    "short key": (nested("control.value", "1234"), "/control/value"),
    "access to all": (nested("control.access", "open"), "/control/access closed"),
    "no such spread": (nested("spread.nodes", "Always"), "/spread/nodes"),
    "parent without a name": (nested("route.parentRefs", [{}]), "/route/parentRefs/0"),
    "no such survey": (nested("survey.name", "calnett"), "/survey/name calnet"),
    "no shards": (nested("survey.shards", 0), "/survey/shards"),
    "run with capitals": (nested("survey.run", "S15"), "/survey/run S15"),
    "address without port": (nested("survey.server", "triton"), "/survey/server"),
    "folder as a result": (nested("survey.output.result", "a/b"), "/output/result a/b"),
    "path that leaves": (nested("survey.input.path", "../x"), "/survey/input/path"),
    "no class of peers": (nested("networkPolicy.clients", [{}]), "/clients/0"),
}
BY_TEMPLATE = {
    "no source": ({}, "models.source is empty image claim archive"),
    "source without models": (
        nested("models.source", "claim"),
        "models.source is claim models.claim.name",
    ),
    "archive without models": (
        nested("models.source", "archive"),
        "models.archive.claim models.archive.image",
    ),
    "two sources": (
        merged(CLAIM, {"models": {"image": {"repository": "a.b/models", "tag": "1"}}}),
        "models.source is claim models.image.repository",
    ),
    "two archives": (
        merged(ARCHIVE, nested("models.archive.image", "a.b/models:1")),
        "models.archive.claim models.archive.image",
    ),
    "too old": (
        merged(IMAGE, {"kubeVersion": "1.34.2"}),
        "models.source 1.34.2 1.35 archive",
    ),
    "latest": (merged(CLAIM, nested("image.tag", "latest")), "image.tag latest"),
    "latest of a kind": (
        merged(CLAIM, nested("image.tag", "latest-py3")),
        "image.tag latest-py3",
    ),
    "latest models": (
        merged(IMAGE, nested("models.image.tag", "latest")),
        "models.image.tag latest",
    ),
    "no version": (
        merged(CLAIM, nested("image.tag", "")),
        "image.tag image.digest",
    ),
    "grace too short": (
        merged(CLAIM, {"terminationGracePeriodSeconds": 75}),
        "terminationGracePeriodSeconds is 75 drain.sleepSeconds 15",
    ),
    "a port twice": (
        merged(CLAIM, nested("ports.metrics", 8000)),
        "ports.http 8000 ports.metrics",
    ),
    "GPU without its configuration": (
        merged(CLAIM, {"resources": GPU}),
        "resources.limits nvidia.com/gpu gpu.enabled",
    ),
    "GPU twice": (
        merged(CLAIM, {"resources": GPU, "gpu": {"enabled": True}}),
        "nvidia.com/gpu gpu.count",
    ),
    "minimum above maximum": (
        merged(CLAIM, {"autoscaling": {"minReplicas": 9, "engine": "hpa"}}),
        "autoscaling.minReplicas 9 autoscaling.maxReplicas 8",
    ),
    "hpa without its series": (
        merged(CLAIM, nested("autoscaling.engine", "hpa")),
        "autoscaling.engine hpa monitoring.rules.enabled keda",
    ),
    "fallback above maximum": (
        merged(CLAIM, {"autoscaling": {"maxReplicas": 1, "engine": "keda"}}),
        "autoscaling.fallback.replicas 2 autoscaling.maxReplicas",
    ),
    "key without Secret": (
        merged(CLAIM, nested("control.access", "key")),
        "control.access control.secretName control.value",
    ),
    "Secret that nothing uses": (
        merged(CLAIM, nested("control.secretName", "mine")),
        "control.access control.secretName",
    ),
    "two keys": (
        merged(ARCHIVE, nested("control.secretName", "mine")),
        "control.secretName mine control.value",
    ),
    "opened by an option": (
        merged(CLAIM, {"extraArgs": ["--model-control-mode=explicit"]}),
        "extraArgs --model-control-mode=explicit",
    ),
    "no update": (
        merged(CLAIM, {"update": {"maxSurge": "0%", "maxUnavailable": 0}}),
        "update.maxSurge update.maxUnavailable",
    ),
    "Ingress without TLS": (
        merged(INGRESS, nested("ingress.tlsSecretName", "")),
        "ingress.tlsSecretName",
    ),
    "Ingress without host": (
        merged(INGRESS, nested("ingress.host", "")),
        "ingress.host",
    ),
    "route without Gateway": (
        merged(ROUTE, nested("route.parentRefs", [])),
        "route.parentRefs",
    ),
    "closed Gateway": (
        merged(ROUTE, nested("networkPolicy.gateways", [])),
        "networkPolicy.gateways route",
    ),
    "closed to Prometheus": (
        merged(values_of("keda"), nested("networkPolicy.prometheus", [])),
        "networkPolicy.prometheus monitoring.podMonitor",
    ),
    "servers out of reach": (
        merged(ELSEWHERE, nested("networkPolicy.servers", [])),
        "networkPolicy.servers survey.server",
    ),
    "survey without anything": (
        merged(CLAIM, nested("survey.enabled", True)),
        "survey.name survey.inputs survey.input.claim survey.output.claim "
        "survey.output.result survey.image.repository",
    ),
    "survey without its model": (
        merged(SURVEY, nested("models.names", ["asid"])),
        "survey.name is calnet models.names",
    ),
    "another shard": (
        merged(SURVEY, nested("survey.args", ["--shard=0/2"])),
        "survey.args --shard=0/2",
    ),
    "TLS with the release's own": (
        merged(ELSEWHERE, nested("survey.server", "")),
        "survey.tls.secretName triton-tls survey.server",
    ),
    "certificate without Secret": (
        merged(ELSEWHERE, nested("survey.tls.secretName", "")),
        "survey.tls.clientCertificate survey.tls.secretName",
    ),
}


def refused(values):
    with pytest.raises(HelmError) as refusal:
        render(values)
    return str(refusal.value)


@pytest.mark.parametrize("case", BY_SCHEMA)
def test_the_schema_refuses_what_is_no_value(case):
    values, expected = BY_SCHEMA[case]
    message = refused(merged(CLAIM, values))
    assert "values don't meet the specifications of the schema" in message
    for word in expected.split():
        assert word in message, message


@pytest.mark.parametrize("case", BY_TEMPLATE)
def test_a_sentence_refuses_values_that_contradict_each_other(case):
    values, expected = BY_TEMPLATE[case]
    message = refused(values)
    assert "these values cannot be used:" in message
    for word in expected.split():
        assert word in message, message
    assert ": " in message.splitlines()[-1], "what to do"


def test_all_mistakes_are_said_at_once():
    wrong = {"image": {"tag": "latest"}, "terminationGracePeriodSeconds": 5}
    message = refused(merged(CLAIM, wrong))
    assert len(re.findall("^- ", message, re.MULTILINE)) == len(wrong)


def test_global_values_are_allowed():
    assert render(merged(CLAIM, nested("global.storageClass", "fast")))


def closed(schema, path=""):
    """Yield the paths of mappings of which a schema does not say all."""
    if isinstance(schema, list):
        for entry in schema:
            yield from closed(entry, path)
    if isinstance(schema, dict):
        says = {"properties", "additionalProperties", "$ref"}
        if schema.get("type") == "object" and not says.intersection(schema):
            yield path
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield path
        for key, entry in schema.items():
            yield from closed(entry, f"{path}/{key}")


def test_the_schema_is_closed():
    affinity = "/properties/affinity/properties"
    kinds = ("nodeAffinity", "podAffinity", "podAntiAffinity")
    open_ones = {"/properties/global", *(f"{affinity}/{kind}" for kind in kinds)}
    assert set(closed(SCHEMA)) == open_ones


def leaves(schema, path=()):
    """Yield the paths of the values that a schema knows."""
    for key, entry in schema["properties"].items():
        target = entry.get("$ref", "").rpartition("/")[2]
        whole = SCHEMA["$defs"][target] if target else entry
        # those of one value, such as a peer's, are no values of the chart
        if "properties" in whole and key not in ("resources", "affinity"):
            yield from leaves(whole, (*path, key))
        elif key != "global":
            yield ".".join((*path, key))


def test_schema_values_and_their_comments_are_complete():
    found = list(rows(VALUES.read_text()))
    assert {path for path, _, _ in found} == set(leaves(SCHEMA))
    for path, _, comment in found:
        assert comment.endswith("."), f"{path} has no sentence"


def test_the_table_is_made_of_the_values():
    values = yaml.safe_load(VALUES.read_text())
    for path, text, _ in rows(VALUES.read_text()):
        value = values
        for key in path.split("."):
            value = value[key]
        assert yaml.safe_load(text) == value, path


def test_the_readme_has_the_table():
    readme = (CHART / "README.md").read_text()
    assert table(VALUES.read_text()) in readme, "python deploy/helm/values_table.py"
