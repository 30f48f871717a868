"""The table of the sample says what it is worth."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from amphitrite.files import catalogues
from amphitrite.surveys.darkcnn.interpret.judgement import judged
from amphitrite.surveys.darkcnn.interpret.sample_table import COLUMNS, cards, columns
from amphitrite.surveys.darkcnn.learned import logarithm


def test_columns_have_units_ucds_and_words():
    for column in COLUMNS:
        units.Unit(column.unit, format="fits")
        assert check_ucd(column.ucd, check_controlled_vocabulary=True), column
        assert column.description[0].isupper()
        assert not column.description.endswith(".")


def test_the_estimate_the_product_and_the_systematics(judged_clusters, learned):
    scores = np.random.default_rng(1).normal(logarithm(0.3), 0.25, 200)
    clusters = judged_clusters(scores, distance=np.r_[np.ones(190), np.full(10, 9.0)])
    judgement = judged(clusters, learned)
    table = catalogues.table(COLUMNS, columns(judgement))
    assert table["quantity"].tolist() == [
        "calibrated",
        "product_of_probabilities",
        "systematic: age 7.5 Gyr",
    ]
    best, product, age = table
    assert best["cross_section"].unit == "cm2 / g"
    assert best["lower_95"] < best["lower"] < best["cross_section"] < best["upper"]
    assert best["lower_95"].value <= 0.3 <= best["upper_95"].value
    assert best["note"].endswith("Left out: 10 out of the domain, 0 uncalibrated")
    assert product["note"].startswith("overconfident")
    assert product["cross_section"].value == pytest.approx(1)
    assert age["cross_section"].value < 0
    assert np.isnan(age["lower"])
    assert set(table["n_clusters"]) == {190}
    found = cards(judgement)
    assert (found["NSAMPLE"], found["NDOMAIN"], found["NUNCALIB"]) == (190, 10, 0)
    assert found["SIGMA_M"] == pytest.approx(best["cross_section"].value, abs=1e-4)
    assert found["SIGLO68"] < found["SIGMA_M"] < found["SIGHI68"] < found["SIGHI95"]


def test_no_cross_section_stands_in_a_header_without_one(judged_clusters, learned):
    judgement = judged(judged_clusters([0.0], distance=np.array([9.0])), learned)
    assert cards(judgement) == {"NSAMPLE": 0, "NDOMAIN": 1, "NUNCALIB": 0}
    values = columns(judgement)
    assert np.isnan(values["cross_section"]).all()
    assert (values["n_clusters"] == 0).all()
