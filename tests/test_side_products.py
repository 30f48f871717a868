"""Files beside a result appear whole or not at all."""

import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.side_products import aside, check


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "a.reg"
    with aside(path) as other:
        other.write_text("half")
        assert not path.exists()
        assert other.suffix == ".reg"
    assert path.read_text() == "half"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.reg"
    path.write_text("old")

    def fail():
        with aside(path) as other:
            other.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    with (
        pytest.raises(OutputError, match=r"cannot write .*a\.reg"),
        aside(tmp_path / "none" / "a.reg") as other,
    ):
        other.write_text("new")


def test_what_is_in_the_way_is_refused(tmp_path):
    out, path, source = (tmp_path / name for name in ("c.fits", "a.reg", "e.fits"))
    check([path], out, [source], replace=False)
    path.write_text("old")
    with pytest.raises(OutputError, match=r"a\.reg exists already.*--overwrite"):
        check([path], out, [source], replace=False)
    check([path], out, [source], replace=True)
    with pytest.raises(OutputError, match="does not exist; make it"):
        check([tmp_path / "none" / "a.reg"], out, [source], replace=True)
    for beside, result in (([out], out), ([source], out), ([path], source)):
        with pytest.raises(BadInput, match="a name of its own"):
            check(beside, result, [source], replace=True)
