"""The numbers of servers that the chart's documentation states."""

import re

import pytest
from charts.rendering import CHART, CLAIM, merged, of_kind, render
from horizontal_autoscaler import SYNC_SECONDS, of_autoscaler, of_scaled_object

KINDS = {
    "keda": ("ScaledObject", of_scaled_object),
    "hpa": ("HorizontalPodAutoscaler", of_autoscaler),
}
LINE = re.compile(
    r"\| (\S+) pending and (\S+) s in the queue for (\d+) s, "
    r"then 0 and 0 for (\d+) s \| (.+) \|"
)
TABLE = LINE.findall((CHART / "SCALING.md").read_text())


def autoscaler(engine, values=None, **options):
    """Return the autoscaler of the chart with an engine."""
    kind, made = KINDS[engine]
    recorded = {"monitoring": {"rules": {"enabled": True}}}
    engines = {"autoscaling": {"engine": engine}}
    objects = render(merged(CLAIM, recorded, engines, values or {}))
    (found,) = of_kind(objects, kind)
    others = {name for name, _ in KINDS.values()} - {kind}
    assert not of_kind(objects, *others)
    return made(found, **options)


def changes(scaler, *phases):
    """Return when the number of servers changes, and to what, as the table says it."""
    found = []
    for seconds, pending, queue in phases:
        for _ in range(int(seconds) // SYNC_SECONDS):
            before = scaler.replicas
            if scaler.sync(float(pending), float(queue)) != before:
                found.append(f"{scaler.replicas} at {scaler.now}")
    return ", ".join(found) or "none"


@pytest.mark.parametrize("engine", KINDS)
@pytest.mark.parametrize("line", TABLE, ids=" ".join)
def test_the_documented_numbers_follow_from_the_chart(engine, line):
    pending, queue, seconds, after, stated = line
    phases = [(seconds, pending, queue), (after, 0, 0)]
    assert changes(autoscaler(engine), *phases) == stated


def test_the_documentation_has_a_table():
    assert len(TABLE) == 5


@pytest.mark.parametrize("engine", KINDS)
def test_policies_of_the_values_bound_the_numbers(engine):
    values = {
        "autoscaling": {
            "minReplicas": 2,
            "maxReplicas": 100,
            "pendingPerReplica": 1,
            "scaleUp": {"pods": 1, "percent": 50, "periodSeconds": 30},
            "scaleDown": {"percent": 10, "periodSeconds": 30},
        }
    }
    scaler = autoscaler(engine, values, replicas=20)
    assert changes(scaler, (60, 1000, 0)) == "30 at 15, 45 at 45"
    # once 300 s are over, and then by a tenth each time
    assert changes(scaler, (330, 0, 0)) == "40 at 360, 36 at 390"
    assert changes(autoscaler(engine, values), (60, 0, 0)) == "2 at 15"


def test_neither_engine_makes_an_object_unless_asked_for():
    kinds = [kind for kind, _ in KINDS.values()]
    assert not of_kind(render(CLAIM), *kinds)


def test_keda_gets_strings_and_takes_no_silence_for_rest():
    values = merged(CLAIM, {"autoscaling": {"engine": "keda"}})
    (found,) = of_kind(render(values), "ScaledObject")
    for trigger in found["spec"]["triggers"]:
        assert {type(value) for value in trigger["metadata"].values()} == {str}
        assert trigger["metadata"]["ignoreNullValues"] == "false"
        assert "authenticationRef" not in trigger
    assert found["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"


def test_keda_can_show_prometheus_who_it_is():
    asked = {"prometheus": {"authenticationRef": "prometheus"}, "engine": "keda"}
    (found,) = of_kind(render(merged(CLAIM, {"autoscaling": asked})), "ScaledObject")
    for trigger in found["spec"]["triggers"]:
        assert trigger["authenticationRef"] == {"name": "prometheus"}
        assert trigger["metadata"]["authModes"] == "bearer"


def test_rules_and_keda_ask_the_same():
    asked = {
        "autoscaling": {"engine": "keda"},
        "monitoring": {"rules": {"enabled": True}},
    }
    objects = render(merged(CLAIM, asked))
    (scaled,), (rules,) = (
        of_kind(objects, "ScaledObject"),
        of_kind(objects, "PrometheusRule"),
    )
    recorded = {
        rule["record"]: rule["expr"]
        for group in rules["spec"]["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    pending, queue = (t["metadata"]["query"] for t in scaled["spec"]["triggers"])
    assert recorded["release:amphitrite_pending_requests:sum"] == pending
    assert recorded["release:amphitrite_queue_seconds:max"] == queue
