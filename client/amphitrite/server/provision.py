"""The server's own virtual environment, created once in the user's cache.

It is apart from the environment that runs Amphitrite because Triton 24.10 silently
corrupts the arrays of numpy 2: every element reads as the first.  The environment is
built in place (virtual environments cannot be moved) under a file lock, and a marker
is written last; without its marker it is built again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from amphitrite import homes
from amphitrite.errors import ProvisioningError
from amphitrite.server.host import Host, check_host, this_host

PYTRITON: Final = "0.7.0"
ONNXRUNTIME: Final = "1.31.1"
NUMPY: Final = "1.26.4"
MEGABYTES: Final = {False: 450, True: 4000}  # room needed, without and with a GPU
FULL: Final = 20  # MB, less than which is no room for anything

Report = Callable[[str], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerEnvironment:
    """An installed server and the Python that runs its models.

    Parameters
    ----------
    python : Path
        The environment's interpreter; its folder holds a ``python3``.
    site_packages : Path
        Where the wheel is installed.
    libpython : Path
        Folder of the shared libpython.
    version : str
        ``"3.11"`` or ``"3.12"``.
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
        """The process that runs one model instance in Python."""
        name = "triton_python_backend_stub"
        return self._triton / "python_backend_stubs" / self.version / name

    @property
    def python_backend(self) -> Path:
        """Folder of Triton's Python backend."""
        return self._triton / "backends" / "python"

    @property
    def _triton(self) -> Path:
        return self.site_packages / "pytriton" / "tritonserver"


def cache_directory() -> Path:
    """Return the user's cache folder for Amphitrite.

    It is ``AMPHITRITE_CACHE``, else ``XDG_CACHE_HOME/amphitrite``, else
    ``~/.cache/amphitrite``.

    Raises
    ------
    BadInput
        There is no home, or the variable that counts names no folder.
    """
    if own := os.environ.get("AMPHITRITE_CACHE"):
        return homes.expanded(own, "AMPHITRITE_CACHE").absolute()
    instead = "AMPHITRITE_CACHE to a folder that you may write to"
    return homes.user_folder("XDG_CACHE_HOME", ".cache", instead=instead) / "amphitrite"


def provision(
    *,
    gpu: bool = False,
    report: Report = logger.info,
    cache: Path | None = None,
    host: Host | None = None,
) -> ServerEnvironment:
    """Return the server's environment, creating it if need be.

    Parameters
    ----------
    gpu : bool
        Install ONNX Runtime with CUDA; untested on hardware.
    report : callable
        Called with a line of text at each step of an installation.
    cache : Path, optional
        Where environments are kept; `cache_directory` if not given.
    host : Host, optional
        The machine; `this_host` if not given.

    Raises
    ------
    ProvisioningError
        The machine cannot run the server, or pip could not install it.

    Notes
    -----
    pip is called with the caller's environment, so that ``PIP_INDEX_URL``,
    ``PIP_FIND_LINKS``, ``PIP_CERT`` and the like are respected.
    """
    host = this_host() if host is None else host
    check_host(host)
    cache = cache_directory() if cache is None else cache
    root = cache / "server" / _key(host, gpu=gpu)
    try:
        if (ready := _read_marker(root)) is not None:
            return ready
        root.parent.mkdir(parents=True, exist_ok=True)
        with _locked(root, report=report):
            if (ready := _read_marker(root)) is not None:
                return ready
            return _build(root, host, gpu=gpu, report=report)
    except OSError as error:
        raise ProvisioningError(
            f"The local Triton server cannot be installed in {cache}: {error}.\n"
            "Choose another folder with the environment variable AMPHITRITE_CACHE."
        ) from error


