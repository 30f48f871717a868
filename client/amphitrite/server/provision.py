"""The server's own virtual environment, created once in the user's cache.

It is separate from the environment that runs Amphitrite because Triton 24.10 silently
corrupts the arrays of numpy 2: all elements get the value of the first.  The
environment is built in place (virtual environments cannot be moved) under a file lock.
A marker file is written last, after every part was found; without it the environment
is built again.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amphitrite.errors import ProvisioningError
from amphitrite.files.locks import Held, Lock
from amphitrite.places import cache_directory
from amphitrite.server import pins
from amphitrite.server.host import Host, check_host, this_host
from amphitrite.server.installing import pip_environ, run
from amphitrite.server.private import check_private, make_private

MEGABYTES: Final = {False: 450, True: 4000}  # disk space, without and with a GPU

_ATTEMPT: Final = "environment-"
# Lists the packages of the environment with its own Python.  Those with compiled parts
# are imported, since a file may exist but not fit this machine.
_INSPECT: Final = """\
import json
from importlib.metadata import distributions
import numpy, onnxruntime
names = [d.metadata["Name"].lower().replace("_", "-") for d in distributions()]
versions = [d.version for d in distributions()]
print("\\n" + json.dumps(dict(zip(names, versions))))
"""

Report = Callable[[str], None]

_LOOK_SECONDS: Final = 0.2  # between two attempts to take the lock

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerEnvironment:
    """An installed server, with the Python that runs its models.

    Parameters
    ----------
    python : Path
        The environment's interpreter; its folder holds a ``python3``.
    site_packages : Path
        Folder of the installed packages.
    libpython : Path
        Folder of the shared libpython.
    version : str
        Version of Python, ``"3.11"`` or ``"3.12"``.
    """

    python: Path
    site_packages: Path
    libpython: Path
    version: str

    @property
    def tritonserver(self) -> Path:
        """The server's binary."""
        return self._triton / "bin" / "tritonserver"

    @property
    def libs(self) -> Path:
        """Folder of the shared libraries that the binary needs."""
        return self.site_packages / "nvidia_pytriton.libs"

    @property
    def stub(self) -> Path:
        """The program that runs one model instance in Python."""
        name = "triton_python_backend_stub"
        return self._triton / "python_backend_stubs" / self.version / name

    @property
    def python_backend(self) -> Path:
        """Folder of Triton's Python backend."""
        return self._triton / "backends" / "python"

    @property
    def parts(self) -> tuple[Path, ...]:
        """The files and folders that a server needs to start."""
        return (
            self.python,
            self.tritonserver,
            self.stub,
            self.libs,
            self.python_backend / "libtriton_python.so",
            self.python_backend / "triton_python_backend_utils.py",
            self.site_packages / "numpy" / "__init__.py",
            self.site_packages / "onnxruntime" / "__init__.py",
            self.libpython,
        )

    @property
    def _triton(self) -> Path:
        return self.site_packages / "pytriton" / "tritonserver"


def provision(
    *,
    gpu: bool = False,
    report: Report = logger.info,
    cache: Path | None = None,
    host: Host | None = None,
) -> ServerEnvironment:
    """Return the server's environment, which is created if necessary.

    Parameters
    ----------
    gpu : bool
        Whether to install ONNX Runtime with CUDA; untested on hardware.
    report : callable
        Called with a line of text at each step of an installation.
    cache : Path, optional
        Folder of the environments; by default `cache_directory`.
    host : Host, optional
        The machine; by default `this_host`.

    Raises
    ------
    ProvisioningError
        The machine cannot run the server, pip cannot install it, or another user could
        have changed the environment.

    Notes
    -----
    The user chooses where packages come from: pip's settings for indexes, certificates
    and proxies are used, from variables and files; its other settings are not (see
    `amphitrite.server.installing`).
    """
    host = this_host() if host is None else host
    check_host(host)
    cache = cache_directory() if cache is None else cache
    root = cache / "server" / _key(host, gpu=gpu)
    try:
        check_private(cache, shared=True)
        if (ready := _read_marker(root, host)) is not None:
            return ready
        cache.mkdir(parents=True, exist_ok=True)
        make_private(root.parent)
        with _locked(root.parent, report=report):
            if (ready := _read_marker(root, host)) is not None:
                return ready
            return _build(root, host, gpu=gpu, report=report)
    except OSError as error:
        raise ProvisioningError(
            f"The local Triton server cannot be installed in {cache}: {error}.\n"
            "Choose another folder with the environment variable AMPHITRITE_CACHE."
        ) from error


@contextmanager
def _locked(folder: Path, *, report: Report) -> Iterator[None]:
    """Hold the lock of the folder of environments; report if this takes waiting."""
    said = False
    while True:
        try:
            lock = Lock(folder)
            break
        except Held:
            if not said:
                report(
                    "Waiting for another process that installs the local Triton server"
                )
            said = True
            time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        lock.release(folder)


