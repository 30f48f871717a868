"""The compose file serves this repository with the server the client is tested with."""

from pathlib import Path

import pytest
import yaml

from amphitrite.server.host import CLOSED

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "docker" / "compose.yaml"


@pytest.fixture(scope="module")
def composed():
    return yaml.safe_load(COMPOSE.read_text())["services"]


@pytest.fixture(scope="module")
def services(composed):
    """The servers."""
    return {name: s for name, s in composed.items() if "tritonserver" in s["image"]}


def test_there_is_one_service_per_profile(composed, services):
    assert sorted(s["profiles"][0] for s in services.values()) == ["cpu", "gpu"]
    assert composed.keys() - services.keys() == {"client"}
    assert composed["client"]["profiles"] == ["client"]


def test_the_committed_repository_is_served_read_only(services):
    for service in services.values():
        (volume,) = service["volumes"]
        host, inside, mode = volume.split(":")
        assert (COMPOSE.parent / host).resolve() == ROOT / "model_repository"
        assert f"--model-repository={inside}" in service["command"]
        assert mode == "ro"


def test_ports_are_open_to_this_machine_only(services):
    for service in services.values():
        assert {p.split(":")[0] for p in service["ports"]} == {"127.0.0.1"}


def test_what_is_no_inference_is_closed(services):
    for service in services.values():
        for option in ("--http-restricted-api", "--grpc-restricted-protocol"):
            assert f"{option}={CLOSED}" in service["command"]


def test_the_gpu_service_reserves_a_gpu_and_takes_its_configuration(services):
    gpu = next(s for s in services.values() if s["profiles"] == ["gpu"])
    assert "--model-config-name=gpu" in gpu["command"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    for model in (ROOT / "model_repository").iterdir():
        # an ensemble has no settings of its own: Triton takes its config.pbtxt
        if (model / "1" / "model.onnx").is_file():
            assert (model / "configs" / "gpu.pbtxt").is_file()


def test_a_stop_gives_requests_in_flight_their_time(services):
    for service in services.values():
        (seconds,) = [
            int(option.split("=")[1])
            for option in service["command"]
            if option.startswith("--exit-timeout-secs=")
        ]
        assert int(service["stop_grace_period"].removesuffix("s")) > seconds


def test_the_client_asks_the_server_of_either_profile_by_one_name(composed, services):
    command = composed["client"]["command"]
    name, port = command[command.index("--server") + 1].split(":")
    assert port == "8001"
    for service, options in services.items():
        networks = options.get("networks", {"default": {}})
        assert name in (service, *networks["default"].get("aliases", ()))


def test_the_client_is_built_from_this_checkout_and_may_do_little(composed):
    client = composed["client"]
    context = (COMPOSE.parent / client["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / client["build"]["dockerfile"]).is_file()
    assert client["read_only"]
    assert client["cap_drop"] == ["ALL"]
    assert "ports" not in client