@contextmanager
def _locked(root: Path, *, report: Report) -> Iterator[None]:
    """Hold the lock of an environment, saying so if that takes waiting."""
    lock = FileLock(f"{root}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("Waiting for another process that installs the local Triton server")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _key(host: Host, *, gpu: bool) -> str:
    """Name an environment by everything that goes into it."""
    python = ".".join(map(str, host.python))
    kind = "gpu" if gpu else "cpu"
    return (
        f"python{python}-triton{PYTRITON}-onnxruntime{ONNXRUNTIME}-{kind}-numpy{NUMPY}"
    )


def _marker(root: Path) -> Path:
    return root / "complete.json"


def _read_marker(root: Path) -> ServerEnvironment | None:
    """Return a complete environment, or None if it has to be built."""
    try:
        written = json.loads(_marker(root).read_text())
        found = ServerEnvironment(
            python=Path(written["python"]),
            site_packages=Path(written["site_packages"]),
            libpython=Path(written["libpython"]),
            version=written["version"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    # the Python it was built with may have been removed since
    parts = (found.python, found.tritonserver, found.libpython)
    return found if all(part.exists() for part in parts) else None


def _build(root: Path, host: Host, *, gpu: bool, report: Report) -> ServerEnvironment:
    """Install everything and write the marker, or leave nothing behind.

    Each attempt has a folder of its own: the pip of an attempt that was killed may
    still be writing into the earlier one.
    """
    shutil.rmtree(root, ignore_errors=True)
    report(f"Installing the local Triton server in {root} (once, some minutes at most)")
    try:
        root.mkdir(exist_ok=True)
        attempt = Path(tempfile.mkdtemp(prefix="environment-", dir=root))
        environment = _install(attempt, host, gpu=gpu, report=report)
        _write_marker(root, environment)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    report("The local Triton server is installed")
    return environment


def _install(root: Path, host: Host, *, gpu: bool, report: Report) -> ServerEnvironment:
    """Create the virtual environment and let pip fill it."""

    def run(command: Sequence[str | Path]) -> None:
        _run(command, room=root, megabytes=MEGABYTES[gpu])

    report("Creating its virtual environment")
    run([host.executable, "-I", "-m", "venv", root])
    python = root / "bin" / "python3"
    pip: list[str | Path] = [
        python,
        "-I",
        "-m",
        "pip",
        "install",
        "--only-binary=:all:",
    ]
    runtime = "onnxruntime-gpu[cuda,cudnn]" if gpu else "onnxruntime"
    report(f"Installing {runtime} {ONNXRUNTIME}")
    run([*pip, f"numpy=={NUMPY}", f"{runtime}=={ONNXRUNTIME}"])
    report(f"Installing the server from nvidia-pytriton {PYTRITON}")
    # without its dependencies, whose pins the server itself does not need
    run([*pip, "--no-deps", f"nvidia-pytriton=={PYTRITON}"])
    version = f"{host.python[0]}.{host.python[1]}"
    return ServerEnvironment(
        python=python,
        site_packages=root / "lib" / f"python{version}" / "site-packages",
        libpython=host.libpython or root,
        version=version,
    )


def _write_marker(root: Path, environment: ServerEnvironment) -> None:
    """Declare the environment complete, in one step."""
    text = json.dumps(
        {
            "python": str(environment.python),
            "site_packages": str(environment.site_packages),
            "libpython": str(environment.libpython),
            "version": environment.version,
        },
        indent=1,
    )
    aside = root / "complete.json.part"
    aside.write_text(text)
    aside.replace(_marker(root))


def _run(command: Sequence[str | Path], *, room: Path, megabytes: int) -> None:
    """Run one step of an installation.

    Raises
    ------
    ProvisioningError
        The step failed; shows the end of what it said, and what to do.
    """
    logger.debug("running %s", " ".join(map(str, command)))
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    logger.debug("%s", done.stdout)
    if done.returncode != 0:
        free = shutil.disk_usage(room).free // 1_000_000
        raise ProvisioningError(
            explain_failure(done.stdout, room=room, free=free, megabytes=megabytes)
        )


def explain_failure(output: str, *, room: Path, free: int, megabytes: int) -> str:
    """Say why a step of an installation failed, from what it printed.

    Parameters
    ----------
    output : str
        What ``venv`` or pip printed.
    room : Path
        The folder that was being filled.
    free, megabytes : int
        Room left there and room needed, MB.
    """
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-8:])
    lower = output.lower()
    # venv keeps the reason of its pip to itself
    full = free < FULL or any(sign in lower for sign in _FULL)
    if full:
        advice = (
            f"There is no space left: {room} has {free} MB, about {megabytes} MB "
            "are needed (pip also uses TMPDIR).\nFree some, or choose another folder "
            "with the environment variable AMPHITRITE_CACHE."
        )
    elif any(sign in lower for sign in _OFFLINE):
        advice = (
            "No package index answers, or not with these packages. The first use needs "
            "a network (once); without one, download the wheels elsewhere and set "
            "PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER, or name a running server with "
            "--server HOST:8001."
        )
    elif "ensurepip" in lower:
        advice = (
            "This Python cannot create virtual environments. On Debian and Ubuntu: "
            "apt install python3-venv"
        )
    else:
        advice = "The end of the installer's output tells why; run again once mended."
    return f"The local Triton server could not be installed:\n{tail}\n{advice}"


_FULL: Final = ("no space left", "errno 28", "disk quota")
_OFFLINE: Final = (
    "(from versions: none)",
    "failed to establish a new connection",
    "temporary failure in name resolution",
    "name or service not known",
    "network is unreachable",
    "connection refused",
    "proxyerror",
    "newconnectionerror",
    "read timed out",
    "connecttimeout",
)
