"""What a server is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.server.host import CLOSED, CLOSED_TO_OWNER
from amphitrite.server.layout import Layout, command, environ, place
from amphitrite.server.provision import ServerEnvironment
from amphitrite.server.selfcheck import write_model
from amphitrite.triton.plain_models import read_model

LAYOUT = Layout(Path("/tmp/amphitrite-triton-x1"))
ENVIRONMENT = ServerEnvironment(
    python=Path("/the cache/bin/python3"),
    site_packages=Path("/the cache/site-packages"),
    libpython=Path("/python/lib"),
    version="3.11",
)


def build(*, private: bool = False, gpu: bool = False) -> list[str]:
    addresses = ["--http-port=1"]
    return command(LAYOUT, ENVIRONMENT, addresses=addresses, private=private, gpu=gpu)


def test_serves_the_run_s_own_folder_and_nothing_else() -> None:
    assert "--model-control-mode=none" in build()
    repositories = [part for part in build() if part.startswith("--model-repository")]
    assert repositories == ["--model-repository=/tmp/amphitrite-triton-x1/models"]
    assert "--http-port=1" in build()


def test_closes_what_is_no_inference() -> None:
    assert CLOSED.startswith("model-repository,shared-memory,logging,trace:")
    assert f"--http-restricted-api={CLOSED}" in build()
    assert f"--grpc-restricted-protocol={CLOSED}" in build()
    # Triton takes all between the first colon and the sign for the header's name
    header = CLOSED.partition(":")[2].partition("=")[0]
    assert ":" in header


def test_its_owner_alone_may_share_memory_with_it() -> None:
    closed = CLOSED.replace("shared-memory,", "")
    assert closed == CLOSED_TO_OWNER
    assert f"--http-restricted-api={CLOSED}" in build(private=True)
    assert f"--grpc-restricted-protocol={closed}" in build(private=True)


def test_names_the_shared_memory_after_the_run() -> None:
    # Triton reads this option only under the name of the Python backend
    prefix = "shm-region-prefix-name=amphitrite_triton_x1_"
    assert f"--backend-config=python,{prefix}" in build()


@pytest.mark.parametrize("gpu", [False, True])
def test_chooses_the_configuration_for_the_gpu(gpu: bool) -> None:
    assert ("--model-config-name=gpu" in build(gpu=gpu)) is gpu


def test_the_server_gets_what_it_needs_of_the_environment_and_no_more() -> None:
    needed = {
        "HOME": "/home/astronomer",
        "LANG": "C.UTF-8",
        "LC_NUMERIC": "C",
        "TZ": "UTC",
        "CUDA_VISIBLE_DEVICES": "0",
        "NVIDIA_VISIBLE_DEVICES": "all",
        "OMP_NUM_THREADS": "2",
        "ORT_CUDA_UNAVAILABLE": "1",
    }
    others = {
        "PATH": "/somewhere",
        "TMPDIR": "/a b",
        "PYTHONPATH": "/elsewhere",
        "PYTHONHOME": "/elsewhere",
        "VIRTUAL_ENV": "/elsewhere",
        "BASH_ENV": "/elsewhere",
        "BASH_FUNC_exec%%": "() { true; }",
        "LD_PRELOAD": "/elsewhere.so",
        "HOMEPAGE_TOKEN": "secret",
        "GITHUB_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "https_proxy": "http://user:secret@proxy",
        "SSH_AUTH_SOCK": "/run/agent",
    }
    libraries = {"LD_LIBRARY_PATH": "/cuda/lib::/more"}
    assert environ(LAYOUT, {**needed, **others, **libraries}) == {
        **needed,
        "PATH": "/tmp/amphitrite-triton-x1/python/bin:/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": "/tmp/amphitrite-triton-x1/tmp",
        "LD_LIBRARY_PATH": "/tmp/amphitrite-triton-x1/libs:"
        "/tmp/amphitrite-triton-x1/libpython:/cuda/lib:/more",
        "PYTHONNOUSERSITE": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }


def test_serves_the_configurations_that_were_checked(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    config = tmp_path / "model/config.pbtxt"
    (tmp_path / "model/configs").mkdir()
    (tmp_path / "model/configs/gpu.pbtxt").write_text(config.read_text())
    model = read_model(tmp_path / "model")
    # changed after it was checked
    config.write_text('backend: "python"')
    place(model, tmp_path / "run")
    placed = tmp_path / "run"
    assert "onnxruntime" in (placed / "config.pbtxt").read_text()
    assert "onnxruntime" in (placed / "configs/gpu.pbtxt").read_text()
    weights = tmp_path / "model/1/model.onnx"
    assert (placed / "1/model.onnx").resolve() == weights.resolve()
    assert {path.name for path in placed.iterdir()} == {"config.pbtxt", "configs", "1"}
