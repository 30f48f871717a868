"""What objects say of each other: selectors, ports, Secrets, ConfigMaps, Services."""

import re

from charts.flows import matches
from charts.rendering import NAMESPACE, containers, of_kind, option, pods, triton

SCRIPTS = "/etc/amphitrite/"
# What operators make themselves; the files of ci/ name these.
SECRETS = {
    "triton-control": {"control-key", "other"},
    "triton-headers": {"headers", "lines"},
    "triton-tls": {"ca.crt", "tls.crt", "tls.key"},
    "triton-certificate": {"tls.crt", "tls.key"},
    "registry": {".dockerconfigjson"},
    "other": {"control-key", "headers", "ca.crt", "tls.crt", "tls.key"},
}


def check_selectors_select(objects):
    """What selects pods selects some, and Services and budgets none but Tritons."""
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects).items()}
    (deployment,) = of_kind(objects, "Deployment")
    tritons = {f"Deployment/{deployment['metadata']['name']}"}

    def selected(selector):
        assert selector, "an empty selector selects everything"
        return {name for name, found in labels.items() if matches(selector, found)}

    spec = deployment["spec"]
    assert selected(spec["selector"]) == tritons, "the Deployment's"
    for service in of_kind(objects, "Service"):
        found = selected({"matchLabels": service["spec"]["selector"]})
        assert found == tritons, f"Service {service['metadata']['name']}"
    for entry in of_kind(objects, "PodDisruptionBudget", "PodMonitor"):
        assert selected(entry["spec"]["selector"]) == tritons, entry["kind"]
    for constraint in spec["template"]["spec"].get("topologySpreadConstraints", []):
        assert selected(constraint["labelSelector"]) == tritons, "the spread's"
    for policy in of_kind(objects, "NetworkPolicy"):
        found = selected(policy["spec"]["podSelector"])
        assert found, f"NetworkPolicy {policy['metadata']['name']}"
    for entry in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler"):
        target = entry["spec"]["scaleTargetRef"]
        assert target["name"] == deployment["metadata"]["name"], entry["kind"]


def check_ports_fit(objects):
    """Ports that are named, and those of the command line, are the container's."""
    _, container = triton(objects)
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    assert len(set(ports.values())) == 3
    for name, number in ports.items():
        assert option(container, f"{name}-port") == str(number), name
    assert container["livenessProbe"]["httpGet"]["port"] in ports
    services = {}
    for service in of_kind(objects, "Service"):
        services[service["metadata"]["name"]] = service["spec"]["ports"]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports, port
            assert port["port"] == ports[port["targetPort"]], port
    for ingress in of_kind(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                names = [p["name"] for p in services[backend["name"]]]
                assert backend["port"]["name"] in names
    for route in of_kind(objects, "GRPCRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                (port,) = [
                    p for p in services[backend["name"]] if p["port"] == backend["port"]
                ]
                assert port["appProtocol"] == "kubernetes.io/h2c"
    for monitor in of_kind(objects, "PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            assert endpoint["port"] in ports, endpoint


def check_references_exist(objects):
    """Secrets, ConfigMaps, their entries, accounts, volumes, scripts are there."""
    entries = {"ConfigMap": {}, "Secret": dict(SECRETS)}
    for kind, known in entries.items():
        for entry in of_kind(objects, kind):
            known[entry["metadata"]["name"]] = set(entry["data"])
    accounts = {a["metadata"]["name"] for a in of_kind(objects, "ServiceAccount")}
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        assert spec["serviceAccountName"] in accounts | {"default"}, name
        for secret in spec.get("imagePullSecrets", []):
            assert secret["name"] in entries["Secret"], name
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        mounted = set()
        for container in containers(pod):
            for variable in container.get("env", []):
                if source := variable.get("valueFrom", {}).get("secretKeyRef"):
                    assert source["name"] in entries["Secret"], f"{name}: {source}"
                    assert source["key"] in entries["Secret"][source["name"]], source
            files = set()
            for mount in container["volumeMounts"]:
                assert mount["name"] in volumes, f"{name}: {mount}"
                mounted.add(mount["name"])
                for kind, key in (("configMap", "name"), ("secret", "secretName")):
                    if source := volumes[mount["name"]].get(kind):
                        known = entries[kind[0].upper() + kind[1:]]
                        assert source[key] in known, f"{name}: {source}"
                        items = [i["key"] for i in source.get("items", [])]
                        assert set(items) <= known[source[key]], f"{name}: {source}"
                        found = items or known[source[key]]
                        files |= {f"{mount['mountPath']}/{file}" for file in found}
            for word in words(container):
                assert not word.startswith(SCRIPTS) or word in files, f"{name}: {word}"
        assert mounted == set(volumes), f"{name}: {set(volumes) - mounted}"
    for ingress in of_kind(objects, "Ingress"):
        for tls in ingress["spec"]["tls"]:
            assert tls["secretName"] in entries["Secret"]
            hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
            assert hosts == set(tls["hosts"])


def words(container):
    """Return all words that a container and its probes run."""
    found = [*container.get("command", []), *container.get("args", [])]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        found += container.get(probe, {}).get("exec", {}).get("command", [])
    return found


def check_addresses_are_the_releases(objects):
    """Shards and the test ask Services that the release has."""
    address = re.compile(rf"(?:dns:///)?([^.]+)\.{NAMESPACE}\.svc:\d+")
    services = {s["metadata"]["name"] for s in of_kind(objects, "Service")}
    for name, pod in pods(objects).items():
        for container in containers(pod):
            for word in words(container):
                if found := address.fullmatch(word):
                    assert found[1] in services, f"{name}: {word}"
