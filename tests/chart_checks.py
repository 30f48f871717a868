"""What must hold for the objects of any release, whatever its values are.

Each check takes the objects and raises an AssertionError, so that the tests of the chart
and those of spoiled copies of it run the same ones.
"""

import re

from charts import NAMESPACE, component, containers, of_kind, pods
from network_flows import Peer, is_allowed, matches

SCRIPTS = "/etc/amphitrite/"
# What operators make themselves; the files of ci/ name these.
SECRETS = {
    "triton-control": {"control-key"},
    "triton-headers": {"headers", "lines"},
    "triton-tls": {"ca.crt", "tls.crt", "tls.key"},
    "triton-certificate": {"tls.crt", "tls.key"},
    "registry": {".dockerconfigjson"},
}
MONITORING = Peer({"app": "prometheus"}, "monitoring")
DNS = Peer({"k8s-app": "kube-dns"}, "kube-system")
STRANGERS = (
    Peer({"app": "stranger"}),
    Peer({"app": "stranger"}, "elsewhere"),
    Peer({"app.kubernetes.io/component": "survey"}, "elsewhere"),
    Peer(address="203.0.113.7"),
)


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


def check_pods_are_restricted(objects):
    """Every pod fits into a namespace that enforces Pod Security "restricted"."""
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context.get("runAsUser", 1) > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"}.intersection(spec), name
        assert not [v for v in spec["volumes"] if "hostPath" in v], name
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, f"{name}: {container['name']}"


def check_containers_have_limits(objects):
    """No container takes more of a node than it says."""
    for name, pod in pods(objects).items():
        for container in containers(pod):
            for kind in ("requests", "limits"):
                found = container["resources"][kind]
                assert {"cpu", "memory"} <= set(found), f"{name}: {container['name']}"


def check_images_are_fixed(objects):
    """Every image has a version or a digest."""
    for name, pod in pods(objects).items():
        for container in containers(pod):
            image = container["image"].rpartition("/")[2]
            assert re.search(r"[:@]", image), f"{name}: {image}"
            assert "latest" not in image, f"{name}: {image}"


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
    """Secrets, ConfigMaps and their entries, accounts, volumes and scripts are there."""
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


def check_one_sets_replicas(objects):
    """The Deployment says how many Tritons there are, or an autoscaler, never both."""
    (deployment,) = of_kind(objects, "Deployment")
    scalers = of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")
    assert len(scalers) <= 1
    if scalers:
        assert "replicas" not in deployment["spec"]


def check_requests_in_flight_end(objects):
    """A Triton leaves the Services, then ends its work, and only then may be killed."""
    pod, container = triton(objects)
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    least = sleep + int(option(container, "exit-timeout-secs"))
    assert sleep > 0
    assert pod["spec"]["terminationGracePeriodSeconds"] > least
    assert container["command"] == ["tritonserver"], "SIGTERM must reach it"
    (deployment,) = of_kind(objects, "Deployment")
    assert deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    (headless,) = [
        s for s in of_kind(objects, "Service") if s["spec"].get("clusterIP") == "None"
    ]
    assert headless["spec"]["publishNotReadyAddresses"] is False


def check_triton_takes_no_orders(objects):
    """Models, shared memory, logging and tracing are closed, or need a hidden key."""
    pod, container = triton(objects)
    assert option(container, "model-control-mode") == "none"
    for name in ("http-restricted-api", "grpc-restricted-protocol"):
        interfaces, _, key = option(container, name).partition(":")
        assert set(interfaces.split(",")) == {
            *("model-repository", "shared-memory", "logging", "trace")
        }, name
        if key != "closed:to-all=nobody":
            assert key == "control-key=$(CONTROL_KEY)", name
            (variable,) = [v for v in container["env"] if v["name"] == "CONTROL_KEY"]
            assert set(variable["valueFrom"]) == {"secretKeyRef"}
    (models,) = [m for m in container["volumeMounts"] if m["name"] == "models"]
    assert models["readOnly"] is True


def check_probes_ask_what_they_should(objects):
    """Start: an inference for each model; ready: each model; live: the server alone."""
    _, container = triton(objects)
    startup = container["startupProbe"]["exec"]["command"]
    assert startup[:3] == ["python3", f"{SCRIPTS}probe.py", "--port"]
    ready = container["readinessProbe"]["exec"]["command"]
    assert ready == [*startup[:2], "--ready", *startup[2:]]
    (port,) = [p for p in container["ports"] if p["name"] == "http"]
    assert startup[3] == str(port["containerPort"])
    assert startup[4:]
    live = container["livenessProbe"]["httpGet"]
    assert live == {"path": "/v2/health/live", "port": "http"}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["timeoutSeconds"] >= 1


def check_gpus_are_used(objects):
    """Who asks for a GPU has Triton run the models' configurations for it."""
    _, container = triton(objects)
    asked = "nvidia.com/gpu" in container["resources"]["limits"]
    assert ("--model-config-name=gpu" in container["args"]) == asked


