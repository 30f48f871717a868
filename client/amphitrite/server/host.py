"""Check that this machine and its Python can run the local Triton server.

The server is the ``tritonserver`` of PyPI's nvidia-pytriton wheel.  It is built for
Linux on x86-64 with glibc 2.35 or newer, and its Python backend loads the shared
library of the Python with which it runs models.
"""

from __future__ import annotations

import ctypes
import importlib.util
import platform
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.errors import ProvisioningError

CONTAINER: Final = "nvcr.io/nvidia/tritonserver:24.10-py3"
# Interfaces that are closed to everybody, including this launcher.  A request would
# need a header of this name, which no request can have: header names hold no colon.
CLOSED: Final = "model-repository,shared-memory,logging,trace:closed:to-all=nobody"
# The same of a server that only its owner can reach, who may share memory with it.
CLOSED_TO_OWNER: Final = "model-repository,logging,trace:closed:to-all=nobody"
PYTHONS: Final = ((3, 11), (3, 12))
GLIBC: Final = (2, 35)


@dataclass(frozen=True)
class Host:
    """The properties of this machine and of its Python on which the server depends.

    Parameters
    ----------
    system, machine : str
        Operating system and processor, from `platform.system` and `platform.machine`.
    glibc : str
        Version of the GNU C library; empty for another C library.
    python : tuple of int
        Major, minor and micro version.
    executable : Path
        The Python interpreter, outside any virtual environment.
    libpython : Path or None
        Folder of the shared libpython; None if there is none.
    can_make_environments : bool
        Whether the standard library's ``venv`` and ``ensurepip`` are installed.
    """

    system: str
    machine: str
    glibc: str
    python: tuple[int, int, int]
    executable: Path
    libpython: Path | None
    can_make_environments: bool


def this_host() -> Host:
    """Return the properties of this machine and of the running Python."""
    libc, version = platform.libc_ver()
    return Host(
        system=platform.system(),
        machine=platform.machine(),
        glibc=version if libc == "glibc" else "",
        python=sys.version_info[:3],
        executable=Path(getattr(sys, "_base_executable", sys.executable)),
        libpython=find_libpython(_library_folders()),
        can_make_environments=all(
            importlib.util.find_spec(name) for name in ("venv", "ensurepip")
        ),
    )


def _library_folders() -> list[Path]:
    """Return the folders that may hold the running Python's shared library."""
    recorded = sysconfig.get_config_var("LIBDIR")
    return [
        *([Path(recorded)] if recorded else []),
        # a relocated Python records the folder of the machine that built it
        Path(sys.base_prefix, "lib"),
        Path("/usr/lib/x86_64-linux-gnu"),
        Path("/usr/lib64"),
    ]


def find_libpython(folders: Iterable[Path]) -> Path | None:
    """Return the first folder with this Python's ``libpython3.X.so.1.0``, or None."""
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    return next((folder for folder in folders if (folder / name).is_file()), None)


def container_command(*, gpu: bool = False) -> str:
    """Return the command that serves a repository with NVIDIA's container."""
    options = "--gpus all " if gpu else ""
    config = " --model-config-name=gpu" if gpu else ""
    return (
        # reachable from this machine only; other interfaces are closed as in `layout`
        f"docker run --rm {options}-p 127.0.0.1:8000-8002:8000-8002 --shm-size=1g "
        f'-v "$PWD/model_repository:/models:ro" {CONTAINER} '
        f"tritonserver --model-repository=/models{config} "
        f"--http-restricted-api={CLOSED} --grpc-restricted-protocol={CLOSED}"
    )


def check_host(host: Host) -> None:
    """Refuse a machine on which the local server cannot run.

    Raises
    ------
    ProvisioningError
        The server cannot run here; the message says why, and what to do.
    """
    elsewhere = (
        "Serve the models with NVIDIA's container instead:\n"
        f"  {container_command()}\n"
        "and name that server with: --server HOST:8001"
    )
    if (host.system, host.machine) not in {("Linux", "x86_64"), ("Linux", "AMD64")}:
        raise ProvisioningError(
            "The local Triton server is built for Linux on x86-64; this is "
            f"{host.system} on {host.machine}.\n{elsewhere}"
        )
    if _numbers(host.glibc) < GLIBC:
        raise ProvisioningError(
            "The local Triton server needs glibc 2.35 or newer (Ubuntu 22.04, "
            f"Debian 12); this system has "
            f"{'glibc ' + host.glibc if host.glibc else 'another C library'}."
            f"\n{elsewhere}"
        )
    if host.python[:2] not in PYTHONS:
        raise ProvisioningError(
            "The local Triton server needs Python 3.11 or 3.12; this is Python "
            f"{'.'.join(map(str, host.python))}.\n"
            "Install amphitrite in an environment of one of those."
        )
    _check_python(host)


def _check_python(host: Host) -> None:
    """Refuse a Python without a part that distributions package separately."""
    version = f"{host.python[0]}.{host.python[1]}"
    if host.libpython is None:
        raise ProvisioningError(
            f"The Python at {host.executable} has no shared library "
            f"(libpython{version}.so.1.0), which the local Triton server loads.\n"
            f"On Debian and Ubuntu: apt install libpython{version}. With pyenv: "
            f"PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {version}. "
            "The Pythons of conda and uv have it."
        )
    if not host.can_make_environments:
        raise ProvisioningError(
            f"The Python at {host.executable} cannot create virtual environments: "
            "its modules venv and ensurepip are not installed.\n"
            f"On Debian and Ubuntu: apt install python{version}-venv"
        )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, (2, 36) for ``"2.36"``; () for an empty text."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs that the driver offers; 0 without a driver.

    Notes
    -----
    The number comes from NVML and not from CUDA, because initialising CUDA in a process
    makes it unusable in the process's forked children.
    """
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return 0
    count = ctypes.c_uint(0)
    if nvml.nvmlInit_v2() != 0:
        return 0
    try:
        failed = nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0
    finally:
        nvml.nvmlShutdown()
    return 0 if failed else count.value


def check_gpu(n_gpus: int) -> None:
    """Refuse the GPU configuration on a machine without a GPU.

    Raises
    ------
    ProvisioningError
        There is no GPU, or no driver for it.
    """
    if n_gpus == 0:
        raise ProvisioningError(
            "The GPU configuration needs an NVIDIA GPU with its driver; none was "
            "found.\nLeave out --gpu to serve on the CPU, or serve the models on "
            f"another machine:\n  {container_command(gpu=True)}"
        )
