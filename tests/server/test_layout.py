"""What a server is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.server.layout import Layout, command, environ
from amphitrite.server.ports import Ports
from amphitrite.server.provision import ServerEnvironment

ENVIRONMENT = ServerEnvironment(
    python=Path("/cache/bin/python3"),
    site_packages=Path("/cache/site-packages"),
    libpython=Path("/python/lib"),
    version="3.11",
)


def build(*, gpu: bool = False) -> list[str]:
    return command(
        Layout(Path("/tmp/amphitrite-triton-x1")),
        ENVIRONMENT,
        model_repository=Path("/models"),
        models=["asid", "calnet"],
        address="127.0.0.1",
        ports=Ports(grpc=1, http=2, metrics=3),
        gpu=gpu,
    )


def test_loads_the_models_and_the_self_check() -> None:
    loads = [part for part in build() if part.startswith("--load-model=")]
    names = ["amphitrite-triton-x1", "asid", "calnet"]
    assert loads == [f"--load-model={name}" for name in names]


def test_names_the_shared_memory_after_the_run() -> None:
    # Triton reads this option only under the name of the Python backend
    prefix = "shm-region-prefix-name=amphitrite_triton_x1_"
    assert f"--backend-config=python,{prefix}" in build()


@pytest.mark.parametrize("gpu", [False, True])
def test_chooses_the_configuration_for_the_gpu(gpu: bool) -> None:
    assert ("--model-config-name=gpu" in build(gpu=gpu)) is gpu


def test_the_server_s_python_comes_first() -> None:
    variables = environ(
        ENVIRONMENT,
        {
            "PATH": "/usr/bin",
            "LD_LIBRARY_PATH": "/cuda/lib",
            "HOME": "/home/astronomer",
            "PYTHONPATH": "/elsewhere",
            "PYTHONHOME": "/elsewhere",
            "VIRTUAL_ENV": "/elsewhere",
        },
    )
    assert variables == {
        "PATH": "/cache/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/cache/site-packages/nvidia_pytriton.libs:/python/lib:"
        "/cuda/lib",
        "HOME": "/home/astronomer",
        "PYTHONNOUSERSITE": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
