"""The packages of the server's environment, each of one version and with its digests.

They stand in ``requirements-cpu.txt`` and ``requirements-gpu.txt`` beside this module,
in pip's own format.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def requirements(*, gpu: bool) -> Path:
    """Return the file that lists the packages."""
    return Path(__file__).with_name(f"requirements-{'gpu' if gpu else 'cpu'}.txt")


def pins(*, gpu: bool) -> dict[str, str]:
    """Return the version of each package, by its name in lower case with hyphens."""
    return dict(_PIN.findall(requirements(gpu=gpu).read_text(encoding="utf-8")))


def digest(*, gpu: bool) -> str:
    """Return what tells this list from any other: eight hexadecimal digits."""
    return hashlib.sha256(requirements(gpu=gpu).read_bytes()).hexdigest()[:8]
