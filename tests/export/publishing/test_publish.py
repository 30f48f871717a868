from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from interrupting import ENDS, endings

pytest.importorskip("onnx", reason="needs the export extra")

from amphitrite.errors import BadInput, OutputError
from amphitrite.triton.config import parse_config
from amphitrite_export.conversion.convert import OnnxFile
from amphitrite_export.conversion.parity import run
from amphitrite_export.publishing import repository as repo
from amphitrite_export.publishing.config import Ensemble, Step, specs_in
from amphitrite_export.publishing.generations import publish_together
from amphitrite_export.publishing.versions import rollback

pytestmark = pytest.mark.export


def files(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def contents(folder):
    return {name: (folder / name).read_bytes() for name in files(folder)}


def pins(repository, ensemble):
    config = repo.read_config(repository, ensemble)
    return [(s.model_name, s.model_version) for s in config.ensemble_scheduling.step]


def served(repository, model):
    return repo.served(repo.read_config(repository, model))


def test_the_first_version_of_a_model(tmp_path, toys):
    (done,) = toys.publish(tmp_path / "new", "toy", 2)
    assert (done.model, done.version) == ("toy", 1)
    assert files(tmp_path / "new") == [
        "toy/1/model.onnx",
        "toy/config.pbtxt",
        "toy/configs/gpu.pbtxt",
    ]
    spec = specs_in(repo.read_config(tmp_path / "new", "toy"))[1]
    assert spec.digest == done.digest
    content = (tmp_path / "new/toy/1/model.onnx").read_bytes()
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(run(content, {"x": x})["y"], 2 * x)


def test_the_latest_two_versions_are_kept_with_their_specs(tmp_path, toys):
    for factor in (1, 2, 3):
        (done,) = toys.publish(tmp_path, "toy", factor)
    assert done.version == 3
    assert repo.versions(tmp_path, "toy") == [2, 3]
    assert served(tmp_path, "toy") == [3]
    for name in (repo.CONFIG, repo.GPU_CONFIG):
        config = parse_config((tmp_path / "toy" / name).read_text())
        assert list(specs_in(config)) == [2, 3]


def test_rollback_serves_the_version_before(tmp_path, toys):
    (first,) = toys.publish(tmp_path, "toy", 1)
    toys.publish(tmp_path, "toy", 2)
    back = rollback("toy", tmp_path)
    assert back == first
    assert served(tmp_path, "toy") == [1]
    with pytest.raises(BadInput, match="serves version 1, and the repository has none"):
        rollback("toy", tmp_path)


def test_publishing_after_a_rollback_keeps_what_was_served(tmp_path, toys):
    toys.publish(tmp_path, "toy", 1)
    toys.publish(tmp_path, "toy", 2)
    rollback("toy", tmp_path)
    (done,) = toys.publish(tmp_path, "toy", 3)
    assert done.version == 3, "a number is never given twice"
    assert repo.versions(tmp_path, "toy") == [1, 3]
    assert rollback("toy", tmp_path).version == 1


def test_a_version_of_another_contract_is_not_kept(tmp_path, toys):
    toys.publish(tmp_path, "toy", 1)
    toys.publish(tmp_path, "toy", 1, width=5)
    assert repo.versions(tmp_path, "toy") == [2]
    assert list(specs_in(repo.read_config(tmp_path, "toy"))) == [2]


def test_nothing_changes_where_the_file_does_not_fit(tmp_path, toys):
    toys.publish(tmp_path, "toy", 1)
    before = contents(tmp_path)
    good, wide = toys.file("other", 2), toys.file("toy", 2, width=7)
    wrong = OnnxFile(wide.content, replace(wide.spec, inputs=good.spec.inputs))
    with pytest.raises(BadInput, match=r"dims are \[3\], the ONNX file's \[7\]"):
        publish_together([good, wrong], tmp_path)
    assert contents(tmp_path) == before


def test_an_unwritable_repository_is_named(tmp_path, toys):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        toys.publish(tmp_path / "file", "toy", 1)


def test_an_ensemble_pins_its_members(tmp_path, toys):
    (done,) = toys.publish_chain(tmp_path)
    assert (done.model, done.version) == ("chain", 1)
    assert pins(tmp_path, "chain") == [("first", 1), ("second", 1)]
    spec = specs_in(repo.read_config(tmp_path, "chain"))[1]
    firsts = specs_in(repo.read_config(tmp_path, "first"))
    assert [(m.name, m.version) for m in spec.members] == [("first", 1), ("second", 1)]
    assert spec.members[0].digest == firsts[1].digest
    assert spec.digest == done.digest


def test_a_new_member_takes_its_ensembles_along(tmp_path, toys):
    (old,) = toys.publish_chain(tmp_path)
    member, ensemble = toys.publish(tmp_path, "first", 3)
    assert (member.model, member.version) == ("first", 2)
    assert (ensemble.model, ensemble.version) == ("chain", 2)
    assert ensemble.digest != old.digest
    assert pins(tmp_path, "chain") == [("first", 2), ("second", 1)]
    # both generations stay loaded, so that neither the switch nor a rollback mixes them
    assert served(tmp_path, "first") == [1, 2]
    assert served(tmp_path, "chain") == [2]
    back = rollback("chain", tmp_path)
    assert back == old
    assert pins(tmp_path, "chain") == [("first", 1), ("second", 1)]


def test_a_rolled_back_ensemble_keeps_its_member_through_the_next_release(
    tmp_path, toys
):
    toys.publish_chain(tmp_path)
    toys.publish(tmp_path, "first", 3)
    rollback("chain", tmp_path)
    toys.publish(tmp_path, "first", 4)
    assert pins(tmp_path, "chain") == [("first", 3), ("second", 1)]
    assert rollback("chain", tmp_path).version == 1
    assert pins(tmp_path, "chain") == [("first", 1), ("second", 1)]
    assert served(tmp_path, "first") == [1, 3]


def test_releases_of_several_members_can_be_undone_one_by_one(tmp_path, toys):
    toys.publish_chain(tmp_path)
    toys.publish(tmp_path, "first", 3)
    toys.publish(tmp_path, "second", 20)
    assert pins(tmp_path, "chain") == [("first", 2), ("second", 2)]
    rollback("chain", tmp_path)
    assert pins(tmp_path, "chain") == [("first", 2), ("second", 1)]
    for model, version in pins(tmp_path, "chain"):
        assert version in served(tmp_path, model)


def test_another_member_does_not_bring_back_what_was_rolled_back(tmp_path, toys):
    toys.publish_chain(tmp_path)
    toys.publish(tmp_path, "first", 3)
    rollback("chain", tmp_path)
    toys.publish(tmp_path, "second", 20)
    assert pins(tmp_path, "chain") == [("first", 1), ("second", 2)]
    assert rollback("chain", tmp_path).version == 1


def test_a_member_is_not_rolled_back_alone(tmp_path, toys):
    toys.publish_chain(tmp_path)
    toys.publish(tmp_path, "first", 3)
    with pytest.raises(BadInput, match="'first' is a member of the ensemble chain"):
        rollback("first", tmp_path)


def test_a_member_keeps_its_contract(tmp_path, toys):
    toys.publish_chain(tmp_path)
    with pytest.raises(BadInput, match="member of an ensemble, so its contract cannot"):
        toys.publish(tmp_path, "first", 3, width=5)


def test_members_and_their_ensemble_are_one_generation(tmp_path, toys):
    done = publish_together(
        [
            toys.file("first", 2, a=1, parity=0.1, recipe={"seed": 1}, training={}),
            toys.file("second", 10, b=[2], recipe={"seed": 2}),
        ],
        tmp_path,
        ensembles=[toys.chain()],
    )
    assert [each.model for each in done] == ["first", "second", "chain"]
    assert [each.version for each in done] == [1, 1, 1]
    spec = specs_in(repo.read_config(tmp_path, "chain"))[1]
    assert spec.learned == {"a": 1, "b": [2]}, "how a file came to be is its own"

    done = publish_together(
        [toys.file("first", 3, a=2), toys.file("second", 20, b=[2])],
        tmp_path,
        ensembles=[toys.chain()],
    )
    # one new version of the ensemble, not one for each of its members
    assert [each.version for each in done] == [2, 2, 2]
    assert pins(tmp_path, "chain") == [("first", 2), ("second", 2)]
    assert rollback("chain", tmp_path).version == 1
    assert pins(tmp_path, "chain") == [("first", 1), ("second", 1)]
    specs = specs_in(repo.read_config(tmp_path, "chain"))
    assert [specs[version].learned["a"] for version in (1, 2)] == [1, 2]


def test_an_ensemble_that_is_there_follows_all_its_members_at_once(tmp_path, toys):
    toys.publish_chain(tmp_path)
    done = publish_together([toys.file("first", 3), toys.file("second", 5)], tmp_path)
    assert [(each.model, each.version) for each in done] == [
        ("first", 2),
        ("second", 2),
        ("chain", 2),
    ]
    assert pins(tmp_path, "chain") == [("first", 2), ("second", 2)]


def ended(tmp_path, work, number, *, before):
    """Give what is left in a repository by work that is ended at each of its steps."""
    made = iter(range(1000))

    def prepare():
        folder = tmp_path / str(next(made))
        shutil.copytree(before, folder / "repository", copy_function=os.link)
        return folder

    for folder in endings(
        prepare, lambda each: work(each / "repository"), number=number
    ):
        yield folder, contents(folder / "repository")


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("kind", ["model", "ensemble", "rollback"])
def test_every_moment_of_a_release_has_one_generation(tmp_path, toys, number, kind):
    before = tmp_path / "before"
    if kind == "ensemble":
        toys.publish_chain(before)
    else:
        toys.publish(before, "toy", 1)
        toys.publish(before, "toy", 2)
    (before / "README.md").write_text("not ours")
    first, second = toys.file("first", 3), toys.file("second", 5)
    toy = toys.file("toy", 3)

    def work(repository):
        if kind == "rollback":
            rollback("toy", repository)
        else:
            publish_together([toy] if kind == "model" else [first, second], repository)

    old = contents(before)
    states = [
        (folder, state)
        for folder, state in ended(tmp_path, work, number, before=before)
    ]
    new = states[-1][1]
    assert new != old
    assert new["README.md"] == b"not ours"
    assert [state for _, state in states if state not in (old, new)] == []
    assert old in [state for _, state in states]
    # what was left there does not stand in the way of the next
    for folder, _ in states[:: len(states) // 3]:
        toys.publish(folder / "repository", "toy", 7)
        assert {path.name for path in folder.iterdir()} == {"repository"}


def test_members_of_different_values_are_not_joined(tmp_path, toys):
    with pytest.raises(BadInput, match="'sigma' is 2 in 'second' and 1 in another"):
        publish_together(
            [toys.file("first", 2, sigma=1), toys.file("second", 10, sigma=2)],
            tmp_path,
            ensembles=[toys.chain()],
        )
    assert files(tmp_path) == []


def test_an_ensemble_needs_its_members_first(tmp_path, toys):
    alone = Ensemble(toys.spec("chain"), (Step("first", {"x": "x"}, {"y": "y"}),))
    with pytest.raises(BadInput, match="needs the model 'first', which is not in the"):
        publish_together([], tmp_path, ensembles=[alone])


def test_nothing_is_written_where_an_ensemble_breaks_a_rule(tmp_path, toys):
    broken = Ensemble(toys.spec("chain"), (Step("first", {"x": "x"}, {"y": "z"}),))
    with pytest.raises(BadInput, match="no step gives the output 'y'"):
        publish_together([toys.file("first", 2)], tmp_path, ensembles=[broken])
    assert files(tmp_path) == []


def test_an_unknown_model_lists_the_known_ones(tmp_path, toys):
    toys.publish(tmp_path, "toy", 2)
    with pytest.raises(BadInput, match="has no model 'morpheus'; it has: toy"):
        rollback("morpheus", tmp_path)
