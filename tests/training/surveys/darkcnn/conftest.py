"""A few simulated clusters."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from amphitrite.engine import workers
from amphitrite_training.surveys.darkcnn.evaluate import Sizes, evaluate
from amphitrite_training.surveys.darkcnn.published import VARIABLE
from amphitrite_training.surveys.darkcnn.recipe import Recipe
from amphitrite_training.surveys.darkcnn.simulate.clusters import clusters

from . import drawn, rule

FEW = Sizes(n_ids=4, n_truths=3, n_each=2, n_blind=(2, 3), n_bias=3, n_strangers=2)
SMALL = Recipe(
    width=0.1,
    pixels=50,
    batch_size=4,
    n_ids=4,
    n_validation_ids=2,
    n_calibration_ids=6,
    n_systematic_ids=2,
)


@pytest.fixture(scope="session")
def small():
    """Return the recipe of a network that is trained in a moment."""
    return SMALL


@pytest.fixture(scope="session")
def some(cache):
    """Return four ids with the three classes and a random cross-section."""
    return clusters(7_000_000, 4, n_random=1)


@pytest.fixture(scope="session")
def measured(cache):
    """Evaluate a few clusters with the rule in the place of a served network.

    Returns the evaluation, and the lengths of the bars of progress.
    """
    bars = {}

    @contextmanager
    def progress(what, total):
        done = []
        yield done.append
        bars[what] = (total, sum(done))

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        in_this_process = workers.pool(0)
        patch.setattr(workers, "pool", lambda n: in_this_process)
        found = evaluate(rule.Connection(), progress=progress, sizes=FEW)
    return found, bars


@pytest.fixture(scope="session")
def evaluated():
    """Return an evaluation whose scores and distances are drawn."""
    return drawn.evaluation()


@pytest.fixture(scope="session")
def figures(evaluated):
    """Return the pictures of the drawn evaluation."""
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    from amphitrite_training.surveys.darkcnn.pictures import pictures

    return pictures(evaluated)
