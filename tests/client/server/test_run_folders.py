"""Where runs have their folders, and what is left of earlier ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server import run_folders, supervisor


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty TMPDIR with a short path, and shared memory of its own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        place = Path(folder, "t")
        place.mkdir()
        (shared := Path(folder, "shm")).mkdir()
        monkeypatch.setenv("TMPDIR", str(place))
        monkeypatch.setattr(supervisor, "SHARED_MEMORY", shared)
        monkeypatch.setattr(run_folders, "USUAL", (Path(folder, "usual"),))
        Path(folder, "usual").mkdir()
        yield place


def test_takes_tmpdir(place: Path) -> None:
    assert run_folders.choose() == place


@pytest.mark.parametrize(
    "name",
    [
        *("a b", "é", "quo'te", 'quo"te', "$(touch x)", "`x`", "new\nline", "a:b"),
        *("a;b", "a&b", "a*b", "a\\b", "~", "a" * 80),
    ],
)
def test_takes_another_where_the_path_of_tmpdir_will_not_do(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    (odd := place / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    assert run_folders.choose() == place.parent / "usual"
    assert caplog.text.count("has its folder in") == 1
    assert repr(str(odd)) in caplog.text


def test_takes_none_in_which_others_may_rename(place: Path) -> None:
    place.chmod(0o777)
    assert run_folders.choose() == place.parent / "usual"
    place.chmod(0o1777)
    assert run_folders.choose() == place


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_takes_none_of_another_user(place: Path) -> None:
    os.chown(place, 65534, 65534)
    place.chmod(0o1777)
    assert run_folders.choose() == place.parent / "usual"


def test_names_all_obstacles_where_none_will_do(place: Path) -> None:
    place.rmdir()
    (place.parent / "usual").chmod(0o777)
    with pytest.raises(ProvisioningError) as caught:
        run_folders.choose()
    assert f"{place}: No such file or directory" in str(caught.value)
    assert f"{place.parent / 'usual'}: others may rename" in str(caught.value)
    assert "TMPDIR" in str(caught.value)


def leave(place: Path, name: str = "x1") -> tuple[Path, Path]:
    """Leave a run's folder and shared memory behind, as a killed supervisor does."""
    folder = place / f"{supervisor.PREFIX}{name}"
    (folder / "models").mkdir(parents=True)
    for lock in supervisor.locks(folder):
        lock.touch(mode=0o600)
    region = supervisor.SHARED_MEMORY / f"{supervisor.shm_prefix(folder)}region"
    region.touch()
    return folder, region


def test_sweeps_what_a_killed_supervisor_left(place: Path) -> None:
    folder, region = leave(place)
    run_folders.sweep_abandoned()
    assert not folder.exists()
    assert not region.exists()
    assert list(supervisor.SHARED_MEMORY.iterdir()) == []


def test_sweeps_shared_memory_whose_folder_somebody_removed(place: Path) -> None:
    folder, region = leave(place)
    supervisor.shutil.rmtree(folder)
    run_folders.sweep_abandoned()
    assert not region.exists()


HOLDER = """
import sys
sys.path.insert(0, sys.argv[1])
import supervisor
from pathlib import Path
for lock in sys.argv[2:]:
    supervisor.hold(Path(lock))
print("held", flush=True)
sys.stdin.read()
"""


def test_leaves_alone_what_a_living_process_holds(place: Path) -> None:
    folder, region = leave(place)
    locks = supervisor.locks(folder)
    for lock in locks:
        lock.unlink()
    program = [sys.executable, "-c", HOLDER, Path(supervisor.__file__).parent, *locks]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        run_folders.sweep_abandoned()
        assert folder.exists()
        assert region.exists()
        holder.kill()
    run_folders.sweep_abandoned()
    assert not folder.exists()
    assert not region.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_leaves_alone_what_another_user_left(place: Path) -> None:
    folder, region = leave(place)
    for path in (folder, *supervisor.locks(folder), region):
        os.chown(path, 65534, 65534)
    run_folders.sweep_abandoned()
    assert folder.exists()
    assert region.exists()


def test_leaves_alone_what_is_not_marked(place: Path) -> None:
    (mine := place / f"{supervisor.PREFIX}notes").mkdir()
    (mine / "notes.txt").touch()
    # a link to a folder that happens to have such a file
    (other := place / "other").mkdir()
    (other / supervisor.LOCK).touch()
    (place / f"{supervisor.PREFIX}link").symlink_to(other)
    run_folders.sweep_abandoned()
    assert (mine / "notes.txt").exists()
    assert (other / supervisor.LOCK).exists()
