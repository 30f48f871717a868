"""Parts are put together only if they are all shards of one run, each once."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from answering import Answering

from amphitrite.engine.journal import Journal
from amphitrite.engine.merging import Parts, recorded
from amphitrite.engine.partfiles import Head, write
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.triton.spec import ModelSpec, TensorSpec

SPEC = ModelSpec(
    "toy",
    inputs=(TensorSpec("x", "float32", (), ()),),
    outputs=(TensorSpec("y", "float32", (), ()),),
)
N = 3


@pytest.fixture
def make(tmp_path):
    """Write the part of a shard with one unit."""

    def part(index, *, name=None, unit=None, count=N, **changes):
        model = Answering(lambda name, tensors: {}, {"threshold": 0.5}).model(SPEC)
        head = Head(
            survey="toy",
            shard=(index, count),
            run={"inputs": "some", "weights": "verified"},
            options={"stride": 3},
            inputs=["/a.fits"],
            folder="",
            models=[recorded(model)],
            skipped={f"bad {index}": "it is cut off"},
        )
        path = tmp_path / (name or f"{index}.part")
        path.unlink(missing_ok=True)
        with Journal(tmp_path / "journal", {}, resume=False) as journal:
            journal.append(unit or f"unit {index}", {"x": np.array(index)})
            write(path, replace(head, **changes), journal)
        return path

    return part


@pytest.fixture
def parts(make):
    return [make(index) for index in range(N)]


def test_the_records_of_all_parts_are_in_one_journal(parts, tmp_path):
    found = Parts.of(parts[::-1])
    assert list(found.paths) == parts
    assert found.skipped == {f"bad {index}": "it is cut off" for index in range(N)}
    with Journal(tmp_path / "merged", {}, resume=False) as journal:
        found.fill(journal)
        size = journal.path.stat().st_size
        found.fill(journal)
        assert journal.path.stat().st_size == size
        for index in range(N):
            assert journal.read(f"unit {index}")["x"] == index


def test_the_models_are_those_of_the_shards(parts):
    model = Parts.of(parts).model(SPEC)
    assert model.spec.learned == {"threshold": 0.5}
    assert (model.version, model.max_batch, model.verified) == (1, 8, True)
    with pytest.raises(BadInput, match="an input must have changed since the shards"):
        model.submit({"x": np.zeros(1, np.float32)})
    with pytest.raises(BadInput, match="made without the model 'other'"):
        Parts.of(parts).model(replace(SPEC, name="other"))
    with pytest.raises(SpecMismatch):
        Parts.of(parts).model(replace(SPEC, labels=("new",)))


def test_missing_parts_are_named(parts):
    with pytest.raises(BadInput, match="the part of shard 1/3 is missing; run it"):
        Parts.of([parts[0], parts[2]])
    with pytest.raises(BadInput, match="2 parts of shards 0/3, 2/3 are missing"):
        Parts.of([parts[1]])
    with pytest.raises(BadInput, match="no part was given"):
        Parts.of([])


def test_one_part_under_two_names_is_found_by_its_checksum(parts, make, tmp_path):
    copy = shutil.copy(parts[1], tmp_path / "copy.part")
    with pytest.raises(BadInput, match=r"1 is there twice.*copy\.part.*same content"):
        Parts.of([*parts, copy])
    other = make(1, name="other.part", unit="unit 9")
    with pytest.raises(BadInput, match=r"shard 1 is there twice: .*differ"):
        Parts.of([*parts, other])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"survey": "tay"}, "survey is 'toy' in the one and 'tay' in the other"),
        ({"options": {"stride": 4}}, "the option stride is 3 in the one and 4"),
        ({"run": {"inputs": "others", "weights": "verified"}}, "inputs is 'some'"),
        ({"run": {"inputs": "some", "weights": "not verified"}}, "weights is"),
        ({"count": 4}, "the number of shards is 3 in the one and 4"),
        ({"models": []}, "models is"),
        ({"folder": "/elsewhere"}, "the working directory is ''"),
    ],
)
def test_parts_of_two_runs_are_refused(parts, make, changes, message):
    make(1, **changes)
    with pytest.raises(BadInput, match=message):
        Parts.of(parts)


def test_what_was_run_elsewhere_is_merged_there(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (str(tmp_path), "/elsewhere"):
        parts = Parts.of([make(index, folder=folder) for index in range(N)])
        if folder == "/elsewhere":
            with pytest.raises(BadInput, match="were run in /elsewhere, with names"):
                parts.check_folder()
        else:
            parts.check_folder()


def test_another_run_is_not_completed(parts):
    found = Parts.of(parts)
    found.check_run({"inputs": "some", "weights": "verified"})
    with pytest.raises(BadInput, match="made with inputs = 'some', and now it is 'mo"):
        found.check_run({"inputs": "more", "weights": "verified"})
