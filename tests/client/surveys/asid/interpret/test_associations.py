"""Counterparts of sources among known ones."""

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.surveys.asid.interpret import known_sources
from amphitrite.surveys.asid.prepare.patches import unit_vectors

# A radius of 99.9 % of a circular normal distribution over one of 95 %.
LARGER = 1.5186


def at(lon):
    lon = np.asarray(lon, float)
    return unit_vectors(lon, np.zeros(len(lon)))


def test_the_nearest_one_that_the_errors_allow_is_named(write):
    known = known_sources.read(write([10.0, 10.1, 50.0]))
    names, separation, classes = known.of(at([10.02, 10.09, 30.0]), np.full(3, 0.05))
    assert names.tolist() == ["4FGL J0000.0", "4FGL J0001.0", ""]
    np.testing.assert_allclose(separation, [0.02, 0.01, np.nan], atol=1e-6)
    assert classes.tolist() == ["psr", "psr", ""]
    assert known.title == "4FGL v30"


@pytest.mark.parametrize(("r95", "theirs"), [(0.03, 0.04), (0.05, 0.0)])
def test_the_limit_is_the_sum_of_both_errors_in_quadrature(write, r95, theirs):
    known = known_sources.read(write([0.0], r95=theirs))
    limit = LARGER * np.hypot(r95, theirs)
    names, _, _ = known.of(at([0.999 * limit, 1.001 * limit]), np.full(2, r95))
    assert names.tolist() == ["4FGL J0000.0", ""]


def test_each_source_has_its_own_limit(write):
    known = known_sources.read(write([0.0]))
    names, _, _ = known.of(at([0.2, 0.2]), np.array([0.02, 0.2]))
    assert names.tolist() == ["", "4FGL J0000.0"]


def test_what_is_extended_may_be_anywhere_in_it(write):
    sizes = fits.BinTableHDU.from_columns(
        [
            fits.Column("Source_Name", "17A", array=["Wide"]),
            fits.Column("Model_SemiMajor", "E", "deg", array=[1.0]),
        ],
        name="ExtendedSources",
    )
    path = write([0.0, 20.0], r95=np.nan, extended=["Wide", ""], more=[sizes])
    known = known_sources.read(path)
    assert known.extent.tolist() == [1.0, 0.0]
    names, _, _ = known.of(at([0.9, 20.9]), np.full(2, 0.05))
    assert names.tolist() == ["4FGL J0000.0", ""]


def test_no_source_has_no_counterpart(write):
    known = known_sources.read(write([0.0]))
    names, separation, classes = known.of(at([]), np.zeros(0))
    assert len(names) == len(separation) == len(classes) == 0
    nobody = known_sources.read(write([]))
    names, separation, _ = nobody.of(at([1.0]), np.array([0.1]))
    assert names.tolist() == [""]
    assert np.isnan(separation).all()
