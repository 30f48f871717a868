"""Segments cover a stretch, and gaps do little harm in them."""

from __future__ import annotations

import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.prepare.segments import (
    AROUND_GAP,
    segments,
    starts,
    whitened,
    window,
)
from amphitrite.surveys.emri.prepare.strain import Strain, Stretch, stretches
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS


@pytest.fixture(scope="module")
def stream():
    """Return noise of TianQin, cut from a stream four times as long."""
    noise = red_noise(3, 4 * N_SAMPLES)
    return Strain(noise[:, N_SAMPLES : N_SAMPLES * 2 + 5000], 60.0, "", "noise")


@pytest.mark.parametrize(
    ("gap", "sigma"), [(1, 0.1), (10, 0.1), (120, 0.1), (2880, 0.5)]
)
def test_a_gap_harms_little_more_than_its_samples(stream, gap, sigma):
    """Beside it, whitened strain is nearly what it would be.

    What it is off has less energy than a signal of signal-to-noise ratio 6, in noise
    whose energy scatters as if by one of 32.
    """
    (whole,) = stretches(stream)
    clean = whitened(whole, tianqin)
    values = stream.values.copy()
    first, last = 100_000, 100_000 + gap
    values[0, first:last] = np.nan
    (holed,) = stretches(Strain(values, stream.start, "", "holed"))
    found = whitened(holed, tianqin)
    assert (found[:, first:last] == 0).all()
    away = np.ones(found.shape[1], bool)
    away[first - 3 * AROUND_GAP : last + 3 * AROUND_GAP] = False
    wrong = (found - clean)[:, away]
    assert np.abs(wrong).max() < sigma
    assert np.sum(wrong.astype(float) ** 2) < 36
    near = found[:, first - 3 * AROUND_GAP : last + 3 * AROUND_GAP]
    assert np.abs(near).max() < 6


def test_the_window_falls_to_zero_at_a_gap():
    missing = np.zeros(60, bool)
    missing[[30, 31, 40]] = True
    weights = window(missing)
    assert (weights[[30, 31, 40]] == 0).all()
    assert (weights[: 30 - AROUND_GAP] == 1).all()
    assert (weights[40 + AROUND_GAP :] == 1).all()
    assert (np.diff(weights[20:31]) <= 0).all()
    assert 0 < weights[35] < 1
    assert (window(np.zeros(5, bool)) == 1).all()


@pytest.mark.parametrize(
    ("n", "overlap", "expected"),
    [
        (N_SAMPLES, 0.5, [0]),
        (N_SAMPLES + 1, 0.5, [0, 1]),
        (2 * N_SAMPLES, 0.0, [0, N_SAMPLES]),
        (2 * N_SAMPLES, 0.5, [0, N_SAMPLES // 2, N_SAMPLES]),
        (2 * N_SAMPLES + 4, 0.5, [0, 87_383, 174_765, 262_148]),
    ],
)
def test_segments_overlap_as_asked_at_least(n, overlap, expected):
    assert starts(n, overlap) == expected


def test_segments_are_pieces_of_the_stretch(stream):
    (stretch,) = stretches(stream)
    stretch.missing[10] = True
    strain = np.arange(2 * stretch.values.shape[1], dtype=np.float32).reshape(2, -1)
    first, last = segments(stretch, strain, [0, 5000])
    assert first.start == 60
    assert last.start == 60 + 5000 * SAMPLE_SECONDS
    assert (first.missing, last.missing) == (1 / N_SAMPLES, 0)
    np.testing.assert_array_equal(last.strain, strain[:, 5000:])
    assert last.strain.base is not None


def test_white_strain_stays_as_it_is():
    values = np.random.default_rng(1).standard_normal((2, N_SAMPLES))
    stretch = Stretch(values, np.zeros(N_SAMPLES, bool), 0.0)
    np.testing.assert_array_equal(whitened(stretch, None), values.astype(np.float32))
