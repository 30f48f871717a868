"""Files, command line and environment variables of a server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.server import selfcheck
from amphitrite.server.host import CLOSED, CLOSED_TO_OWNER
from amphitrite.server.provision import ServerEnvironment
from amphitrite.server.supervisor import shm_prefix
from amphitrite.triton.plain_models import MODEL_FILE, PlainModel

ONNX_BACKEND: Final = Path(__file__).with_name("onnx_backend.py")

# Environment variables of the caller that the server gets: no tokens, no proxies, and
# none that make a shell or Python run something.
PASSED_ON: Final = re.compile(
    r"HOME|LD_LIBRARY_PATH|LANG|LC_[A-Z]+|TZ|(CUDA|NVIDIA|ORT|OMP)_[A-Z0-9_]+"
)


@dataclass(frozen=True)
class Layout:
    """The files and folders of one run of the server.

    Parameters
    ----------
    folder : Path
        The run's own folder, which its supervisor creates and removes.
    """

    folder: Path

    @property
    def backends(self) -> Path:
        """Folder of Triton's backends."""
        return self.folder / "backends"

    @property
    def models(self) -> Path:
        """The model repository, with the served models only."""
        return self.folder / "models"

    @property
    def selfcheck_model(self) -> str:
        """Name of the self-check's model, different for every server."""
        return self.folder.name

    @property
    def python(self) -> Path:
        """Link to the virtual environment that runs the models."""
        return self.folder / "python"

    @property
    def libs(self) -> Path:
        """Link to the shared libraries that the server's binary needs."""
        return self.folder / "libs"

    @property
    def libpython(self) -> Path:
        """Link to the folder of the shared libpython."""
        return self.folder / "libpython"

    @property
    def temporary(self) -> Path:
        """The server's TMPDIR."""
        return self.folder / "tmp"

    @property
    def empty(self) -> Path:
        """The server's working directory."""
        return self.folder / "empty"

    @property
    def log(self) -> Path:
        """The server's log, unless the caller names another file."""
        return self.folder / "triton.log"


def assemble(
    layout: Layout, environment: ServerEnvironment, models: Iterable[PlainModel]
) -> None:
    """Create all files that a server needs in its folder.

    Triton refuses links as files of a backend, so these are copied (4 MB).

    Parameters
    ----------
    layout : Layout
        The run's folders.
    environment : ServerEnvironment
        The installed server.
    models : iterable of PlainModel
        The models to serve.
    """
    layout.empty.mkdir()
    layout.temporary.mkdir()
    layout.python.symlink_to(environment.python.parent.parent)
    layout.libs.symlink_to(environment.libs)
    layout.libpython.symlink_to(environment.libpython)
    python = layout.backends / "python"
    python.mkdir(parents=True)
    for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
        shutil.copy(environment.python_backend / name, python)
    shutil.copy(environment.stub, python)
    onnxruntime = layout.backends / "onnxruntime"
    onnxruntime.mkdir()
    shutil.copy(ONNX_BACKEND, onnxruntime / "model.py")
    selfcheck.write_model(layout.models / layout.selfcheck_model)
    for model in models:
        place(model, layout.models / model.name)


def place(model: PlainModel, folder: Path) -> None:
    """Write a model's checked configurations into a folder, and link its weights."""
    for relative, text in model.texts.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for version, file in model.weights.items():
        (folder / str(version)).mkdir()
        if file is not None:
            (folder / str(version) / MODEL_FILE).symlink_to(file)


def command(
    layout: Layout,
    environment: ServerEnvironment,
    *,
    addresses: Sequence[str],
    private: bool,
    gpu: bool,
) -> list[str]:
    """Return the command line of the server.

    Parameters
    ----------
    layout : Layout
        The run's folders.
    environment : ServerEnvironment
        The installed server.
    addresses : sequence of str
        The options for the addresses on which it listens.
    private : bool
        Whether only its owner can reach them; the server then reads what is sent to it
        from shared memory, too.
    gpu : bool
        Whether to serve the configurations for a GPU.
    """
    return [
        str(environment.tritonserver),
        f"--model-repository={layout.models}",
        "--model-control-mode=none",
        # with a model that cannot be loaded, go on: the launcher reports the reason
        "--exit-on-error=false",
        *(["--model-config-name=gpu"] if gpu else []),
        f"--backend-directory={layout.backends}",
        # this setting of the Python backend holds for every backend written in Python
        f"--backend-config=python,shm-region-prefix-name={shm_prefix(layout.folder)}",
        *addresses,
        f"--http-restricted-api={CLOSED}",
        f"--grpc-restricted-protocol={CLOSED_TO_OWNER if private else CLOSED}",
        # by default, SIGTERM waits 30 s for models whose process has died
        "--exit-timeout-secs=5",
    ]


def environ(layout: Layout, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the server's environment variables.

    Triton's stub loads the libpython on ``LD_LIBRARY_PATH``, and takes the packages of
    the first ``python3`` on ``PATH``.
    """
    kept = {
        name: value for name, value in inherited.items() if PASSED_ON.fullmatch(name)
    }
    libraries = [str(layout.libs), str(layout.libpython)]
    # an empty entry would mean the working directory
    libraries += filter(None, kept.get("LD_LIBRARY_PATH", "").split(":"))
    return {
        **kept,
        "LD_LIBRARY_PATH": ":".join(libraries),
        "PATH": f"{layout.python / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(layout.temporary),
        "PYTHONNOUSERSITE": "1",
        # otherwise ONNX Runtime 1.29 and newer reports every loaded model to Microsoft
        "ORT_DISABLE_TELEMETRY": "1",
    }
