"""What rules out a local Triton, and what is said of it."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import (
    Host,
    check_gpu,
    check_host,
    container_command,
    find_libpython,
    this_host,
)

GOOD = Host(
    system="Linux",
    machine="x86_64",
    glibc="2.35",
    python=(3, 11, 4),
    executable=Path("/usr/bin/python3.11"),
    libpython=Path("/usr/lib/x86_64-linux-gnu"),
    can_make_environments=True,
)


@pytest.mark.parametrize(
    "change", [{}, {"glibc": "2.41"}, {"glibc": "3.0"}, {"python": (3, 12, 9)}]
)
def test_accepts_a_machine_that_can(change: dict[str, Any]) -> None:
    check_host(dataclasses.replace(GOOD, **change))


@pytest.mark.parametrize(
    ("change", "problem", "advice"),
    [
        ({"system": "Darwin", "machine": "arm64"}, "Darwin on arm64", "docker run"),
        ({"machine": "aarch64"}, "Linux on aarch64", "nvcr.io/nvidia/tritonserver:24"),
        ({"glibc": "2.31"}, "this system has glibc 2.31", "docker run"),
        ({"glibc": "2.4"}, "this system has glibc 2.4", "docker run"),
        ({"glibc": ""}, "this system has another C library", "docker run"),
        ({"python": (3, 13, 1)}, "this is Python 3.13.1", "3.11 or 3.12"),
        ({"python": (3, 10, 2)}, "this is Python 3.10.2", "3.11 or 3.12"),
        ({"libpython": None}, "no shared library", "apt install libpython3.11"),
        (
            {"can_make_environments": False},
            "cannot create virtual environments",
            "apt install python3.11-venv",
        ),
    ],
)
def test_explains_what_is_in_the_way(
    change: dict[str, Any], problem: str, advice: str
) -> None:
    with pytest.raises(ProvisioningError) as caught:
        check_host(dataclasses.replace(GOOD, **change))
    assert problem in str(caught.value)
    assert advice in str(caught.value)
    assert caught.value.exit_code == 3


def test_describes_the_python_at_hand() -> None:
    host = this_host()
    assert host.python == sys.version_info[:3]
    assert host.executable.is_file()
    # the interpreter itself, whose packages the server must not share
    assert not str(host.executable).startswith(f"{sys.prefix}/") or (
        sys.prefix == sys.base_prefix
    )


def test_finds_the_first_folder_with_this_python_s_library(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    assert find_libpython(folders) is None
    (folders[0] / "libpython3.9.so.1.0").touch()
    (folders[1] / f"libpython{version}.so.1.0").touch()
    (folders[2] / f"libpython{version}.so.1.0").touch()
    assert find_libpython(folders) == folders[1]


def test_the_gpu_configuration_needs_a_gpu() -> None:
    check_gpu(1)
    with pytest.raises(ProvisioningError, match="Leave out --gpu") as caught:
        check_gpu(0)
    assert "--model-config-name=gpu" in str(caught.value)


@pytest.mark.parametrize("gpu", [False, True])
def test_the_container_is_open_to_this_machine_only(gpu: bool) -> None:
    words = shlex.split(container_command(gpu=gpu))
    published = [words[at + 1] for at, word in enumerate(words) if word == "-p"]
    assert published == ["127.0.0.1:8000-8002:8000-8002"]
    closed = "model-repository,shared-memory,logging,trace:closed:to-all=nobody"
    for option in ("--http-restricted-api", "--grpc-restricted-protocol"):
        assert f"{option}={closed}" in words
