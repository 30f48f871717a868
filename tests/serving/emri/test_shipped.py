"""The shipped weights, on simulated strain that they never saw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys.emri.learned import Learned
from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.page import MODEL, STATISTIC, STRAIN
from amphitrite.surveys.emri.run import run
from amphitrite.triton.connection import Connection
from amphitrite_training.surveys.emri.data import TEST_SIGNALS
from amphitrite_training.surveys.emri.demo import compare, signals
from amphitrite_training.surveys.emri.recipe import MOST_SIGNALS
from amphitrite_training.surveys.emri.simulate.files import truth, write_stream
from amphitrite_training.surveys.emri.simulate.signals import add, signal, white
from amphitrite_training.surveys.emri.simulate.streams import stream

pytestmark = pytest.mark.triton

# Behind the signals of the model's card.
FIRST_SEED = TEST_SIGNALS + MOST_SIGNALS


@pytest.fixture(scope="module")
def shipped(server_environment: ServerEnvironment) -> Iterator[Connection]:
    with (
        LocalTriton(
            checkout_repository(), [MODEL.name], environment=server_environment
        ) as server,
        Connection(server.grpc_url) as connection,
    ):
        yield connection


def statistics(shipped: Connection, strain: list[np.ndarray]) -> np.ndarray:
    answers = [
        shipped.model(MODEL).infer({STRAIN: each[None]}, (STATISTIC,))[STATISTIC]
        for each in strain
    ]
    return np.concatenate(answers)[:, 0]


def noise(seed: int) -> np.ndarray:
    return white(np.random.default_rng([FIRST_SEED, seed]), ramped=seed % 2 == 0)


def test_loud_signals_stand_out_of_the_noise(shipped: Connection):
    threshold = Learned.of(shipped.model(MODEL).spec).noise.threshold(0.01)
    alone = statistics(shipped, [noise(seed) for seed in range(60)])
    # of 60 segments, 1 % exceed the threshold: 5 or more with a probability of 4e-4
    assert (alone > threshold).sum() < 5
    with_signals = [
        add(noise(seed), signal(np.random.default_rng(FIRST_SEED + seed))[1], 70.0)
        for seed in range(20)
    ]
    # the card has nearly all of them; of 20, two may be missed by chance
    assert (statistics(shipped, with_signals) > threshold).sum() >= 18


def test_the_level_of_the_noise_does_not_matter(shipped: Connection):
    """Each map is divided by its own spectrum; rounding alone is left."""
    strain = noise(1)
    one, louder = statistics(shipped, [strain, np.float32(1.7) * strain])
    assert louder == pytest.approx(one, abs=1e-3)


@pytest.mark.slow
def test_the_demos_inspirals_are_found_and_nothing_else(
    shipped: Connection, tmp_path: Path
):
    placed = signals(FIRST_SEED)
    strain = stream(2_105_280, seed=FIRST_SEED, placed=placed)
    write_stream(tmp_path / "strain.h5", strain, 0.0)
    found = run(
        [tmp_path / "strain.h5"],
        nullcontext(shipped),
        tmp_path / "triggers.ecsv",
        Options(),
    )
    counted = compare(found.table, truth(placed, 0.0))
    assert counted["false_alarms"] == 0
    # the faintest has a signal-to-noise ratio of 45, of which some are missed
    assert counted["found"] >= 2
