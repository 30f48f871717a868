"""One run at a time holds a folder, with the file system's locks and without."""

import errno
import fcntl
import json
import os
import re
import subprocess
import sys

import pytest

from amphitrite.files.locks import LOCK, Held, Lock

RUNNING = "running"


@pytest.fixture
def without_locks(monkeypatch):
    """A file system that knows no locks."""

    def flock(handle, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)


def mark(folder, **changes):
    """Change who is said to be running in a folder."""
    path = folder / RUNNING
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_lock_is_of_one_holder_until_it_is_released(tmp_path):
    lock = Lock(tmp_path)
    assert not lock.marks
    with pytest.raises(Held, match="wait for it, or give another --output"):
        Lock(tmp_path)
    lock.release(tmp_path)
    lock.release(tmp_path)  # once more does nothing
    Lock(tmp_path).release(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_lock_ends_with_its_process(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; "
        "from amphitrite.files.locks import Lock; "
        "lock = Lock(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path])
    assert done.returncode == -9
    Lock(tmp_path).release(tmp_path)


def test_a_folder_that_is_gone_has_no_lock(tmp_path):
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "gone")


def test_a_folder_that_was_replaced_meanwhile_is_gone(tmp_path, monkeypatch):
    real = fcntl.flock

    def flock(handle, operation):
        (tmp_path / LOCK).unlink()
        (tmp_path / LOCK).touch()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path)


def test_other_refusals_of_the_system_pass(tmp_path, monkeypatch):
    def flock(handle, operation):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error"):
        Lock(tmp_path)


def test_without_locks_a_file_says_who_runs(tmp_path, without_locks, caplog):
    lock = Lock(tmp_path)
    assert lock.marks
    assert "has no locks: a file 'running' in the run's folder" in caplog.text
    said = json.loads((tmp_path / RUNNING).read_text())
    assert said["pid"] == os.getpid()
    who = rf"process {os.getpid()} on .* since {re.escape(said['since'])}"
    with pytest.raises(Held, match=who):
        Lock(tmp_path)
    lock.release(tmp_path)
    assert not (tmp_path / RUNNING).exists()
    Lock(tmp_path).release(tmp_path)


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"pid": 2**22 + 1, "began": 1}, False),  # beyond Linux's highest number
        ({"began": 1}, False),  # the number is another process's by now
        ({"pid": 2**22 + 1, "began": 1, "host": "another"}, True),
        ({"pid": 2**22 + 1, "began": 1, "boot": "another"}, True),
        ({"began": None}, True),
    ],
)
def test_a_mark_is_stale_only_where_its_process_is_known_to_have_ended(
    tmp_path, without_locks, changes, held
):
    Lock(tmp_path)
    mark(tmp_path, **changes)
    if held:
        with pytest.raises(Held, match=rf"remove {tmp_path / RUNNING}"):
            Lock(tmp_path)
        return
    Lock(tmp_path)
    assert json.loads((tmp_path / RUNNING).read_text())["pid"] == os.getpid()
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK, RUNNING]


def test_a_mark_that_cannot_be_read_is_respected(tmp_path, without_locks):
    (tmp_path / RUNNING).write_text("no JSON")
    with pytest.raises(Held, match="does not say which; wait for it"):
        Lock(tmp_path)
