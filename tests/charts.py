"""The chart, rendered by Helm's own engine as its objects."""

from pathlib import Path

import yaml
from helm_python import Chart

CHART = Path(__file__).parents[1] / "deploy" / "helm" / "amphitrite"
RELEASE, NAMESPACE = "eb", "astro"
# The least that must be given.
CLAIM = {"models": {"source": "claim", "claim": {"name": "models"}}}


def merged(*trees):
    """Return trees of values as one; the last one wins, as in Helm."""
    whole = {}
    for tree in trees:
        for key, value in tree.items():
            if isinstance(value, dict) and isinstance(whole.get(key), dict):
                value = merged(whole[key], value)
            whole[key] = value
    return whole


def objects_in(manifests):
    """Return the objects in rendered templates."""
    return [
        found
        for template, text in manifests.items()
        if template.endswith(".yaml")
        for found in yaml.safe_load_all(text)
        if found
    ]


def render(values, chart=CHART, **options):
    """Return the objects that a chart makes of values."""
    options = {"name": RELEASE, "namespace": NAMESPACE, **options}
    with Chart.load(chart) as loaded:
        return objects_in(loaded.render(values, **options))


def of_kind(objects, *kinds):
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]
