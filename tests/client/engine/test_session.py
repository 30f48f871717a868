"""A run's beginning and end: what it refuses, keeps, measures and publishes."""

import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from amphitrite.engine.control import Control, Limits
from amphitrite.engine.execution import Unit
from amphitrite.engine.partfiles import read_head
from amphitrite.engine.provenance import Provenance
from amphitrite.engine.session import Session
from amphitrite.engine.shards import Shard
from amphitrite.errors import BadInput, OutputError
from amphitrite.surveys.calnet.options import Options

PROVENANCE = Provenance("toy", 1, "", True, (), "", "2026-01-01T00:00:00+00:00")


class Doubling:
    """A model whose answer is twice its input; see `ServedModel`."""

    def submit(self, tensors, outputs=None):
        answer = Future()
        answer.set_result({"y": 2 * tensors["x"]})
        return answer

    def check_unchanged(self):
        """Stay."""


class Server:
    """Counts how often it was connected to, and whether it was let go."""

    connected = closed = 0

    @contextmanager
    def connecting(self):
        self.connected += 1
        yield self
        self.closed += 1

    def model(self, spec):
        return spec, self


@dataclass
class Work:
    value: float
    answer: float = np.nan

    def requests(self):
        yield None, {"x": np.array([self.value])}

    def add(self, where, outputs):
        self.answer = outputs["y"][0]

    def record(self):
        return {"answer": np.array(self.answer)}


UNITS = [Unit(f"unit {number}", float(number)) for number in range(5)]


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def session(tmp_path, server):
    def begin(name="c.fits", *, products=None, inputs=(), disk_bytes=0, **control):
        return Session(
            *("toy", tmp_path / name, server.connecting(), Control(**control)),
            inputs=inputs,
            products=products,
            disk_bytes=disk_bytes,
        )

    return begin


def serve(session, **head):
    session.record(PROVENANCE, **head)
    return session.serve("doubling", UNITS, len(UNITS), Work, Doubling())


def interrupted(session, **head):
    """Serve everything, and end before it is published."""
    with session as run:
        serve(run, **head)
        run.result.write_text("rows")
        raise KeyError


def answers(session):
    return [float(session.journal.read(unit.key)["answer"]) for unit in UNITS]


def test_a_result_appears_when_it_is_published(session, tmp_path):
    with session() as run:
        summary = serve(run)
        run.result.write_text("rows")
        assert not (tmp_path / "c.fits").exists()
        run.publish()
    assert summary.done == 5
    assert [path.name for path in tmp_path.iterdir()] == ["c.fits"]
    assert (tmp_path / "c.fits").read_text() == "rows"


def test_nothing_is_published_after_an_error_and_what_is_done_is_kept(
    session, tmp_path
):
    with pytest.raises(KeyError) as raised:
        interrupted(session())
    assert not (tmp_path / "c.fits").exists()
    assert "5 finished parts are kept" in raised.value.__notes__[0]
    with session(resume=True) as run:
        summary = serve(run)
        assert answers(run) == [0, 2, 4, 6, 8]
    assert (summary.done, summary.resumed) == (0, 5)


def test_a_run_with_another_choice_is_not_gone_on_with(session):
    with pytest.raises(KeyError):
        interrupted(session(), stride=3)
    with (
        pytest.raises(BadInput, match="had stride = 3, this one has 4"),
        session(resume=True) as run,
    ):
        serve(run, stride=4)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("c.jpg", {}, BadInput, "c.jpg"),
        ("c.fits", {"disk_bytes": 1 << 60}, OutputError, "GB of disk"),
        ("old.fits", {}, OutputError, "exists already"),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_server_is_asked(
    session, server, tmp_path, name, options, error, message
):
    (tmp_path / "old.fits").write_text("old")
    with pytest.raises(error, match=message):
        session(name, **options)
    assert server.connected == 0
    assert [path.name for path in tmp_path.iterdir()] == ["old.fits"]


def test_an_output_may_not_be_an_input(session, tmp_path):
    with pytest.raises(BadInput, match="a name of its own"):
        session(inputs=[tmp_path / "c.fits"], overwrite=True)


def test_a_folder_needs_no_suffix(session, tmp_path):
    with session("maps", products=["map"]) as run:
        serve(run)
        run.result.mkdir()
        (run.result / "map").write_text("pixels")
        run.publish()
    assert (tmp_path / "maps" / "map").is_file()


def test_a_server_is_connected_to_once_and_let_go(session, server):
    with session() as run:
        assert server.connected == 0
        assert run.models("a", "b") == (("a", server), ("b", server))
        run.models("c")
        assert (server.connected, server.closed) == (1, 0)
    assert server.closed == 1


def test_stages_follow_each_other(session):
    with session() as run:
        run.stage("reading")
        time.sleep(0.02)
        run.stage("serving")
        serve(run)
        run.result.write_text("rows")
        run.publish()
    assert list(run.seconds) == ["reading", "serving"]
    # a sleep may be longer than asked, never shorter; both clocks are monotonic
    assert run.seconds["reading"] >= 0.02


def test_units_are_prepared_in_one_pool_of_the_run(session):
    with session(limits=Limits(workers=2)) as run:
        pool = run.pool
        assert pool is run.pool
        assert pool.submit(abs, -1).result() == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, -1)


def test_progress_advances_over_every_unit(session):
    seen = []

    @contextmanager
    def progress(what, total):
        seen.append((what, total))
        yield seen.append

    with session(progress=progress) as run:
        serve(run)
    assert seen[0] == ("doubling", 5)
    assert sum(seen[1:]) == 5


def test_a_shard_has_its_own_items(session):
    with session() as run:
        assert run.own("abcdef", str) == "abcdef"
    shards = [Shard(index, 2) for index in range(2)]
    found = []
    for shard in shards:
        with session(f"{shard.index}.part", shard=shard) as run:
            found += run.own("abcdef", str)
    assert sorted(found) == list("abcdef")


def test_a_shard_is_gone_on_with_as_the_same_one(session):
    with pytest.raises(KeyError):
        interrupted(session("0.part", shard=Shard(0, 2)))
    with (
        pytest.raises(BadInput, match="had shard = '0/2', this one has '0/3'"),
        session("0.part", shard=Shard(0, 3), resume=True) as run,
    ):
        serve(run)


def test_a_shard_writes_nothing_beside_its_part(session, tmp_path):
    shard = Shard(0, 1)
    with session("0.part", shard=shard, products={"a.fits"}) as run:
        summary = serve(run, stride=3)
        result = run.part([tmp_path / "a.fits"], Options(), summary)
    assert [path.name for path in tmp_path.iterdir()] == ["0.part"]
    assert (result.shard, result.n_units, result.summary.done) == (shard, 5, 5)
    head = read_head(tmp_path / "0.part")
    assert (head.survey, head.shard, head.run["stride"]) == ("toy", (0, 1), 3)
    assert head.inputs == [str(tmp_path / "a.fits")]
