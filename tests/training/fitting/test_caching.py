"""What is kept in the cache is whole, and made once."""

from __future__ import annotations

import signal

import pytest
from interrupting import endings

from amphitrite.errors import OutputError
from amphitrite_training.fitting.caching import made_aside


def make(target, text="new"):
    with made_aside(target, what="a sky", room="1 MB") as aside:
        aside.mkdir()
        (aside / "map").write_text(text)


def test_what_was_made_meanwhile_stays(tmp_path):
    make(tmp_path / "deep" / "sky", "first")
    make(tmp_path / "deep" / "sky", "second")
    assert (tmp_path / "deep" / "sky" / "map").read_text() == "first"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["sky"]


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot keep a sky in .*free some 1 MB, or"):
        make(tmp_path / "file" / "sky")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_end_at_any_step_leaves_all_or_nothing(tmp_path, number):
    numbers = iter(range(1000))

    def prepare():
        place = tmp_path / str(next(numbers))
        place.mkdir()
        return place

    seen = set()
    for place in endings(prepare, lambda place: make(place / "sky"), number=number):
        path = place / "sky" / "map"
        seen.add(path.exists())
        if path.parent.exists():
            assert path.read_text() == "new"
        make(place / "sky")
        assert path.read_text() == "new"
    assert seen == {False, True}
