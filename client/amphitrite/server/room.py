"""Check that a server has enough shared memory and open files, before it starts.

Otherwise Triton ends with an unclear message, or later, in the middle of requests.
"""

from __future__ import annotations

import logging
import os
import resource
import stat
from pathlib import Path
from typing import Final

from amphitrite.errors import ProvisioningError
from amphitrite.server.supervisor import SHARED_MEMORY, shm_prefix

# Shared memory in MB for each process that runs a model.  Measured as the largest sum
# of blocks in /dev/shm during a command, divided by the number of processes: 5.3 for
# morpheus, with batches of 64 windows, and 1.1 for asid and calnet.
MEGABYTES: Final = 6
# Open files of the server.  Measured in /proc: 64, one more for each such process, and
# one for each connection; the limit leaves room for some connections.
FILES: Final = 96

logger = logging.getLogger(__name__)


def check(instances: int) -> None:
    """Refuse to start a server with too little shared memory or too few open files.

    Parameters
    ----------
    instances : int
        Number of processes that run models, without that of the self-check.

    Raises
    ------
    ProvisioningError
        Something is short; the message says what, how much there is, and what to do.
    """
    check_shared_memory(instances + 1)
    check_open_files(instances + 1)


def check_shared_memory(processes: int, *, folder: Path = SHARED_MEMORY) -> None:
    """Refuse to start a server whose requests do not fit into shared memory.

    Parameters
    ----------
    processes : int
        Number of processes that run models.
    folder : Path
        The folder of shared memory.

    Raises
    ------
    ProvisioningError
        There is too little shared memory, or none.
    """
    needed = processes * MEGABYTES
    try:
        found = os.statvfs(folder)
        free = found.f_bavail * found.f_frsize / 1e6
        problem = f"has room for {free:.1f} MB" if free < needed else None
        if not os.access(folder, os.W_OK | os.X_OK):
            problem = "cannot be written by you"
    except OSError as error:
        problem = f"cannot be used ({error.strerror})"
    if problem is not None:
        raise ProvisioningError(
            f"The local Triton server shares memory with the {processes} processes "
            f"that run its models, in {folder}, which {problem}; it needs about "
            f"{needed} MB.\nFree some there, or give it more (docker run "
            "--shm-size=1g; mount -o remount,size=1g /dev/shm), or serve fewer models."
        )


def check_open_files(processes: int) -> None:
    """Refuse to start a server that may not open enough files.

    The hard limit is checked, to which the server's soft limit is raised.

    Parameters
    ----------
    processes : int
        Number of processes that run models.

    Raises
    ------
    ProvisioningError
        The limit is too low.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = FILES + processes
    if most != resource.RLIM_INFINITY and most < needed:
        raise ProvisioningError(
            f"The local Triton server may have {most} open files (ulimit -n); with "
            f"{processes} processes that run its models it needs about {needed}.\n"
            f"Raise the limit (ulimit -n {needed}; docker run --ulimit nofile="
            f"{needed}), or serve fewer models."
        )


def check_private(folder: Path) -> None:
    """Warn if other users can read a server's requests and answers in shared memory.

    The supervisor prevents that where the kernel allows it.
    """
    for region in SHARED_MEMORY.glob(f"{shm_prefix(folder)}*"):
        if stat.S_IMODE(region.stat().st_mode) & 0o077:
            logger.warning(
                "others on this machine can read the shared memory of the local Triton "
                "server (%s), with what it is asked and answers: this system has no "
                "filters of system calls (seccomp), which would prevent that",
                region,
            )
            return
