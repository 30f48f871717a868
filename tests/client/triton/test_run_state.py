"""Servers agree on version, weights and what was learned, or do not serve a run."""

from dataclasses import replace

import pytest
from scripted_servers import SPEC, Scripted

from amphitrite.errors import SpecMismatch
from amphitrite.triton.run_state import agreed, check_agrees
from amphitrite.triton.served import ServedModel


def served(url, digest="sha256:a", *, max_batch=8, version=1, verified=True):
    spec = SPEC.with_weights(digest=digest)
    return ServedModel(Scripted(url), spec, version, max_batch, verified)


ALL = Scripted("a:1,b:2")


def test_most_servers_decide_and_the_first_of_equally_many():
    one, two, three = served("a:1", "x"), served("b:2", "y"), served("c:3", "y")
    assert agreed([one, two, three], ALL).spec.digest == "y"
    assert agreed([one, two], ALL).spec.digest == "x"
    assert agreed([one], ALL).server is ALL


def test_the_smallest_batch_fits_all_that_agree():
    models = [
        served("a:1", max_batch=8),
        served("b:2", max_batch=4),
        served("c:3", "x", max_batch=1),
    ]
    run = agreed(models, ALL)
    assert run.max_batch == 4
    for model in models[:2]:
        check_agrees(model, run)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (served("b:2", "sha256:b"), "weights sha256:b"),
        (served("b:2", version=2), "version 2"),
        (served("b:2", verified=False), "not verified"),
        (served("b:2", max_batch=2), "takes 2 rows"),
    ],
)
def test_whatever_differs_is_named(other, said):
    run = replace(served("a:1"), server=ALL)
    check_agrees(served("b:2"), run)
    with pytest.raises(SpecMismatch, match=rf"b:2 .*{said}"):
        check_agrees(other, run)