def _key(host: Host, *, gpu: bool) -> str:
    """Return the name of an environment, made from the versions of its parts."""
    python = ".".join(map(str, host.python))
    kind = "gpu" if gpu else "cpu"
    versions = pins.pins(gpu=gpu)
    triton, runtime = versions["nvidia-pytriton"], versions[_runtime(gpu=gpu)]
    return (
        f"python{python}-triton{triton}-onnxruntime{runtime}-{kind}-"
        f"numpy{versions['numpy']}-{pins.digest(gpu=gpu)}"
    )


def _runtime(*, gpu: bool) -> str:
    return "onnxruntime-gpu" if gpu else "onnxruntime"


def _marker(root: Path) -> Path:
    return root / "complete.json"


def _read_marker(root: Path, host: Host) -> ServerEnvironment | None:
    """Return a complete environment, or None if it has to be built.

    Raises
    ------
    ProvisioningError
        Another user could have changed the environment.
    """
    if not root.exists():
        return None
    marker = _marker(root)
    for path in (root.parent, root, marker):
        check_private(path)
    try:
        name = json.loads(marker.read_text(encoding="utf-8"))["environment"]
        if not re.fullmatch(rf"{_ATTEMPT}\w+", name):
            return None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    check_private(root / name)
    found = _environment(root / name, host)
    # its Python or another part may have been removed since
    return found if all(part.exists() for part in found.parts) else None


def _environment(attempt: Path, host: Host) -> ServerEnvironment:
    """Return the paths of an environment in a folder."""
    version = f"{host.python[0]}.{host.python[1]}"
    return ServerEnvironment(
        python=attempt / "bin" / "python3",
        site_packages=attempt / "lib" / f"python{version}" / "site-packages",
        libpython=host.libpython or attempt,
        version=version,
    )


def _build(root: Path, host: Host, *, gpu: bool, report: Report) -> ServerEnvironment:
    """Install everything and write the marker file, or remove everything on failure.

    Each attempt has its own folder, since the pip of an attempt that was killed may
    still be writing into the earlier one.
    """
    shutil.rmtree(root, ignore_errors=True)
    report(f"Installing the local Triton server in {root} (once, some minutes at most)")
    try:
        make_private(root)
        attempt = Path(tempfile.mkdtemp(prefix=_ATTEMPT, dir=root))
        environment = _environment(attempt, host)
        _install(environment, attempt, host, gpu=gpu, report=report)
        _check_parts(environment, gpu=gpu)
        _write_marker(root, attempt)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    report("The local Triton server is installed")
    return environment


def _install(
    environment: ServerEnvironment,
    attempt: Path,
    host: Host,
    *,
    gpu: bool,
    report: Report,
) -> None:
    """Create the virtual environment and let pip fill it."""
    room, megabytes = attempt, MEGABYTES[gpu]
    report("Creating its virtual environment")
    run(
        [host.executable, "-I", "-m", "venv", attempt],
        environ=os.environ,
        room=room,
        megabytes=megabytes,
    )
    versions = pins.pins(gpu=gpu)
    report(
        f"Installing onnxruntime {versions[_runtime(gpu=gpu)]}, and the server from "
        f"nvidia-pytriton {versions['nvidia-pytriton']}"
    )
    run(
        [
            *(environment.python, "-I", "-m", "pip", "install"),
            # exactly the listed files: no dependencies, nothing built here
            *("--require-hashes", "--no-deps", "--only-binary=:all:"),
            *("--requirement", pins.requirements(gpu=gpu)),
        ],
        environ=pip_environ(environment.python, os.environ),
        room=room,
        megabytes=megabytes,
    )


def _check_parts(environment: ServerEnvironment, *, gpu: bool) -> None:
    """Check that every part is installed, and in the right version.

    Raises
    ------
    ProvisioningError
        The message names the parts that are missing or have another version.
    """
    missing = [str(part) for part in environment.parts if not part.exists()]
    missing += [
        f"{part} as a program"
        for part in (environment.tritonserver, environment.stub)
        if not os.access(part, os.X_OK)
    ]
    said = run(
        [environment.python, "-I", "-c", _INSPECT],
        environ=os.environ,
        room=environment.site_packages,
        megabytes=MEGABYTES[gpu],
    )
    # warnings may be printed before and after the list
    (line,) = [line for line in said.splitlines() if line.startswith("{")]
    found = json.loads(line)
    missing += [
        f"{name} {version} (it has {found.get(name, 'none')})"
        for name, version in pins.pins(gpu=gpu).items()
        if found.get(name) != version
    ]
    if missing:
        raise ProvisioningError(
            "The local Triton server was installed, but lacks "
            + ", ".join(missing)
            + ".\nRun again; if that does not help, another Python may."
        )


def _write_marker(root: Path, attempt: Path) -> None:
    """Write the marker file of a complete environment, in one step."""
    aside = root / "complete.json.part"
    aside.write_text(json.dumps({"environment": attempt.name}), encoding="utf-8")
    aside.chmod(0o644)  # _read_marker refuses a file to which others may write
    aside.replace(_marker(root))
