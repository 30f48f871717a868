"""Memory that is shared with a server: lent, taken back, and never left behind."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from amphitrite.triton import sharing
from amphitrite.triton.sharing import FOLDER, LEAST_BYTES, Regions

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="this system has no /dev/shm"
)


class Server:
    """The other side: it opens the file that it is told of, as Triton does."""

    def __init__(self) -> None:
        self.opened: dict[str, mmap.mmap] = {}
        self.paths: list[Path] = []

    def register(self, name: str, key: str, size: int) -> None:
        path = FOLDER / key.removeprefix("/")
        descriptor = os.open(path, os.O_RDONLY)
        self.opened[name] = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        os.close(descriptor)
        assert path.stat().st_mode & 0o777 == 0o600
        self.paths.append(path)

    def read(self, name: str, place: int, like: np.ndarray) -> np.ndarray:
        view = np.frombuffer(self.opened[name], like.dtype, like.size, place)
        return view.reshape(like.shape)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "flags": np.array([[True], [False], [True]]),
        "maps": rng.standard_normal((3, 2, 50_001), dtype=np.float32),
        "turned": rng.standard_normal((7, 3)).T,
    }


def test_the_server_reads_what_was_written(server, tensors) -> None:
    regions = Regions(server.register)
    region = regions.lend(tensors)
    assert region is not None
    for name, place in region.write(tensors).items():
        found = server.read(region.name, place, tensors[name])
        np.testing.assert_array_equal(found, tensors[name])


def test_no_file_is_left(server, tensors) -> None:
    Regions(server.register).lend(tensors)
    (path,) = server.paths
    assert not path.exists()


def test_a_region_is_one_request_s_until_it_is_given_back(server, tensors) -> None:
    regions = Regions(server.register)
    one, other = regions.lend(tensors), regions.lend(tensors)
    assert one is not None
    assert other is not None
    assert one.name != other.name
    regions.give_back(other)
    assert regions.lend(tensors) is other
    assert len(server.opened) == 2


def test_a_request_of_almost_the_same_size_uses_the_same_region(server) -> None:
    regions = Regions(server.register)
    smaller = {"x": np.zeros(5 * LEAST_BYTES // 4, np.uint8)}
    larger = {"x": np.zeros(7 * LEAST_BYTES // 4, np.uint8)}
    region = regions.lend(smaller)
    assert region is not None
    regions.give_back(region)
    assert regions.lend(larger) is region


def test_a_larger_request_gets_a_larger_region(server) -> None:
    regions = Regions(server.register)
    region = regions.lend({"x": np.zeros(LEAST_BYTES, np.uint8)})
    assert region is not None
    regions.give_back(region)
    larger = regions.lend({"x": np.zeros(LEAST_BYTES + 1, np.uint8)})
    assert larger is not None
    assert len(larger.memory) == 2 * LEAST_BYTES


def test_a_small_request_needs_none(server) -> None:
    assert Regions(server.register).lend({"x": np.zeros(1000)}) is None
    assert not server.opened


def test_a_server_that_refuses_is_asked_once(tensors) -> None:
    asked = []

    def refuse(name: str, key: str, size: int) -> None:
        asked.append(FOLDER / key.removeprefix("/"))
        raise ValueError("this protocol is restricted")

    regions = Regions(refuse)
    assert regions.lend(tensors) is None
    assert regions.lend(tensors) is None
    (path,) = asked
    assert not path.exists()


def test_a_server_that_forgot_gets_no_more(server, tensors) -> None:
    regions = Regions(server.register)
    region = regions.lend(tensors)
    assert region is not None
    regions.end("restarted")
    regions.give_back(region)
    assert regions.lend(tensors) is None


def test_room_is_left_for_the_server(server, monkeypatch) -> None:
    regions = Regions(server.register)
    large = {"x": np.zeros(2 * LEAST_BYTES, np.uint8)}
    room = os.statvfs_result((4096, 4096, 999, 999, 7 * LEAST_BYTES // 4096, *[0] * 5))
    monkeypatch.setattr(sharing.os, "statvfs", lambda folder: room)
    assert regions.lend(large) is None
    # a smaller one fits
    assert regions.lend({"x": np.zeros(LEAST_BYTES, np.uint8)}) is not None


def test_without_such_memory_nothing_is_shared(
    server, tensors, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(sharing, "FOLDER", tmp_path / "none")
    assert Regions(server.register).lend(tensors) is None
