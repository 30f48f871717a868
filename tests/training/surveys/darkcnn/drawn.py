"""An evaluation whose scores are drawn, without any map: many clusters in a moment."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.profiles import EDGES_KPC
from amphitrite.surveys.darkcnn.learned import Learned, logarithm
from amphitrite.surveys.darkcnn.page import CROSS_SECTIONS
from amphitrite_training.surveys.darkcnn import cases
from amphitrite_training.surveys.darkcnn.accuracy import Accuracy
from amphitrite_training.surveys.darkcnn.biases import Bias
from amphitrite_training.surveys.darkcnn.blind import TRUE, Blind
from amphitrite_training.surveys.darkcnn.coverage import (
    Coverage,
    true_cross_sections,
)
from amphitrite_training.surveys.darkcnn.data import TEST_IDS
from amphitrite_training.surveys.darkcnn.measures import Evaluation
from amphitrite_training.surveys.darkcnn.published import Published
from amphitrite_training.surveys.darkcnn.serving import Judged
from amphitrite_training.surveys.darkcnn.strangers import VARIANTS, Strangers
from amphitrite_training.surveys.darkcnn.systematics import OTHERS

from .rule import LIMIT, SCATTER, learned, served

LEARNED: Learned = learned()
_RADII = np.maximum(np.array(EDGES_KPC[:-1]), 10)
_CLASSES = logarithm(np.array(CROSS_SECTIONS))


def judged(rng, numbers, cross_sections, case, *, shift=0.0, far=0.05):
    """Return clusters whose scores scatter around their logarithm.

    Parameters
    ----------
    numbers, cross_sections : (n,) array
        What is true.
    case : Case
        How they are seen.
    shift : float
        By how much scores are too large.
    far : float
        Share of clusters that are unlike simulated ones.
    """
    true = np.asarray(cross_sections, float)
    n = len(true)
    scores = logarithm(true) + shift + rng.normal(0, SCATTER, n)
    logits = -0.5 * np.square((scores[:, None] - _CLASSES) / SCATTER)
    core = 40 * np.sqrt(1 + true)
    profiles = 1 / (1 + _RADII / core[:, None] * rng.uniform(0.7, 1.3, (n, 1)))
    present = np.tile(case.view.channels.astype(np.float32), (n, 1))
    known = np.tile([0.3, 14.5, 0.4, 0.1], (n, 1)).astype(np.float32)
    clusters = Clusters(
        name=np.full(n, "simulated"),
        label=np.full(n, "simulated"),
        place=np.zeros((n, 2), int),
        flags=np.full(n, "relative" if case.relative else ""),
        present=present,
        attributes=known,
        attributes_present=np.ones((n, 4), np.float32),
        mass=np.full(n, np.nan),
        noise=np.full(n, case.pixel_noise),
        profile=profiles,
        probabilities=softmax(logits, axis=1),
        score=scores,
        distance=np.where(rng.random(n) < far, LIMIT + 1, LIMIT - 1),
    )
    return Judged(np.asarray(numbers, int), true, clusters)


def of_classes(rng, case, n_ids=1_200, **more):
    """Return clusters of the three classes, as many ids as stated."""
    numbers = np.repeat(TEST_IDS + np.arange(n_ids), 3)
    return judged(rng, numbers, np.tile(CROSS_SECTIONS, n_ids), case, **more)


def of_one(rng, case, n, true=TRUE, **more):
    """Return clusters of one cross-section."""
    return judged(rng, np.arange(n), np.full(n, true), case, **more)


def covered(rng, case, n=100, n_each=20, **more):
    """Return the coverage of samples of drawn clusters."""
    true = np.repeat(true_cross_sections(n), n_each)
    numbers = np.arange(len(true))
    some = judged(rng, numbers, true, case, **more)
    return Coverage.of(case, some, n_each, LEARNED)


def published(rng):
    """Return six published maps."""
    some = judged(
        rng, range(6), np.repeat(CROSS_SECTIONS, 2), cases.RELATIVE_ALONE, far=0.5
    )
    return Published(
        some.cross_section,
        some.clusters,
        rng.uniform(0.01, 1, (6, 100, 100)).astype(np.float32),
        LIMIT,
        5,
    )


def evaluation():
    """Return an evaluation of drawn clusters."""
    rng = np.random.default_rng(4)
    n_ids = {case: 1_200 if case == cases.CLEAR else 60 for case in cases.CASES}
    accuracies = [
        Accuracy.of(case, of_classes(rng, case, n_ids[case]), LEARNED)
        for case in cases.CASES
    ]
    known = {each.case: each.judged for each in accuracies}
    usual = of_one(rng, cases.CLEAR, 50)
    model = served()
    return Evaluation(
        spec=model.spec,
        version=model.version,
        first_id=TEST_IDS,
        accuracies=accuracies,
        coverages=[covered(rng, case) for case in cases.COVERED],
        blind=[
            Blind.of(case, of_one(rng, case, n), known[case], LEARNED)
            for case in cases.BLIND
            for n in (100, 1_000)
        ],
        biases=[
            Bias.of(name, usual, of_one(rng, cases.CLEAR, 50, shift=-0.1), LEARNED)
            for name in list(OTHERS)[:2]
        ],
        bias_case=cases.CLEAR,
        n_bias=50,
        strangers=[
            Strangers.of(name, case, of_classes(rng, case, 20, far=0.8), LEARNED)
            for name in VARIANTS
            for case in (cases.CLEAR, cases.CLEAR_ALONE)
        ],
        published=published(rng),
    )
