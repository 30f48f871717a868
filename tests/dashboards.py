"""The chart's dashboard for Grafana."""

import json

from charts.rendering import of_kind


def dashboard(objects):
    """Return the dashboard among objects."""
    (found,) = [
        found
        for found in of_kind(objects, "ConfigMap")
        if "grafana_dashboard" in found["metadata"]["labels"]
    ]
    (text,) = found["data"].values()
    return json.loads(text)


def queries_of(dashboard):
    """Return all queries of a dashboard."""
    return [
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    ]
