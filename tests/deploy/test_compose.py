"""The compose file serves this repository with the server the client is tested with."""

from pathlib import Path

import pytest
import yaml

from amphitrite.server.host import CLOSED

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "docker" / "compose.yaml"


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_there_is_one_service_per_profile(services):
    assert sorted(s["profiles"][0] for s in services.values()) == ["cpu", "gpu"]


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
