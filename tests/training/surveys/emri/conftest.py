"""A few simulated signals, and an evaluation whose numbers are drawn."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from amphitrite.surveys.emri.page import MODEL, TABLE_3
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri.departures import DEPARTURES
from amphitrite_training.surveys.emri.groups import SETTINGS, SINGLE_RATIOS
from amphitrite_training.surveys.emri.judging import Judged
from amphitrite_training.surveys.emri.measures import (
    Departed,
    Evaluation,
    Network,
    Point,
    Stream,
)
from amphitrite_training.surveys.emri.recipe import Recipe
from amphitrite_training.surveys.emri.simulate.augmented_agreement import (
    CASES,
    DAYS,
    Agreement,
)
from amphitrite_training.surveys.emri.simulate.signals import signals

_KNEES = {"emri": 25, "emri_table3": 80, "energy": 45, "band_share": 40, "boxes": 36}


@pytest.fixture(scope="session")
def some(cache):
    """Return six simulated signals."""
    return signals(7_000_000, 6)


@pytest.fixture(scope="session")
def drawn():
    """Return a function that draws statistics for signals of given loudness.

    They are normal variables of variance 1, around 0 for noise and 3 for signals at the
    knee of each statistic.
    """

    def draw(rng, ratios, shift=0.0):
        ratios = np.asarray(ratios, float)
        return Judged(
            ratios,
            {
                name: rng.standard_normal(len(ratios))
                + 3 * (ratios / knee) ** 2
                + shift
                for name, knee in _KNEES.items()
            },
        )

    return draw


@pytest.fixture(scope="session")
def evaluated(drawn):
    """Return an evaluation of drawn statistics, the networks' specs with it."""
    rng = np.random.default_rng(3)
    learned = {
        "recipe": asdict(Recipe()),
        "training": {
            "samples_seen": 83_200,
            "seconds": 3_600.0,
            "backend": "tensorflow",
            "trainable_parameters": 11_618,
        },
    }
    silent = np.zeros(1_000)
    half = N_SAMPLES // 2
    return Evaluation(
        networks={
            spec.name: Network(replace(spec, digest="sha256:12ab", learned=learned), 2)
            for spec in (MODEL, TABLE_3)
        },
        first_seed=3_000_000,
        noise=drawn(rng, np.zeros(20_000)),
        points=(
            *(Point(n, {}, drawn(rng, rng.uniform(50, 120, 500))) for n in (1, 2, 3)),
            *(
                Point(4, {"snr": ratio}, drawn(rng, np.full(400, ratio)))
                for ratio in SINGLE_RATIOS
            ),
            *(
                Point(each.group, each.at, drawn(rng, rng.uniform(5, 60, 50)))
                for each in SETTINGS
            ),
        ),
        left_out="",
        departed=tuple(
            Departed(
                name,
                drawn(rng, silent, shift=1.5 if "lines" in name else 0.0),
                drawn(rng, rng.uniform(50, 120, 100)),
            )
            for name in DEPARTURES
        ),
        stream=Stream(
            n_samples=(len(silent) + 1) * half,
            overlap=0.5,
            firsts=tuple(range(0, len(silent) * half, half)),
            judged=drawn(rng, silent),
        ),
        agreements=(
            Agreement(
                CASES[0],
                same_orbit=0.99987,
                overlap=dict(zip(DAYS, (0.991, 0.975, 0.432), strict=True)),
                cycles=dict(zip(DAYS, (0.0, -0.25, 13.5), strict=True)),
                radial=-3.2e-4,
            ),
        ),
    )


@pytest.fixture(scope="session")
def figures(evaluated):
    """Return the pictures of the evaluation."""
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    from amphitrite_training.surveys.emri.pictures import pictures

    return pictures(evaluated)
