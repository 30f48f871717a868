"""A folder is the old one or the new one, whatever happens to who replaces it."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from interrupting import ENDS, endings

from amphitrite.errors import OutputError
from amphitrite.files import renaming
from amphitrite.files.generations import MARKER, next_generation


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def fill(target: Path) -> None:
    """Make a folder as users have them: ours, theirs, links, times."""
    (target / "model/1").mkdir(parents=True)
    (target / "model/1/file").write_text("one")
    (target / "README").write_text("not ours")
    (target / "link").symlink_to("README")
    os.utime(target / "model", (1e9, 1e9))


def change(target: Path) -> None:
    """Put a second version into the next generation, and remove the first."""
    with next_generation(target) as generation:
        folder = generation.folder
        (folder / "model/2").mkdir(parents=True)
        (folder / "model/2/file").write_text("two")
        (folder / "more").write_text("more")
        if (folder / "model/1").exists():
            (folder / "model/1/file").unlink()
            (folder / "model/1").rmdir()
        (generation.scratch / "archive").write_text("of no more use")


NEW = {"model/2/file": "two", "more": "more"}
OLD = {"model/1/file": "one", "README": "not ours", "link": "not ours"}
KEPT = {"README": "not ours", "link": "not ours"}


def test_a_folder_is_made_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder"
    change(target)
    assert contents(target) == NEW
    assert {path.name for path in target.parent.iterdir()} == {"folder"}


def test_what_stays_is_the_same_file_with_the_same_times(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    fill(target)
    (target / "other").mkdir(mode=0o750)
    (target / "other/file").write_text("other")
    os.utime(target / "other", (1e9, 1e9))
    before = (target / "other/file").stat()
    change(target)
    assert contents(target) == {**NEW, **KEPT, "other/file": "other"}
    assert (target / "other/file").stat().st_ino == before.st_ino
    assert (target / "other/file").stat().st_mtime == before.st_mtime
    # a Triton that polls loads again what has other times
    assert (target / "other").stat().st_mtime == 1e9
    assert (target / "other").stat().st_mode & 0o777 == 0o750
    assert (target / "link").is_symlink()
    assert before.st_nlink == (target / "other/file").stat().st_nlink == 1


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("there", [True, False])
def test_every_moment_has_the_old_or_the_new(
    tmp_path: Path, number: signal.Signals, there: bool
) -> None:
    made = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / str(next(made))
        folder.mkdir()
        if there:
            fill(folder / "folder")
        return folder

    old, new = (OLD, {**NEW, **KEPT}) if there else ({}, NEW)
    seen = []
    for folder in endings(prepare, lambda each: change(each / "folder"), number=number):
        left = contents(folder / "folder")
        assert left in (old, new)
        seen.append(left == new)
        assert there or not left or (folder / "folder").is_dir()
        with next_generation(folder / "folder") as generation:  # nothing is in its way
            (generation.folder / "next").touch()
        assert (folder / "folder/next").exists()
        assert {path.name for path in folder.iterdir()} == {"folder"}
    assert seen[0] is False
    assert seen[-1] is True
    assert len(seen) > 20


def test_an_exception_leaves_everything_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "folder")

    def fail() -> None:
        with next_generation(tmp_path / "folder") as generation:
            (generation.folder / "README").unlink()
            (generation.folder / "README").write_text("other")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert contents(tmp_path / "folder") == OLD
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}


def test_what_a_user_does_in_the_meantime_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = tmp_path / "folder"
    fill(target)
    with next_generation(target) as generation:
        (generation.folder / "new").write_text("new")
        (target / "card.md").write_text("written meanwhile")
        (target / "README").unlink()
        (target / "README").write_text("changed meanwhile")
    assert contents(target) == {**OLD, "new": "new"}
    (kept,) = tmp_path.glob("folder.changed-*")
    assert contents(kept)["card.md"] == "written meanwhile"
    assert contents(kept)["README"] == "changed meanwhile"
    assert f"kept as {kept}" in caplog.text


def test_a_link_to_the_folder_stays_one(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere" / "folder")
    (tmp_path / "link").symlink_to("elsewhere/folder")
    change(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "elsewhere/folder") == {**NEW, **KEPT}


def test_only_what_carries_our_marker_is_swept(tmp_path: Path) -> None:
    fill(tmp_path / "folder")
    workshop = tmp_path / ".folder.next"
    workshop.mkdir()
    (workshop / "precious").write_text("mine")
    with pytest.raises(OutputError, match="is in the way and was not made by"):
        change(tmp_path / "folder")
    assert contents(workshop) == {"precious": "mine"}
    assert contents(tmp_path / "folder") == OLD
    (workshop / "precious").rename(tmp_path / "precious")
    workshop.rmdir()
    workshop.symlink_to(tmp_path / "folder")
    (tmp_path / "folder" / MARKER).touch()
    with pytest.raises(OutputError, match="is in the way"):
        change(tmp_path / "folder")


def test_what_cannot_be_carried_over_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "folder")
    os.mkfifo(tmp_path / "folder/pipe")
    with pytest.raises(OutputError, match=r"folder/pipe is neither file nor folder"):
        change(tmp_path / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="it is no folder"):
        change(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot write"):
        change(tmp_path / "file" / "folder")


def test_a_file_system_that_cannot_swap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What network file systems answer, said by a stand-in for them."""
    monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    change(tmp_path / "new")
    assert contents(tmp_path / "new") == NEW
    target = tmp_path / "fol der"
    fill(target)
    with pytest.raises(OutputError) as caught:
        change(target)
    assert f"mv '{target}' '{target}.old'" in str(caught.value)
    assert contents(target) == OLD
    assert not list(tmp_path.glob(".*"))


def test_files_are_copied_where_they_cannot_have_two_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no second names here")

    fill(tmp_path / "folder")
    monkeypatch.setattr(os, "link", refuse)
    change(tmp_path / "folder")
    assert contents(tmp_path / "folder") == {**NEW, **KEPT}
    assert (tmp_path / "folder/link").is_symlink()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "mounted"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_mount_point_is_named(mounted: Path) -> None:
    fill(mounted)
    with pytest.raises(OutputError, match=f"'{mounted}'"):
        change(mounted)
    assert contents(mounted) == OLD


def test_two_at_once_wait_for_each_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = tmp_path / "folder"
    code = (
        "import sys; from pathlib import Path\n"
        "from amphitrite.files.generations import next_generation\n"
        "with next_generation(Path(sys.argv[1])) as generation:\n"
        "    (generation.folder / 'theirs').write_text('theirs')\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "held\n"
    thread = threading.Thread(target=change, args=[target])
    thread.start()
    wait_for(lambda: "waiting for another process that writes to" in caplog.text)
    assert not target.exists()
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()
    thread.join()
    assert contents(target) == {**NEW, "theirs": "theirs"}


def test_a_file_system_without_locks_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    fill(tmp_path / "folder")
    change(tmp_path / "folder")
    assert contents(tmp_path / "folder") == {**NEW, **KEPT}
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}
    assert "has no locks" in caplog.text


def wait_for(condition: Callable[[], bool]) -> None:
    over = threading.Event()
    for _ in range(600):
        if condition():
            return
        over.wait(0.05)
    raise AssertionError("it did not come")
