"""The chart's rules by promtool: what they record, and when they alert."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from charts.rendering import CLAIM, merged, of_kind, render

CASES = Path(__file__).with_name("cases.yaml")
RULES = merged(CLAIM, {"monitoring": {"rules": {"enabled": True}}})

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("promtool") is None,
        reason="promtool (prometheus) is not installed",
    ),
]

# Faults in the rules, each of which some case must notice.
FAULTS = {
    "NaN at rest": ("> 0) / 1e6", ") / 1e6"),
    "no figure at rest": ("or 0 *", "and 0 *"),
    "the ensemble's own queue": ('model!~"amphitrite-triton-.+"', 'model="asid"'),
    "the self-check's model": ('model!~"amphitrite-triton-.+"', 'model!=""'),
    "all releases": (', release="eb"', ""),
    "all namespaces": ('namespace="astro", ', ""),
    "the mean of all models": ("max by (name", "avg by (name"),
    "no reset of counters": ("rate(nv_inference_queue", "deriv(nv_inference_queue"),
    "milliseconds": ("/ 1e6", "/ 1e3"),
    "stalled without a request": ("> 0\nand\n", ">= 0\nand\n"),
    "stalled in all servers only": ("release, pod, model", "release, model"),
    "given up requests": ('reason!="CANCELED"', 'reason!=""'),
    "missing in some server": ("release, pod) nv", "release) nv"),
    "restarts": ("resets(", "changes("),
    "at once": ("5m", "0s"),
}


@pytest.fixture(scope="module")
def rules():
    """The rules as Prometheus reads them."""
    (rule,) = of_kind(render(RULES), "PrometheusRule")
    return rule["spec"]


def text_of(rules):
    """Return rules as a file for Prometheus, which takes JSON for YAML."""
    return json.dumps(rules, indent=1)


def altered(rules, fault):
    """Return rules with a fault in their text."""
    right, wrong = (json.dumps(part)[1:-1] for part in FAULTS[fault])
    text = text_of(rules)
    assert right in text
    return text.replace(right, wrong)


def promtool(folder, *words):
    return subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True
    )


def run_cases(text, folder):
    (folder / "rules.yaml").write_text(text)
    shutil.copy(CASES, folder)
    return promtool(folder, "test", "rules", CASES.name)


def test_prometheus_accepts_the_rules(rules, tmp_path):
    (tmp_path / "rules.yaml").write_text(text_of(rules))
    done = promtool(tmp_path, "check", "rules", "--lint-fatal", "rules.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_record_and_alert_as_they_should(rules, tmp_path):
    done = run_cases(text_of(rules), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_rules_is_noticed(fault, rules, tmp_path):
    faulty = altered(rules, fault)
    (tmp_path / "rules.yaml").write_text(faulty)
    # a fault is one of meaning, and not of writing
    assert promtool(tmp_path, "check", "rules", "rules.yaml").returncode == 0
    assert run_cases(faulty, tmp_path).returncode != 0


def test_every_alert_says_how_bad_it_is_and_what_to_do(rules):
    alerts = [
        rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    ]
    assert len({alert["alert"] for alert in alerts}) == 7
    for alert in alerts:
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert len(alert["annotations"]["summary"]) > 20
        assert len(alert["annotations"]["description"]) > 60
