"""What a server is started with: its files, its command line and its environment."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.server.ports import Ports
from amphitrite.server.provision import ServerEnvironment
from amphitrite.server.selfcheck import write_repository
from amphitrite.server.supervisor import shm_prefix

ONNX_BACKEND: Final = Path(__file__).with_name("onnx_backend.py")


@dataclass(frozen=True)
class Layout:
    """The folders of one run.

    Parameters
    ----------
    folder : Path
        The run's own folder, which its supervisor made and removes.
    """

    folder: Path

    @property
    def backends(self) -> Path:
        """Folder of Triton's backends."""
        return self.folder / "backends"

    @property
    def selfcheck(self) -> Path:
        """Repository of the self-check's model."""
        return self.folder / "selfcheck"

    @property
    def selfcheck_model(self) -> str:
        """Name of the self-check's model, unlike any other server's."""
        return self.folder.name

    @property
    def empty(self) -> Path:
        """The server's working directory."""
        return self.folder / "empty"

    @property
    def log(self) -> Path:
        """The server's log, unless another file was asked for."""
        return self.folder / "triton.log"


def assemble(layout: Layout, environment: ServerEnvironment) -> None:
    """Write everything that a server needs into its folder.

    Triton refuses backend files that are links, so they are copied (4 MB).
    """
    layout.empty.mkdir()
    python = layout.backends / "python"
    python.mkdir(parents=True)
    for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
        shutil.copy(environment.python_backend / name, python)
    shutil.copy(environment.stub, python)
    onnxruntime = layout.backends / "onnxruntime"
    onnxruntime.mkdir()
    shutil.copy(ONNX_BACKEND, onnxruntime / "model.py")
    write_repository(layout.selfcheck, layout.selfcheck_model)


def command(
    layout: Layout,
    environment: ServerEnvironment,
    *,
    model_repository: Path,
    models: Sequence[str],
    address: str,
    ports: Ports,
    gpu: bool,
) -> list[str]:
    """Return the command line of the server, with the self-check among the models."""
    return [
        str(environment.tritonserver),
        f"--model-repository={model_repository}",
        f"--model-repository={layout.selfcheck}",
        "--model-control-mode=explicit",
        *(f"--load-model={name}" for name in (layout.selfcheck_model, *models)),
        # one that cannot be loaded is reported with its reason, once all are done
        "--exit-on-error=false",
        *(["--model-config-name=gpu"] if gpu else []),
        f"--backend-directory={layout.backends}",
        # read from here by every backend that is written in Python
        f"--backend-config=python,shm-region-prefix-name={shm_prefix(layout.folder)}",
        f"--grpc-address={address}",
        f"--grpc-port={ports.grpc}",
        f"--http-address={address}",
        f"--http-port={ports.http}",
        f"--metrics-address={address}",
        f"--metrics-port={ports.metrics}",
        # a failed reload leaks a live model, for which SIGTERM would wait 30 s
        "--exit-timeout-secs=5",
    ]


def environ(
    environment: ServerEnvironment, inherited: Mapping[str, str]
) -> dict[str, str]:
    """Return the server's environment variables.

    Triton's stub embeds the libpython on ``LD_LIBRARY_PATH`` and asks the first
    ``python3`` on ``PATH`` where its packages are.  What the caller's environment says
    of Python is left out: a ``PYTHONPATH`` would come before those packages.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"
    }
    libraries = [str(environment.libs), str(environment.libpython)]
    if before := kept.get("LD_LIBRARY_PATH"):
        libraries.append(before)
    return {
        **kept,
        "LD_LIBRARY_PATH": ":".join(libraries),
        "PATH": f"{environment.python.parent}:{kept.get('PATH', '/usr/bin:/bin')}",
        "PYTHONNOUSERSITE": "1",
        # ONNX Runtime 1.29 and newer otherwise tells its makers of every model it loads
        "ORT_DISABLE_TELEMETRY": "1",
    }
