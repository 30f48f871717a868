"""Room that a server needs of this machine."""

from __future__ import annotations

import logging
import os
import resource
from pathlib import Path
from typing import NamedTuple

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server import room


class Room(NamedTuple):
    f_bavail: int
    f_frsize: int


@pytest.mark.parametrize(
    ("megabytes", "processes", "enough"),
    [(64, 10, True), (64, 11, False), (18, 3, True), (8, 3, False), (0, 1, False)],
)
def test_compares_shared_memory_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, megabytes: int, processes: int, enough: bool
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: Room(1000 * megabytes, 1000))
    if enough:
        room.check_shared_memory(processes)
        return
    with pytest.raises(ProvisioningError) as caught:
        room.check_shared_memory(processes)
    text = str(caught.value)
    assert f"/dev/shm, which has room for {megabytes}.0 MB" in text
    assert f"needs about {6 * processes} MB" in text
    assert "--shm-size" in text
    assert "fewer models" in text


def test_names_shared_memory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="cannot be used \\(No such file"):
        room.check_shared_memory(1, folder=tmp_path / "none")


@pytest.mark.parametrize(
    ("hard", "enough"),
    [(64, False), (98, False), (99, True), (4096, True), (-1, True)],
)
def test_compares_the_hard_limit_of_open_files_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, hard: int, enough: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (32, hard))
    if enough:
        room.check_open_files(3)
        return
    with pytest.raises(ProvisioningError) as caught:
        room.check_open_files(3)
    assert f"may have {hard} open files (ulimit -n)" in str(caught.value)
    assert "ulimit -n 99" in str(caught.value)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, True)])
def test_warns_where_others_can_read_shared_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mode: int,
    warned: bool,
) -> None:
    monkeypatch.setattr(room, "SHARED_MEMORY", tmp_path)
    region = tmp_path / "amphitrite_triton_x1_region"
    region.touch()
    region.chmod(mode)
    with caplog.at_level(logging.WARNING):
        room.check_private(Path("/tmp/amphitrite-triton-x1"))
    assert ("others on this machine can read" in caplog.text) is warned
