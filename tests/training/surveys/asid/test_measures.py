"""What an evaluation of the source detector says in JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amphitrite.surveys.asid.page import MODEL
from amphitrite.triton.spec import Member
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.tables import tables

BIN = int(np.searchsorted(PAPER_FLUX_EDGES, 2e-9)) - 1
LEARNED = {
    "fake_thresholds": {"11111": 0.3}, "flux_sigma_95": 2.0,
    "radius_68": 1.5, "radius_95": 2.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def toy(result):
    # the first, the second, a duplicate of the first, one where nothing is, the plane's
    found = ((10, 40), (50, -30), (10, 40.1), (70, 60), (90, 5))
    return tables([result(found)], radius_degrees=0.3)


def test_numbers_are_strict_json(toy, described):
    """JSON knows no NaN, which the ceiling of an empty bin is."""
    evaluation = Evaluation(
        spec=MODEL.with_weights(
            digest="sha256:0",
            learned=LEARNED,
            members=(Member("asid_unet", 1, "sha256:1", "sha256:2"),),
        ),
        members={},
        version=1,
        skies=((3_000, "A"),),
        n_patches=1_100,
        tables={"A": toy},
        catalogues={"A": toy},
        described={"A": described(200)},
        results={},
    )
    again = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert again["simulated"] is True
    bins = again["tables"]["A"]["|b| > 20"]["bins"]
    assert bins[0]["ceiling"] is None
    assert bins[BIN]["ceiling"] == pytest.approx(2 / 3)
    assert bins[BIN]["completeness"]["hits"] == 2
    assert [each["flux"][0] for each in bins] == list(PAPER_FLUX_EDGES[:-1])
    assert again["catalogues"] == again["tables"]
    assert again["networks"]["A"]["classifier"]["threshold"] == 0.3
    assert "systematics" not in again
