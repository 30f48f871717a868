"""Killed runs of all surveys go on to the same rows: the benchmark, in short."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import kills

from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys import SURVEYS, asked
from amphitrite.triton.repository import find_repository

pytestmark = pytest.mark.triton

N_KILLS = 12


@pytest.fixture(scope="module")
def server(server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    models = [model for survey in SURVEYS for model in asked(survey)]
    with LocalTriton(
        find_repository(), models, environment=server_environment
    ) as server:
        yield server


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_runs_give_the_same_rows(server: LocalTriton, tmp_path: Path) -> None:
    found = kills.kills(
        tmp_path, server.grpc_url, n=N_KILLS, rng=random.Random(kills.SEED)
    )
    assert set(found) == set(SURVEYS)
    assert not [wrong for outcome in found.values() for wrong in outcome.wrong]
    assert sum(outcome.killed.total() for outcome in found.values()) == N_KILLS
    assert sum(outcome.killed["parts"] for outcome in found.values()) >= 1


def test_results_that_differ_are_told_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "sky.reg").write_text("circle")
    assert kills.same(one, other)
    (other / "sky.reg").write_text("Circle")
    assert not kills.same(one, other)
    (other / "sky.reg").rename(other / "field.reg")
    assert not kills.same(one, other)
    assert not kills.same(one / "sky.reg", other / "sky.reg")
