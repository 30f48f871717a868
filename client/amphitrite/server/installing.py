"""Running pip with the user's settings for package indexes, and no other settings.

pip reads settings from its options, from environment variables and from up to four
files.  Those on how to reach an index are kept.  Those on where to install, what to
leave out or which versions to allow would break the server's environment, and are
dropped.
"""

from __future__ import annotations

import ast
import logging
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from amphitrite.errors import ProvisioningError

FULL: Final = 20  # MB of free space below which the disk counts as full

# Settings on how to reach an index.
KEPT: Final = frozenset(
    {
        "index-url",
        "pypi-url",  # another name of index-url
        "extra-index-url",
        "no-index",
        "find-links",
        "trusted-host",
        "cert",
        "client-cert",
        "proxy",
        "timeout",
        "default-timeout",
        "retries",
        "cache-dir",
        "no-cache-dir",
        "keyring-provider",
    }
)
# The two optional features of pip that concern certificates.
_CERTIFICATES: Final = {"use-feature": "truststore", "use-deprecated": "legacy-certs"}
# Origins of settings, from the weakest to the strongest: a file's general section, its
# section for ``pip install``, and environment variables.
_ORIGINS: Final = ("global", "install", ":env:")
# Variables for listing pip's settings.  They override the files' settings, by which pip
# might print nothing, list one file only, or run another Python's pip.
_ASKING: Final = {
    **dict.fromkeys(("PIP_QUIET", "PIP_VERBOSE", "PIP_DEBUG"), "0"),
    **dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE"), "0"),
    "PIP_LOG": os.devnull,
    "_PIP_RUNNING_IN_SUBPROCESS": "1",
}
_SETTING: Final = re.compile(r"^(:env:|[a-z]+)\.([a-z-]+)=(.*)$")
_SECRET: Final = re.compile(r"//[^/\s'\"]*@")

logger = logging.getLogger(__name__)


def pip_environ(python: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which to run pip.

    Parameters
    ----------
    python : Path
        A Python with pip.
    inherited : mapping of str to str
        The user's environment variables.

    Returns
    -------
    dict of str to str
        The user's variables, with pip's settings on how to reach an index, from
        variables and files alike, as variables, and without pip's other settings.

    Raises
    ------
    ProvisioningError
        A file of settings cannot be read; the message quotes pip.
    """
    listed = subprocess.run(
        [python, "-I", "-m", "pip", "config", "list"],
        env={**inherited, **_ASKING},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if listed.returncode != 0:
        raise ProvisioningError(
            "pip cannot read its settings:\n"
            f"{_without_secrets(listed.stdout + listed.stderr).strip()}\n"
            "Correct the file or the variable that it names."
        )
    kept = {
        f"PIP_{key.upper().replace('-', '_')}": value
        for key, value in _kept_settings(listed.stdout).items()
    }
    others = {
        name: value
        for name, value in inherited.items()
        if not name.upper().startswith("PIP_")
    }
    return {
        **others,
        **kept,
        "PIP_CONFIG_FILE": os.devnull,  # makes pip read no file at all
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def _kept_settings(listed: str) -> dict[str, str]:
    """Return the settings to keep from the output of ``pip config list``."""
    found: dict[str, dict[str, str]] = {origin: {} for origin in _ORIGINS}
    for line in listed.splitlines():
        match = _SETTING.match(line)
        if match is None or match[1] not in found:
            continue
        key, value = match[2], str(ast.literal_eval(match[3]))
        if key in _CERTIFICATES:
            value = _CERTIFICATES[key] if _CERTIFICATES[key] in value.split() else ""
        elif key not in KEPT:
            continue
        if value:  # pip ignores empty ones
            found[match[1]][key] = value
    merged: dict[str, str] = {}
    for origin in _ORIGINS:
        merged.update(found[origin])
    return merged


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    room: Path,
    megabytes: int,
) -> str:
    """Run one step of an installation and return its output.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments.
    environ : mapping of str to str
        Its environment variables.
    room : Path
        The folder that is being filled.
    megabytes : int
        Disk space that is needed there in MB.

    Raises
    ------
    ProvisioningError
        The step failed; the message has the end of its output, and what to do.
    """
    logger.debug("running %s", " ".join(map(str, command)))
    done = subprocess.run(
        [str(part) for part in command],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    output = _without_secrets(done.stdout)
    logger.debug("%s", output)
    if done.returncode != 0:
        free = shutil.disk_usage(room).free // 1_000_000
        raise ProvisioningError(
            explain_failure(output, room=room, free=free, megabytes=megabytes)
        )
    return output


def _without_secrets(text: str) -> str:
    """Return a text with users and passwords in URLs replaced by asterisks."""
    return _SECRET.sub("//****@", text)


def explain_failure(output: str, *, room: Path, free: int, megabytes: int) -> str:
    """Return a message on why a step of an installation failed, from its output.

    Parameters
    ----------
    output : str
        Output of ``venv`` or pip.
    room : Path
        The folder that was being filled.
    free, megabytes : int
        Disk space left there and disk space needed, in MB.
    """
    tail = "\n".join(f"  {line}" for line in output.strip().splitlines()[-8:])
    lower = output.lower()
    # venv does not report why its own pip failed, so the free space is checked too
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
    elif "do not match the hashes" in lower:
        advice = (
            "An index gives other files than those that this release was tested with. "
            "Name another index, or update amphitrite; nothing of them was installed."
        )
    elif "ensurepip" in lower:
        advice = (
            "This Python cannot create virtual environments. On Debian and Ubuntu: "
            "apt install python3-venv"
        )
    else:
        advice = "The end of the installer's output says why; correct that, and repeat."
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
