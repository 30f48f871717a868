"""Which models a server serves, and what they ask of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.server.selfcheck import write_model
from amphitrite.server.served import choose, instances
from amphitrite.triton.plain_models import read_model

STEP = """step {{ model_name: "{member}" model_version: -1
  input_map {{ key: "x" value: "x" }} output_map {{ key: "y" value: "y" }} }}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three models, an ensemble of two of them, and an ensemble of that."""
    for name in ("one", "two", "three"):
        write_model(tmp_path / name)
    for name, members in {"chain": ["one", "two"], "longer": ["chain"]}.items():
        (tmp_path / name / "1").mkdir(parents=True)
        steps = "".join(STEP.format(member=member) for member in members)
        (tmp_path / name / "config.pbtxt").write_text(
            f'name: "{name}"\nplatform: "ensemble"\nmax_batch_size: 4\n'
            'input { name: "x" data_type: TYPE_FP32 dims: 5 }\n'
            'output { name: "y" data_type: TYPE_FP32 dims: 5 }\n'
            f"ensemble_scheduling {{ {steps} }}\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        (["three"], ["three"]),
        (["chain"], ["one", "two", "chain"]),
        (["longer", "three"], ["one", "three", "two", "chain", "longer"]),
        (["two", "two", "chain"], ["one", "two", "chain"]),
        (None, ["one", "three", "two", "chain", "longer"]),
        ([], []),
    ],
)
def test_members_come_along(
    repository: Path, asked: list[str] | None, served: list[str]
) -> None:
    assert [model.name for model in choose(repository, asked)] == served


def test_an_unknown_model_is_refused(repository: Path) -> None:
    with pytest.raises(BadInput, match=r"no model 'four'; it has chain, longer, one"):
        choose(repository, ["four"])


def test_a_missing_member_is_refused(repository: Path) -> None:
    (repository / "two").rename(repository / ".gone")
    with pytest.raises(BadInput, match="no model 'two', which 'chain' needs"):
        choose(repository, ["longer"])


def test_a_missing_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no model repository at"):
        choose(tmp_path / "none", None)


def test_counts_the_processes_of_a_model(repository: Path) -> None:
    config = repository / "one/config.pbtxt"
    text = config.read_text()
    assert "count: 1" in text
    (repository / "one/configs").mkdir()
    three = text.replace("count: 1", "count: 3")
    (repository / "one/configs/gpu.pbtxt").write_text(three)
    config.write_text(text.replace("count: 1", "count: 2"))
    model = read_model(repository / "one")
    assert instances(model, gpu=False) == 2
    assert instances(model, gpu=True) == 3
    assert instances(read_model(repository / "two"), gpu=True) == 1
    assert instances(read_model(repository / "chain"), gpu=False) == 0
