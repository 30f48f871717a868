"""Files beside a result appear whole or not at all, and in nobody's place."""

import os
import signal

import pytest
from interrupting import endings

from amphitrite.engine.beside import Beside, check_distinct
from amphitrite.engine.staging import Staging
from amphitrite.errors import BadInput, OutputError


@pytest.fixture
def out(tmp_path):
    """A result that is being made."""
    with Staging(tmp_path / "c.fits") as staging:
        staging.journal.write_text("half")
        yield tmp_path / "c.fits"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(beside, path, text="new"):
    with beside.aside(path) as other:
        other.write_text(text)
        assert not path.exists() or path.read_text() != text
        assert other.suffix == path.suffix


def test_a_file_appears_only_when_it_is_whole(tmp_path, out):
    path = tmp_path / "a.reg"
    write(Beside([path], out, []), path)
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.reg", "c.fits.part"]


def test_a_failure_leaves_what_was_there(tmp_path, out):
    path = tmp_path / "a.reg"
    path.write_text("old")
    beside = Beside([path], out, [], overwrite=True)

    def fail():
        with beside.aside(path) as other:
            other.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.reg", "c.fits.part"]


def test_what_is_in_the_way_is_refused(tmp_path, out):
    path, source = tmp_path / "a.reg", tmp_path / "e.fits"
    Beside([path], out, [source])
    path.write_text("old")
    for resume in (False, True):
        with pytest.raises(OutputError, match=r"a\.reg exists already.*--overwrite"):
            Beside([path], out, [source], resume=resume)
    Beside([path], out, [source], overwrite=True)
    with pytest.raises(OutputError, match="does not exist; make it"):
        Beside([tmp_path / "none" / "a.reg"], out, [source], overwrite=True)
    (tmp_path / "folder.reg").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        Beside([tmp_path / "folder.reg"], out, [source], overwrite=True)
    for beside, result in (([out], out), ([source], out), ([path], source)):
        with pytest.raises(BadInput, match="a name of its own"):
            check_distinct(beside, result, [source])


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_regular_file_is_refused(tmp_path, out, kind):
    path = tmp_path / "a.reg"
    path.symlink_to("nowhere") if kind == "link" else os.mkfifo(path)
    with pytest.raises(OutputError, match=f"is a {kind}"):
        Beside([path], out, [], overwrite=True)
    assert path.lstat()


def test_what_appears_or_changes_meanwhile_stays(tmp_path, out):
    new, old = tmp_path / "new.reg", tmp_path / "old.reg"
    old.write_text("old")
    beside = Beside([new, old], out, [], overwrite=True)
    for path in (new, old):
        path.write_text("precious")
        with pytest.raises(OutputError, match="appeared or was changed meanwhile"):
            write(beside, path)
        assert path.read_text() == "precious"
    assert names(tmp_path) == ["c.fits.part", "new.reg", "old.reg"]


def test_a_resumed_run_replaces_what_it_has_written_itself(tmp_path, out):
    path = tmp_path / "a.reg"
    write(Beside([path], out, []), path, "first")
    with pytest.raises(OutputError, match="exists already"):
        Beside([path], out, [])
    write(Beside([path], out, [], resume=True), path, "second")
    assert path.read_text() == "second"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        Beside([path], out, [], resume=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("before", ["nothing", "old"])
def test_an_end_at_any_step_leaves_old_or_new(tmp_path, before, number):
    numbers = iter(range(1000))
    overwrite = before == "old"

    def prepare():
        place = tmp_path / str(next(numbers))
        place.mkdir()
        with Staging(place / "c.fits") as staging:
            staging.journal.write_text("half")
        if overwrite:
            (place / "a.reg").write_text("old")
        return place

    def content(place):
        path = place / "a.reg"
        return path.read_text() if path.exists() else "nothing"

    def work(place, **options):
        beside = Beside([place / "a.reg"], place / "c.fits", [], **options)
        write(beside, place / "a.reg")

    seen = set()
    for place in endings(
        prepare, lambda place: work(place, overwrite=overwrite), number=number
    ):
        found = content(place)
        seen.add(found)
        assert found in (before, "new")
        work_again(place, overwrite=overwrite)
        assert content(place) == "new again"
    assert seen == {before, "new"}


def work_again(place, *, overwrite):
    """Resume: what the run has written by now is its own."""
    out, path = place / "c.fits", place / "a.reg"
    write(Beside([path], out, [], resume=True, overwrite=overwrite), path, "new again")
    with Staging(out, resume=True) as staging:
        staging.result.write_text("rows")
        staging.publish()
    assert {name for name in names(place) if name[0] != "."} == {"a.reg", "c.fits"}
