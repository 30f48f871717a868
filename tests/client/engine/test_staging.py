"""A result appears under its name whole, or not at all, and in nobody's place."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from full_disk import fill
from interrupting import ENDS, endings

from amphitrite.engine.journal import Journal
from amphitrite.engine.session import recording
from amphitrite.engine.staging import Staging
from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders, locks, renaming, replacing, writing

MARKER = folders.MARKER


def folder(out, **options):
    return Staging(out, products={"map"}, **options)


def make(out, text="new", **options):
    with folder(out, **options) as staging:
        staging.result.mkdir(exist_ok=True)
        (staging.result / "map").write_text(text)
        assert not (out / "map").exists() or (out / "map").read_text() != text
        staging.publish()


def make_file(out, text="new", meanwhile=lambda: None, **options):
    with Staging(out, **options) as staging:
        staging.result.write_text(text)
        meanwhile()
        staging.publish()


def fail_early(out, meanwhile=lambda: None, **options):
    """Fail with nothing to be kept."""

    def fail():
        with Staging(out, **options) as staging:
            meanwhile()
            staging.keep = False
            raise ValueError("early")

    with pytest.raises(ValueError, match="early"):
        fail()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_published_and_nothing_else_is_left(tmp_path):
    make(tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == [MARKER, "map"]
    assert (tmp_path / "out" / "map").read_text() == "new"


def test_a_file_is_published(tmp_path):
    make_file(tmp_path / "deep" / "cat.fits")
    assert (tmp_path / "deep" / "cat.fits").read_text() == "new"
    assert names(tmp_path / "deep") == ["cat.fits"]


@pytest.mark.parametrize("name", ["journal", "lock", "result", "publishing", "a[b]*"])
def test_any_name_will_do(tmp_path, name):
    for overwrite in (False, True):
        make_file(tmp_path / name, overwrite=overwrite)
        assert names(tmp_path) == [name]


def test_an_existing_result_is_kept_unless_told_otherwise(tmp_path):
    make(tmp_path / "out", "old")
    with pytest.raises(OutputError, match="--overwrite"):
        folder(tmp_path / "out")
    assert (tmp_path / "out" / "map").read_text() == "old"
    make(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out" / "map").read_text() == "new"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("kernel", [True, False])
def test_results_are_replaced_with_the_kernels_help_and_without(
    tmp_path, monkeypatch, kernel
):
    if not kernel:
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    for text in ("old", "new"):
        make(tmp_path / "out", text, overwrite=True)
        make_file(tmp_path / "cat", text, overwrite=True)
        assert (tmp_path / "out" / "map").read_text() == text
        assert (tmp_path / "cat").read_text() == text
    assert names(tmp_path) == ["cat", "out"]


def test_an_interrupted_run_is_neither_lost_nor_mixed_in(tmp_path):
    with Staging(tmp_path / "out") as staging:
        staging.journal.write_text("half")
    with pytest.raises(BadInput, match="--resume"):
        Staging(tmp_path / "out")
    with Staging(tmp_path / "out", resume=True) as staging:
        assert staging.journal.read_text() == "half"
    with Staging(tmp_path / "out", overwrite=True) as staging:
        assert not staging.journal.exists()


def test_two_runs_do_not_write_one_result(tmp_path):
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with (
            Staging(tmp_path / "out"),
            pytest.raises(OutputError, match="another run"),
        ):
            Staging(tmp_path / "out", **options)


@pytest.mark.parametrize("parent", ["a-file", "/proc"])
def test_an_unwritable_place_is_said_at_the_start(tmp_path, parent):
    (tmp_path / "a-file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Staging(tmp_path / parent / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot write"):
        Staging(tmp_path / "out")


# What is not ours


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path):
    make(tmp_path / "out")
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match=r"also holds thesis\.tex"):
        folder(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


def test_a_folder_that_looks_like_a_result_needs_the_marker(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "map").write_text("drawn by hand")
    with pytest.raises(OutputError, match="is not a folder that amphitrite made"):
        folder(tmp_path / "out", overwrite=True)
    (tmp_path / "out" / MARKER).write_text("I wrote this myself")
    with pytest.raises(OutputError, match="is not a folder that amphitrite made"):
        folder(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "map").read_text() == "drawn by hand"


def test_a_product_that_is_a_folder_is_no_product(tmp_path):
    make(tmp_path / "out")
    (tmp_path / "out" / "map").unlink()
    (tmp_path / "out" / "map").mkdir()
    with pytest.raises(OutputError, match="also holds map"):
        folder(tmp_path / "out", overwrite=True)


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
@pytest.mark.parametrize("kind", ["empty", "full", "file", "link"])
def test_what_has_the_name_of_a_part_is_left_alone(tmp_path, options, kind):
    part = tmp_path / "out.part"
    if kind == "file":
        part.write_text("precious")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        part.symlink_to("elsewhere")
    else:
        part.mkdir()
        if kind == "full":
            for name in ("journal", "notes.txt"):
                (part / name).write_text("precious")
    before = sorted((str(path), path.lstat().st_ino) for path in tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"out\.part is in the way: .*move it away"):
        Staging(tmp_path / "out", **options)
    after = sorted((str(path), path.lstat().st_ino) for path in tmp_path.rglob("*"))
    assert after == before


@pytest.mark.parametrize("option", ["resume", "overwrite"])
@pytest.mark.parametrize("inside", ["", "result/"])
@pytest.mark.parametrize("fails", [True, False])
def test_notes_within_a_part_stay(tmp_path, caplog, option, inside, fails):
    with Staging(tmp_path / "out") as staging:
        staging.journal.write_text("half")
    notes = tmp_path / "out.part" / f"{inside}notes.txt"
    notes.write_text("precious")
    if fails:
        fail_early(tmp_path / "out", **{option: True})
    else:
        make_file(tmp_path / "out", **{option: True})
        assert (tmp_path / "out").read_text() == "new"
    assert notes.read_text() == "precious"
    assert f"{inside}notes.txt" in caplog.text
    left = {path for path in (tmp_path / "out.part").rglob("*") if path.is_file()}
    assert left == {notes, tmp_path / "out.part" / MARKER}
    make_file(tmp_path / "out", "newer", overwrite=True)
    assert (tmp_path / "out").read_text() == "newer"
    assert notes.read_text() == "precious"


@pytest.mark.parametrize("option", ["resume", "overwrite"])
def test_what_stands_in_the_place_of_the_result_is_not_published(tmp_path, option):
    with folder(tmp_path / "out") as staging:
        staging.journal.write_text("half")
        staging.result.mkdir()
        for name in ("map", "another map"):
            (staging.result / name).write_text("old")
    with pytest.raises(OutputError, match=r"result/out holds what this run would not"):
        folder(tmp_path / "out", **{option: True})
    left = tmp_path / "out.part" / "result" / "out"
    assert names(left) == ["another map"]
    (left / "another map").rename(tmp_path / "kept")
    make(tmp_path / "out", **{option: True})
    assert names(tmp_path) == ["kept", "out"]


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("precious")
    with pytest.raises(OutputError, match="is a file"):
        folder(tmp_path / "out", overwrite=True)
    with pytest.raises(OutputError, match="is a folder"):
        Staging(tmp_path, overwrite=True)


def test_the_working_folder_itself_is_no_result(tmp_path, monkeypatch):
    (tmp_path / "h.fits").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        folder(".")
    with pytest.raises(OutputError, match="also holds"):
        folder(".", overwrite=True)


@pytest.fixture(params=["link", "dangling link", "pipe", "socket", "device"])
def special(request, tmp_path):
    """What is neither a file nor a folder."""
    path = tmp_path / "out"
    if request.param == "link":
        (tmp_path / "real").write_text("precious")
        path.symlink_to("real")
    elif request.param == "dangling link":
        path.symlink_to("nowhere")
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    else:
        path = path.with_name("null")
        try:
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("devices are made by superusers alone")
    return path, request.param.removeprefix("dangling ")


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
def test_what_is_no_regular_file_is_refused_by_name(tmp_path, special, options):
    path, kind = special
    before = names(tmp_path), path.lstat().st_ino
    for make_one in (Staging, folder):
        with pytest.raises(OutputError, match=f"{path.name} is a {kind}"):
            make_one(path, **options)
    assert (names(tmp_path), path.lstat().st_ino) == before


# What happens meanwhile


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch, kind, kernel):
    if not kernel:
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    out = tmp_path / "out"

    def appear():
        if kind == "file":
            out.write_text("precious")
        elif kind == "folder":
            out.mkdir()
        else:
            out.symlink_to("nowhere")

    with pytest.raises(OutputError, match=r"appeared or was changed.*--resume") as said:
        make_file(out, meanwhile=appear)
    assert str(tmp_path / "out.part") in str(said.value)
    assert (tmp_path / "out.part" / "result" / "out").read_text() == "new"
    out.rename(tmp_path / "moved")
    make_file(out, "again", resume=True)
    assert out.read_text() == "again"
    if kind == "file":
        assert (tmp_path / "moved").read_text() == "precious"
    assert names(tmp_path) == ["moved", "out"]


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("change", ["written", "replaced"])
def test_what_was_changed_meanwhile_is_not_replaced(
    tmp_path, monkeypatch, change, kernel
):
    if not kernel:
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    out = tmp_path / "out"
    out.write_text("old")

    def changed():
        if change == "replaced":
            (tmp_path / "other").write_text("NEW")
            shutil.copystat(out, tmp_path / "other")
            (tmp_path / "other").replace(out)
        else:
            out.write_text("NEW")

    with pytest.raises(OutputError, match=r"--resume --overwrite"):
        make_file(out, meanwhile=changed, overwrite=True)
    assert out.read_text() == "NEW"
    make_file(out, "again", resume=True, overwrite=True)
    assert out.read_text() == "again"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("kernel", [True, False])
def test_a_folder_that_got_notes_meanwhile_is_not_replaced(
    tmp_path, monkeypatch, kernel
):
    if not kernel:
        monkeypatch.setattr(renaming, "_renameat2", lambda *_: False)
    out = tmp_path / "out"
    make(out, "old")

    def run():
        with folder(out, overwrite=True) as staging:
            staging.result.mkdir()
            (staging.result / "map").write_text("new")
            (out / "notes.txt").write_text("precious")
            staging.publish()

    with pytest.raises(OutputError, match="appeared or was changed"):
        run()
    assert (out / "notes.txt").read_text() == "precious"
    assert (out / "map").read_text() == "old"
    assert (tmp_path / "out.part" / "result" / "out" / "map").read_text() == "new"


def test_what_slips_in_at_the_last_moment_is_put_back(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.write_text("old")
    real = renaming.exchange

    def slipped(new, name):
        monkeypatch.setattr(renaming, "exchange", real)
        name.write_text("precious")
        real(new, name)

    monkeypatch.setattr(renaming, "exchange", slipped)
    with pytest.raises(OutputError, match="appeared or was changed"):
        make_file(out, overwrite=True)
    assert out.read_text() == "precious"
    assert (tmp_path / "out.part" / "result" / "out").read_text() == "new"


def test_a_result_that_was_removed_meanwhile_is_made(tmp_path):
    (tmp_path / "out").write_text("old")
    make_file(tmp_path / "out", meanwhile=(tmp_path / "out").unlink, overwrite=True)
    assert (tmp_path / "out").read_text() == "new"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("is_folder", [False, True])
def test_all_is_on_the_disk_before_it_gets_its_name(
    tmp_path, monkeypatch, overwrite, is_folder
):
    stored, put = set(), replacing.put

    def fsync(handle, fsync=os.fsync):
        stored.add(os.fstat(handle).st_ino)
        fsync(handle)

    def watched(new, name, *, instead_of):
        made = {path.stat().st_ino for path in (new, *new.rglob("*"))}
        assert len(made) == (3 if is_folder else 1)
        assert made <= stored
        stored.clear()
        put(new, name, instead_of=instead_of)

    if overwrite:
        (make if is_folder else make_file)(tmp_path / "out", "old")
    monkeypatch.setattr("amphitrite.engine.staging.put", watched)
    monkeypatch.setattr(writing.os, "fsync", fsync)
    (make if is_folder else make_file)(tmp_path / "out", overwrite=overwrite)
    assert tmp_path.stat().st_ino in stored  # so is the name


# Ends at every step


def run(out, *, is_folder, **options):
    """Do as a survey does: a journal, a unit of work, a result."""
    with (
        (folder if is_folder else Staging)(out, **options) as staging,
        recording(staging, {}, resume=options.get("resume", False)) as journal,
    ):
        if "unit" not in journal:
            journal.append("unit", {"x": np.arange(3)})
        with writing.writing(out):
            if is_folder:
                staging.result.mkdir()
            where = staging.result / "map" if is_folder else staging.result
            where.write_text("new")
        journal.close()
        staging.publish()


def content(out):
    if not out.exists():
        return "nothing"
    assert not out.is_dir() or names(out) == [MARKER, "map"]
    return (out / "map" if out.is_dir() else out).read_text()


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("before", ["nothing", "old"])
@pytest.mark.parametrize("is_folder", [False, True])
def test_an_end_at_any_step_leaves_old_or_new(tmp_path, is_folder, before, number):
    numbers = iter(range(1000))
    replace = before == "old"

    def prepare():
        place = tmp_path / str(next(numbers))
        place.mkdir()
        (place / "mine").write_text("precious")
        if replace:
            (make if is_folder else make_file)(place / "out", "old")
        return place

    seen = set()
    for place in endings(
        prepare,
        lambda place: run(place / "out", is_folder=is_folder, overwrite=replace),
        number=number,
    ):
        found = content(place / "out")
        seen.add(found)
        assert found in (before, "new")
        assert (place / "mine").read_text() == "precious"
        begun = (place / "out.part" / "journal").exists()
        if begun and not replace and found == "nothing":
            with pytest.raises(BadInput, match="an interrupted run was found"):
                Staging(place / "out")
        there = found == "new" and not begun
        again = {"resume": begun, "overwrite": replace or there}
        run(place / "out", is_folder=is_folder, **again)
        assert content(place / "out") == "new"
        *hidden, mine, out = names(place)
        assert [mine, out] == ["mine", "out"]
        # what was not marked yet, or no more, is not known for ours
        assert number == signal.SIGKILL or not hidden
        for name in hidden:
            assert set(names(place / name)) <= {"lock"}
    assert seen == {before, "new"}


def test_a_run_is_killed_again_and_again_after_its_result_got_its_name(
    tmp_path, monkeypatch
):
    """Each time it is resumed alone: the result is its own, and is not refused."""

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    out, put = tmp_path / "out", replacing.put

    def put_and_killed(new, name, *, instead_of):
        put(new, name, instead_of=instead_of)
        raise Killed

    for dies in (put_and_killed, killed, put_and_killed, killed, killed):
        monkeypatch.setattr("amphitrite.engine.staging.put", dies)
        with pytest.raises(Killed):
            run(out, is_folder=True, resume=(tmp_path / "out.part").exists())
        with folder(out, resume=True):
            pass  # killed once more, before it did anything
        assert content(out) == "new"
    monkeypatch.setattr("amphitrite.engine.staging.put", put)
    with pytest.raises(OutputError, match="exists already"):
        folder(out)
    run(out, is_folder=True, resume=True)
    assert names(tmp_path) == ["out"]


# What a failure leaves


def test_a_run_killed_before_it_began_is_no_interrupted_run(tmp_path):
    with Staging(tmp_path / "out"):
        pass  # as if it were killed: the folder stays
    assert (tmp_path / "out.part").exists()
    make_file(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_what_a_kill_while_clearing_up_leaves_is_swept(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(_, hidden, lock):
        lock.release(hidden)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "_erase", killed)
        with pytest.raises(Killed):
            make_file(tmp_path / "out")
    (left,) = (path for path in tmp_path.iterdir() if path.name != "out")
    assert left.name.startswith(".out.part-")
    foreign = tmp_path / ".out.part-01234567"
    foreign.mkdir()
    (foreign / "journal").write_text("precious")
    held = locks.Lock(left)
    make_file(tmp_path / "out", overwrite=True)
    assert left.exists()
    held.release(left)
    make_file(tmp_path / "out", overwrite=True)
    assert names(tmp_path) == [foreign.name, "out"]
    assert (foreign / "journal").read_text() == "precious"


def test_a_failure_leaves_nothing_that_is_of_no_use(tmp_path):
    with (
        pytest.raises(ValueError, match="early"),
        folder(tmp_path / "a" / "b" / "out"),
    ):
        raise ValueError("early")
    assert not any(tmp_path.iterdir())


def test_folders_that_others_use_by_now_stay(tmp_path):
    mine = tmp_path / "a" / "mine"
    fail_early(tmp_path / "a" / "b" / "out", lambda: mine.write_text("precious"))
    assert names(tmp_path / "a") == ["mine"]


def test_a_failure_keeps_what_a_later_run_can_use(tmp_path):
    def fail():
        with folder(tmp_path / "out") as staging:
            staging.journal.write_text("half")
            staging.keep = True
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        fail()
    assert (tmp_path / "out.part" / "journal").read_text() == "half"


def test_a_resumed_run_that_fails_at_once_loses_nothing(tmp_path):
    with Staging(tmp_path / "out") as staging:
        staging.journal.write_text("half")
    with (
        pytest.raises(ValueError, match="refused"),
        Staging(tmp_path / "out", resume=True),
    ):
        raise ValueError("connection refused")
    assert (tmp_path / "out.part" / "journal").read_text() == "half"


def test_too_small_a_disk_is_said_before_any_work(tmp_path):
    with folder(tmp_path / "out") as staging:
        staging.require(1000)
        with pytest.raises(OutputError, match=r"needs about 1000000000\.0 GB"):
            staging.require(10**18)


# A full disk


def begin(out, units=3):
    """Begin a run; its journal holds some units, and the disk is then full."""
    staging = Staging(out)
    journal = Journal(staging.journal, {}, resume=False)
    for number in range(units):
        journal.append(str(number), {"x": np.arange(10)})
    return staging, journal, fill(out.parent)


def test_a_journal_on_a_full_disk_keeps_its_units_and_says_so(full_disk):
    def work(place):
        try:
            with (
                Staging(place / "out") as staging,
                recording(staging, {}, resume=False) as journal,
            ):
                journal.append("0", {"x": np.arange(10)})
                filler = fill(place)
                journal.append("1", {"x": np.zeros(100_000)})
        except OutputError as error:
            said = "\n".join([str(error), *error.__notes__])
        filler.unlink()
        with (
            Staging(place / "out", resume=True) as staging,
            recording(staging, {}, resume=True) as journal,
        ):
            return said, sorted(journal._where)

    said, kept = full_disk(work)
    assert kept == ["0"]
    assert "No space left on device" in said
    assert "1 finished parts are kept in" in said
    assert "--resume" in said


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_product_that_does_not_fit_leaves_what_was_finished(full_disk, is_folder):
    def work(place):
        (place / "out").write_text("old")
        out = place / "cat" if is_folder else place / "out"
        try:
            with (
                (folder if is_folder else Staging)(out, overwrite=True) as staging,
                recording(staging, {}, resume=False) as journal,
            ):
                journal.append("0", {"x": np.arange(10)})
                filler = fill(place)
                with writing.writing(staging.out):
                    if is_folder:
                        staging.result.mkdir()
                    where = staging.result / "map" if is_folder else staging.result
                    where.write_text("x" * 100_000)
        except OutputError as error:
            said = "\n".join([str(error), *error.__notes__])
        assert (place / "out").read_text() == "old"
        filler.unlink()
        run(out, is_folder=is_folder, resume=True, overwrite=True)
        return said, content(out)

    said, found = full_disk(work)
    assert "No space left on device" in said
    assert "1 finished parts are kept in" in said
    assert found == "new"


def test_no_room_for_a_further_file_is_no_loss(full_disk):
    """Such as for the marker and the note that a result is about to get its name."""

    def work(place):
        found = []
        for room in range(1, 14):
            fillers = []
            try:
                while True:
                    fillers.append(place / f"filler{len(fillers)}")
                    fillers[-1].touch()
            except OSError:
                for path in fillers[-room - 1 :]:
                    path.unlink(missing_ok=True)
            try:
                run(place / "out", is_folder=True)
                found.append("new")
            except OutputError as error:
                found.append(str(error))
            for path in fillers:
                path.unlink(missing_ok=True)
            if found[-1] != "new":
                begun = (place / "out.part" / "journal").exists()
                run(place / "out", is_folder=True, resume=begun)
            assert content(place / "out") == "new"
            shutil.rmtree(place / "out")
            assert not [p for p in place.iterdir() if p.name.startswith("out")]
        return found

    found = full_disk(work, n_files=30)
    assert "No space left on device" in found[0]
    assert found[-1] == "new"


def apart(name, *words, library, **variables):
    """Call a function of this module in a process with calls that fail."""
    here = Path(__file__)
    paths = [str(here.parent), str(here.parents[2])]
    program = f"import sys; sys.path[:0] = {paths}; import test_staging as tests"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; tests.{name}(*sys.argv[1:])", *words],
        env={**os.environ, "LD_PRELOAD": str(library), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def fail_ever_later(place, call):
    """Run on a disk that is full from the first, second, ... of some calls on."""
    out, outcomes = Path(place) / "out", []
    while not outcomes or outcomes[-1] != "new":
        shutil.rmtree(place)
        Path(place).mkdir()
        out.write_text("old")
        os.environ[call] = f"{errno.ENOSPC}:{len(outcomes) + 1}"
        try:
            run(out, is_folder=False, overwrite=True)
            outcomes.append("new")
        except OutputError as error:
            outcomes.append("\n".join([str(error), *getattr(error, "__notes__", ())]))
        assert content(out) == "new" or "cannot write" in outcomes[-1]
        assert content(out) in ("old", "new")
        os.environ.pop(call, None)
        if kept := "1 finished parts are kept" in outcomes[-1]:
            with Staging(out, resume=True, overwrite=True) as staging:
                with Journal(staging.journal, {}, resume=True) as journal:
                    assert "unit" in journal
        run(out, is_folder=False, resume=kept, overwrite=True)
        assert content(out) == "new"
        assert names(out.parent) == ["out"]
    sys.stdout.write("\0".join(outcomes))


@pytest.mark.parametrize(("call", "least"), [("FSYNC", 4), ("RENAMEAT2", 2)])
def test_a_disk_that_is_full_at_the_last_moment_loses_nothing(
    tmp_path, failing_calls, call, least
):
    where = str(tmp_path / "place")
    Path(where).mkdir()
    done = apart("fail_ever_later", where, f"FAIL_{call}", library=failing_calls)
    *failed, last = done.stdout.split("\0")
    assert last == "new"
    assert len(failed) >= least
    assert all("No space left on device" in each for each in failed)
    assert any("1 finished parts are kept" in each for each in failed)


# File systems without locks

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


def run_without_locks(place):
    warnings.simplefilter("error")
    for number in NO_LOCKS:
        os.environ["FAIL_FLOCK"] = str(number)
        run(Path(place) / f"out-{number}", is_folder=False)
    os.environ["FAIL_FLOCK"] = str(errno.EIO)
    with pytest.raises(OutputError, match="Input/output error"):
        run(Path(place) / "deep" / "out", is_folder=False)


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, failing_calls):
    done = apart("run_without_locks", str(tmp_path), library=failing_calls)
    assert done.stderr.count("has no locks") == len(NO_LOCKS)
    assert names(tmp_path) == sorted(f"out-{number}" for number in NO_LOCKS)


def meet_other_runs(place):
    """Resume a run that another process marks, alive, elsewhere, unknown and dead."""
    out = Path(place) / "out"
    with Staging(out) as staging:
        Journal(staging.journal, {}, resume=False).close()
    mark = out.with_name("out.part") / "running"
    with subprocess.Popen(["sleep", "60"]) as other:
        known = {**locks._this_process(), "pid": other.pid}
        known["began"] = locks._began(other.pid)
        alive = json.dumps(known)
        who = f"process {other.pid} on {socket.gethostname()} since"
        for text, said in (
            (alive, who),
            (json.dumps({**known, "host": "elsewhere"}), f"process {other.pid} on els"),
            ("torn", "does not say which"),
        ):
            mark.write_text(text)
            with pytest.raises(OutputError, match=rf"{said}.*remove {mark}"):
                run(out, is_folder=False, resume=True)
            assert mark.read_text() == text
        other.kill()
    mark.write_text(alive)
    run(out, is_folder=False, resume=True)
    assert names(out.parent) == ["out"]


def test_runs_without_locks_keep_apart_and_outlive_a_kill(tmp_path, failing_calls):
    apart(
        *("meet_other_runs", str(tmp_path)),
        library=failing_calls,
        FAIL_FLOCK=str(errno.ENOLCK),
    )
