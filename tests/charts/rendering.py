"""The chart, rendered by Helm's own engine as its objects."""

import functools
from pathlib import Path

import yaml
from helm_python import Chart

HELM = Path(__file__).parents[2] / "deploy" / "helm"
CHART = HELM / "amphitrite"
SCALING = CHART / "templates" / "scaledobject.yaml"
RELEASE, NAMESPACE = "eb", "astro"
CI = {path.stem: path for path in sorted((CHART / "ci").glob("*.yaml"))}
# libyaml's, where PyYAML has it, is ten times faster.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The least that must be given.
CLAIM = {"models": {"source": "claim", "claim": {"name": "models"}}}


def values_of(name):
    """Return the values of a file of ci/."""
    return yaml.safe_load(CI[name].read_text())


def nested(path, value):
    """Return a value as a tree: "a.b", 1 as {"a": {"b": 1}}."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


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
        for found in yaml.load_all(text, Loader)
        if found
    ]


def render(values, chart=CHART, **options):
    """Return the objects that a chart makes of values."""
    options = {"name": RELEASE, "namespace": NAMESPACE, **options}
    with Chart.load(chart) as loaded:
        return objects_in(loaded.render(values, **options))


@functools.cache
def render_file(name):
    """Return the objects that a file of ci/ gives; they are shared by tests."""
    return render(values_of(name))


def of_kind(objects, *kinds):
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def named(objects, kind, name):
    """Return the object of a kind and a name."""
    (found,) = [o for o in of_kind(objects, kind) if o["metadata"]["name"] == name]
    return found


def pods(objects):
    """Return what pods are made of, with metadata and spec, by kind/name."""
    found = {}
    for entry in objects:
        name = f"{entry['kind']}/{entry['metadata']['name']}"
        if entry["kind"] == "Pod":
            found[name] = entry
        elif "template" in entry.get("spec", {}):
            found[name] = entry["spec"]["template"]
    return found


def component(pod):
    """Return what a pod of the release is: triton, survey, merge or test."""
    return pod["metadata"]["labels"]["app.kubernetes.io/component"]


def containers(pod):
    """Return all containers of a pod, those that run first included."""
    spec = pod["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def triton(objects):
    """Return the pod and the container of Triton."""
    (deployment,) = of_kind(objects, "Deployment")
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    return pod, container


def option(container, name):
    """Return the value of an option of a container's command line."""
    (found,) = [w for w in container["args"] if w.startswith(f"--{name}=")]
    return found.partition("=")[2]
