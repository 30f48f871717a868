"""The catalogue of clusters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from amphitrite.files import catalogues
from amphitrite.surveys.darkcnn.catalogue import COLUMNS, FLAGS, interpret
from amphitrite.surveys.darkcnn.interpret.judgement import judged
from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite.surveys.darkcnn.prepare import tensors


def test_columns_have_names_units_ucds_and_words():
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    for column in COLUMNS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        units.Unit(column.unit, format="fits")
        assert check_ucd(column.ucd, check_controlled_vocabulary=True), column
        assert column.description[0].isupper()
        assert not column.description.endswith(".")
        if column.dtype != "str":
            assert np.dtype(column.dtype).name == column.dtype


def test_every_flag_of_the_preparation_has_a_meaning():
    said = {"redshift_outside", "relative", "coarse", "gaps", "off_centre"}
    assert {getattr(tensors, name.upper()) for name in said} == said
    assert set(FLAGS) == said | {"out_of_domain", "uncalibrated"}


def test_rows_say_what_is_known(judged_clusters, learned):
    scores = logarithm(np.array([0.2, 0.2, 1.0]))
    clusters = judged_clusters(
        scores,
        probabilities=np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.1, 0.8]]),
        flags=np.array(["", "coarse,gaps", "relative"]),
        distance=np.array([1.0, 9.0, 1.0]),
    )
    columns = interpret(clusters, judged(clusters, learned), learned)
    table = catalogues.table(COLUMNS, columns)
    assert table["flags"].tolist() == [
        "",
        "out_of_domain,coarse,gaps",
        "uncalibrated,relative",
    ]
    assert table["in_sample"].tolist() == [True, False, False]
    np.testing.assert_allclose(table["entropy"], [0, np.log(3), 0.639], atol=0.001)
    assert np.isnan(table["sigma_m"]).tolist() == [False, False, True]
    assert table["sigma_m"].unit == "cm2 / g"
    # broad: 0.25 dex in the score of one cluster
    assert table["sigma_m"][0].value == pytest.approx(0.2, abs=0.1)
    assert table["z"].tolist() == pytest.approx([0.3] * 3)
    assert np.isnan(table["xray_concentration"]).all()
    assert table["bcg_ellipticity"][0] == pytest.approx(0.2)
    assert table["kind"].tolist() == ["total", "total", "relative total"]
    # the regression knows nothing here, and is not asked of a relative map
    np.testing.assert_allclose(table["p_floor_cdm"], [1 / 3, 1 / 3, np.nan], rtol=1e-6)
    assert table["p_sidm0_1"][2] == pytest.approx(0.1)
