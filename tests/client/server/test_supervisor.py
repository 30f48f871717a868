"""What the process that owns a server makes is the user's alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from amphitrite.server import supervisor

PRIVATE = """
import ctypes, os, sys
sys.path.insert(0, sys.argv[1])
import supervisor
os.umask(0o077)
supervisor.keep_shared_memory_private(ctypes.CDLL(None))
for name, mode in (("everybody's", 0o644), ("the group's", 0o640)):
    descriptor = os.open(sys.argv[2] + "/" + name, os.O_CREAT | os.O_WRONLY, 0o666)
    os.fchmod(descriptor, mode)
if os.fork() == 0:  # its children as well
    os.fchmod(os.open(sys.argv[2] + "/child", os.O_CREAT | os.O_WRONLY), 0o644)
    os._exit(0)
os.wait()
"""


def test_the_mode_of_shared_memory_is_not_widened(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-I", "-c", PRIVATE),
            *(Path(supervisor.__file__).parent, tmp_path),
        ],
        check=True,
    )
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    # the very call that Triton's library makes, and no other
    assert modes == {"everybody's": 0o600, "the group's": 0o640, "child": 0o700}
