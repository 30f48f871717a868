"""Memory that a client shares with a server on the same machine, for large requests.

gRPC copies a tensor half a dozen times on its way; through shared memory it is copied
twice.  A region is a file in ``/dev/shm`` whose name is removed as soon as the server
has opened it, so that nothing is left behind by a client that is killed.
"""

from __future__ import annotations

import logging
import math
import mmap
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.triton.answers import Tensors

logger = logging.getLogger(__name__)

FOLDER: Final = Path("/dev/shm")
LEAST_BYTES: Final = 1 << 20
"""Smaller requests go through gRPC whole, which takes no longer."""
_ALIGNMENT: Final = 64  # bytes
# The server needs shared memory for itself: a region takes this share of what is free.
_LARGEST_SHARE: Final = 0.25


@dataclass(frozen=True)
class Region:
    """A piece of memory that a server knows by a name.

    Parameters
    ----------
    name : str
        The name.
    memory : (n,) ndarray of uint8
        The memory.
    """

    name: str
    memory: NDArray[np.uint8]

    def write(self, tensors: Tensors) -> dict[str, int]:
        """Copy arrays to the region, and return where each begins, in bytes."""
        places, at = {}, 0
        for name, array in tensors.items():
            places[name] = at
            piece = self.memory[at : at + array.nbytes]
            np.copyto(piece.view(array.dtype).reshape(array.shape), array)
            at += _aligned(array.nbytes)
        return places


class Regions:
    """The regions shared with one server; from any thread.

    Parameters
    ----------
    register : callable
        Tells the server of a region: its name, its file's name, and its bytes.  What
        it raises means that nothing can be shared with this server.
    """

    def __init__(self, register: Callable[[str, str, int], object]) -> None:
        self._register = register
        self._free: list[Region] = []
        self._lock = threading.Lock()
        self._refused = False

    def lend(self, tensors: Tensors) -> Region | None:
        """Return a region for the inputs of a request.

        None if the request is small, or if no memory can be shared: the request then
        goes through gRPC whole, with the same answer.
        """
        needed = sum(_aligned(array.nbytes) for array in tensors.values())
        if needed < LEAST_BYTES:
            return None
        with self._lock:
            for region in self._free:
                if len(region.memory) >= needed:
                    self._free.remove(region)
                    return region
        # powers of 2, so that requests of almost the same size use the same regions
        return None if self._refused else self._new(1 << math.ceil(math.log2(needed)))

    def give_back(self, region: Region) -> None:
        """Take a region back, once the server has read it."""
        with self._lock:
            if not self._refused:
                self._free.append(region)

    def end(self, reason: object) -> None:
        """Share nothing more with the server."""
        logger.debug("no memory is shared with the server: %s", reason)
        with self._lock:
            self._refused = True
            self._free.clear()

    def _new(self, size: int) -> Region | None:
        name = f"amphitrite-{secrets.token_hex(8)}"
        try:
            found = os.statvfs(FOLDER)
            if size > _LARGEST_SHARE * found.f_bavail * found.f_frsize:
                return None
            return Region(name, self._shared(name, size))
        except Exception as error:  # whatever it is, the request need not fail
            self.end(error)
            return None

    def _shared(self, name: str, size: int) -> NDArray[np.uint8]:
        """Return memory after the server has opened it."""
        path = FOLDER / name
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, mode=0o600)
        try:
            # without room, writing to the memory would end this process
            os.posix_fallocate(descriptor, 0, size)
            self._register(name, f"/{name}", size)
            memory: Any = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
            path.unlink()
        return np.frombuffer(memory, np.uint8)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
