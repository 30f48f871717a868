"""The chart's dashboard, as Grafana will read it."""

import json
import shutil
import subprocess

import pytest
from charts.rendering import CLAIM, merged, render
from dashboards import dashboard, queries_of

SHOWN = merged(CLAIM, {"monitoring": {"dashboard": {"enabled": True}}})
GPU = {"gpu": {"enabled": True}}


def limits(found):
    """Return the constants of the panel with the number of servers."""
    (panel,) = [panel for panel in found["panels"] if panel["title"] == "Servers"]
    return [target["expr"] for target in panel["targets"]][1:]


@pytest.mark.parametrize("more", [{}, GPU], ids=["cpu", "gpu"])
def test_panels_have_numbers_places_and_names_of_their_own(more):
    found = dashboard(render(merged(SHOWN, more)))
    panels = found["panels"]
    assert len(panels) == (8 if more else 6)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == ["A", "B", "C"][: len(letters)]
        assert all(target["legendFormat"] for target in panel["targets"])


def test_each_release_has_a_dashboard_of_its_own():
    names = [{}, {"name": "other"}, {"namespace": "other"}]
    found = [dashboard(render(SHOWN, **options)) for options in names]
    assert len({each["uid"] for each in found}) == 3
    assert len({each["title"] for each in found}) == 3
    assert all(len(each["uid"]) <= 40 for each in found)  # Grafana's limit


def test_limits_are_those_of_the_autoscaler_or_the_replicas():
    assert limits(dashboard(render(SHOWN))) == ["vector(1)", "vector(1)"]
    scaled = {"autoscaling": {"engine": "keda", "minReplicas": 2, "maxReplicas": 5}}
    found = dashboard(render(merged(SHOWN, scaled)))
    assert limits(found) == ["vector(2)", "vector(5)"]


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (prometheus) is not installed"
)
def test_prometheus_can_read_every_query(tmp_path):
    queries = queries_of(dashboard(render(merged(SHOWN, GPU))))
    rules = [{"record": f"q{i}", "expr": query} for i, query in enumerate(queries)]
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.yaml").write_text(json.dumps(groups))
    done = subprocess.run(
        ["promtool", "check", "rules", "rules.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout
