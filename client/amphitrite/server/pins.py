"""The packages of the server's environment, with their versions and digests.

They are listed in ``requirements-cpu.txt`` and ``requirements-gpu.txt`` beside this
module, in pip's format.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def requirements(*, gpu: bool) -> Path:
    """Return the path of the list of packages."""
    return Path(__file__).with_name(f"requirements-{'gpu' if gpu else 'cpu'}.txt")


def pins(*, gpu: bool) -> dict[str, str]:
    """Return the version of each package, by its name in lower case with hyphens."""
    return dict(_PIN.findall(requirements(gpu=gpu).read_text(encoding="utf-8")))


def digest(*, gpu: bool) -> str:
    """Return the first eight hexadecimal digits of the list's SHA-256 digest."""
    return hashlib.sha256(requirements(gpu=gpu).read_bytes()).hexdigest()[:8]
