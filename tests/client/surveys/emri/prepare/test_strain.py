"""Files become one stream, and a stream the stretches between its long gaps."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.strain import (
    MOST_MISSING,
    Strain,
    join,
    stretches,
)
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS


def strain(n, *, start=0.0, zero="", name="a.h5"):
    """Return strain whose samples are their own numbers, II the negative of I."""
    first = round(start / SAMPLE_SECONDS)
    numbers = np.arange(first, first + n, dtype=float)
    return Strain(np.stack([numbers, -numbers]), start, zero, name)


def test_files_in_any_order_are_one_stream():
    first, second = strain(10), strain(5, start=12 * SAMPLE_SECONDS, name="b.h5")
    joined = join([second, first])
    assert joined.start == 0
    assert joined.n == 17
    assert joined.end == 17 * SAMPLE_SECONDS
    np.testing.assert_array_equal(joined.values[0, :10], np.arange(10))
    assert np.isnan(joined.values[:, 10:12]).all()
    np.testing.assert_array_equal(joined.values[1, 12:], -np.arange(12, 17))


def test_times_may_be_rounded():
    joined = join([strain(10), strain(5, start=10 * SAMPLE_SECONDS + 0.1, name="b")])
    assert joined.n == 15


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"start": 9 * SAMPLE_SECONDS}, "a.h5 and b.h5 overlap: .* ends at 300 s"),
        ({"start": 10.5 * SAMPLE_SECONDS}, "b.h5 begins 315 s after a.h5, which is no"),
        (
            {"start": 10 * SAMPLE_SECONDS, "zero": "1980-01-06T00:00:00"},
            r"different zero points \(not stated and 1980-01-06T00:00:00\)",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(other, said):
    with pytest.raises(BadInput, match=said):
        join([strain(10), strain(5, name="b.h5", **other)])


def test_a_short_gap_is_bridged_by_a_line():
    whole = strain(N_SAMPLES + 100)
    whole.values[0, 50:60] = np.nan
    whole.values[1, 58:70] = np.inf
    (found,) = stretches(whole)
    np.testing.assert_array_equal(np.flatnonzero(found.missing), np.arange(50, 70))
    np.testing.assert_allclose(found.values[0], np.arange(N_SAMPLES + 100))
    assert found.start == 0


def test_a_long_gap_parts_the_stream():
    whole = strain(2 * N_SAMPLES + MOST_MISSING + 1)
    whole.values[:, N_SAMPLES : N_SAMPLES + MOST_MISSING] = np.nan
    assert len(stretches(whole)) == 1
    whole.values[:, N_SAMPLES + MOST_MISSING] = np.nan
    one, two = stretches(whole)
    assert one.values.shape == two.values.shape == (2, N_SAMPLES)
    assert two.start == (N_SAMPLES + MOST_MISSING + 1) * SAMPLE_SECONDS
    assert not one.missing.any()


def test_missing_ends_are_cut_off():
    whole = strain(N_SAMPLES + 20)
    whole.values[0, :7] = np.nan
    whole.values[1, -5:] = np.nan
    (found,) = stretches(whole)
    assert found.values.shape[1] == N_SAMPLES + 8
    assert found.start == 7 * SAMPLE_SECONDS


@pytest.mark.parametrize("lost", [slice(None), slice(1000, 1000 + MOST_MISSING + 1)])
def test_no_stretch_of_a_segment_is_refused(lost):
    short = strain(N_SAMPLES)
    short.values[0, lost] = np.nan
    with pytest.raises(BadInput, match=r"no stretch of 91\.02 d, .* the longest has"):
        stretches(short)