def check_shared_memory_is_there(objects):
    """/dev/shm is memory, of a limited size."""
    pod, container = triton(objects)
    (mount,) = [m for m in container["volumeMounts"] if m["mountPath"] == "/dev/shm"]
    (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == mount["name"]]
    assert volume["emptyDir"]["medium"] == "Memory"
    assert volume["emptyDir"]["sizeLimit"]


def check_copied_models_are_compared(objects):
    """Models that a pod copied are compared with their manifest before Triton starts."""
    pod, _ = triton(objects)
    names = [c["name"] for c in pod["spec"].get("initContainers", [])]
    if "copy-models" in names:
        assert names == ["copy-models", "verify-models"]


def check_traffic_is_what_is_needed(objects):
    """Scrapes, shards, the test and DNS get through; nobody else does."""
    if not of_kind(objects, "NetworkPolicy"):
        return
    _, container = triton(objects)
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    peers = {
        component(p): Peer(p["metadata"]["labels"]) for p in pods(objects).values()
    }
    server = peers["triton"]

    def open_to(peer):
        return {n for n, p in ports.items() if is_allowed(objects, peer, server, p)}

    assert open_to(MONITORING) == {"metrics"}
    assert open_to(peers["test"]) == {"http"}
    assert open_to(peers.get("survey", MONITORING)) in ({"grpc"}, {"metrics"})
    for stranger in STRANGERS:
        assert open_to(stranger) == set(), stranger
        for name, peer in peers.items():
            assert not is_allowed(objects, stranger, peer, 22), name
    for name, peer in peers.items():
        asks = name in ("survey", "test")
        for protocol in ("UDP", "TCP"):
            assert is_allowed(objects, peer, DNS, 53, protocol) == asks, name
        assert not is_allowed(objects, peer, DNS, 80), name
        assert not is_allowed(objects, peer, Peer(address="203.0.113.7"), 443), name
        assert not is_allowed(objects, peer, Peer(namespace="elsewhere"), 8001), name
    if "merge" in peers:
        assert open_to(peers["merge"]) == set()


def check_surveys_are_whole(objects):
    """As many shards as completions, with exit codes that mean something, are merged."""
    jobs = {component(j["spec"]["template"]): j for j in of_kind(objects, "Job")}
    if not jobs:
        return
    survey, merge = jobs["survey"]["spec"], jobs["merge"]["spec"]
    (shard,) = survey["template"]["spec"]["containers"]
    count = str(survey["completions"])
    assert survey["completionMode"] == "Indexed"
    assert {"name": "AMPHITRITE_SHARDS", "value": count} in shard["env"]
    assert survey["maxFailedIndexes"] <= survey["completions"]
    assert survey["backoffLimitPerIndex"] >= 0
    for job in (survey, merge):
        assert job["template"]["spec"]["restartPolicy"] == "Never"
        rules = job["podFailurePolicy"]["rules"]
        assert rules[0]["action"] == "Ignore"
        assert rules[0]["onPodConditions"][0]["type"] == "DisruptionTarget"
        (container,) = job["template"]["spec"]["containers"]
        for rule in rules[1:]:
            assert rule["onExitCodes"]["containerName"] == container["name"]
    actions = {
        code: rule["action"]
        for rule in survey["podFailurePolicy"]["rules"][1:]
        for code in rule["onExitCodes"]["values"]
    }
    assert actions == {2: "FailIndex", 3: "Count"}
    text = " ".join(shard["args"])
    assert "--shard auto" in text
    assert "--resume" in text
    folder, _, part = shard["command"][3].rpartition("/")
    assert part == "$(JOB_COMPLETION_INDEX).part"
    (wait,) = merge["template"]["spec"]["initContainers"]
    assert wait["command"][3:] == [folder, count]
    (merging,) = merge["template"]["spec"]["containers"]
    assert f"{folder}/*.part" in merging["args"]
    mounts = [
        [m for m in c["volumeMounts"] if m["name"] == "output"]
        for c in (shard, wait, merging)
    ]
    assert mounts[0] == mounts[1] == mounts[2]


def check_addresses_are_the_releases(objects):
    """Shards and the test ask Services that the release has."""
    services = {s["metadata"]["name"] for s in of_kind(objects, "Service")}
    for name, pod in pods(objects).items():
        for container in containers(pod):
            for word in words(container):
                if found := re.fullmatch(
                    rf"(?:dns:///)?([^.]+)\.{NAMESPACE}\.svc:\d+", word
                ):
                    assert found[1] in services, f"{name}: {word}"


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}


def failures(objects):
    """Return the names of the checks that some objects fail."""
    found = []
    for name, check in CHECKS.items():
        try:
            check(objects)
        except (AssertionError, KeyError, ValueError):
            found.append(name)
    return found
