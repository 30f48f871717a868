"""Tritons: their replicas, probes, interfaces, models, and how they end."""

from charts.rendering import of_kind, option, triton

PROBE = ["python3", "/etc/amphitrite/probe.py"]


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
    _, container = triton(objects)
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
    assert startup[:3] == [*PROBE, "--port"]
    ready = container["readinessProbe"]["exec"]["command"]
    assert ready == [*PROBE, "--ready", *startup[2:]]
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
    """A pod compares models that it copied with their manifest, before Triton."""
    pod, _ = triton(objects)
    names = [c["name"] for c in pod["spec"].get("initContainers", [])]
    if "copy-models" in names:
        assert names == ["copy-models", "verify-models"]
