"""Segments cover a stretch, and gaps do little harm in them."""

from __future__ import annotations

import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.prepare.segments import (
    AROUND_GAP,
    MOST_SAMPLES,
    block_at,
    blocks,
    cut,
    starts,
    whitened,
    window,
)
from amphitrite.surveys.emri.prepare.strain import Strain, Stretch, stretches
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS

TIANQIN = (tianqin, tianqin)


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
    clean = whitened(whole, TIANQIN)
    values = stream.values.copy()
    first, last = 100_000, 100_000 + gap
    values[0, first:last] = np.nan
    (holed,) = stretches(Strain(values, stream.start, "", "holed"))
    found = whitened(holed, TIANQIN)
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
        (2 * N_SAMPLES + 4, 0.5, [0, 87_383, 174_766, 262_148]),
    ],
)
def test_segments_overlap_as_asked_at_least(n, overlap, expected):
    assert starts(n, overlap) == expected


@pytest.mark.parametrize(
    ("firsts", "shares"),
    [([5], True), ([0, 7, 14], True), ([0, 7, 15], False), ([3, 4], True)],
)
def test_segments_at_even_steps_are_cut_without_a_copy(firsts, shares):
    strain = np.random.default_rng(4).random((2, N_SAMPLES + 15), dtype=np.float32)
    found = cut(strain, firsts)
    expected = [strain[:, first : first + N_SAMPLES] for first in firsts]
    np.testing.assert_array_equal(found, np.stack(expected))
    assert np.shares_memory(found, strain) == shares


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9])
def test_blocks_hold_every_segment_once(overlap):
    n = 9 * N_SAMPLES + 777
    values = np.tile(np.arange(n, dtype=float), (2, 1))
    stretch = Stretch(values, np.zeros(n, bool), 90.0)
    stretch.missing[0] = stretch.missing[-N_SAMPLES // 4 :] = True
    found = list(blocks(stretch, overlap))
    begin = np.concatenate([block.starts for block in found])
    expected = starts(n, overlap)
    np.testing.assert_allclose(begin, 90 + SAMPLE_SECONDS * np.array(expected))
    for block in found:
        strain = block.stretch.values
        assert strain.shape[1] < MOST_SAMPLES * 1.05  # with what is around
        for first, start in zip(block.firsts, block.starts, strict=True):
            assert first + N_SAMPLES <= strain.shape[1]
            assert strain[0, first] * SAMPLE_SECONDS == start - 90
    assert found[0].missing[0] == 1 / N_SAMPLES
    assert found[-1].missing[-1] == 0.25
    assert len(found) > 1


def test_a_segment_is_the_same_in_every_block(stream):
    """Beside the ends of the stream, whitening knows no blocks.

    What is left of the strain outside a block is far less than its noise: a tenth of a
    percent of its energy, and a few percent at the ends.
    """
    values = red_noise(5, 4 * N_SAMPLES)
    n = 3 * N_SAMPLES
    stretch = Stretch(values[:, :n], np.zeros(n, bool), 0.0)
    whole = whitened(stretch, TIANQIN)
    first = N_SAMPLES // 2 + 11
    block = block_at([stretch], first * SAMPLE_SECONDS)
    (at,) = block.firsts
    alone = whitened(block.stretch, TIANQIN)[:, at : at + N_SAMPLES]
    wrong = alone - whole[:, first : first + N_SAMPLES]
    assert np.mean(wrong**2) < 1e-3
    assert np.abs(wrong).max() < 0.5


def test_the_block_of_a_segment_is_of_its_own_stretch():
    parts = [
        Stretch(np.full((2, n), value), np.zeros(n, bool), start)
        for n, value, start in (
            (N_SAMPLES, 1.0, 0.0),
            (N_SAMPLES + 100, 2.0, 1e7),
            (N_SAMPLES, 3.0, 3e7),
        )
    ]
    block = block_at(parts, 1e7 + 50 * SAMPLE_SECONDS)
    assert block.stretch.values[0, 0] == 2
    assert (block.firsts, block.starts) == ((50,), [1e7 + 50 * SAMPLE_SECONDS])
    assert block_at(parts, 3e7).stretch.values[0, 0] == 3


def test_white_strain_stays_as_it_is():
    values = np.random.default_rng(1).standard_normal((2, N_SAMPLES))
    stretch = Stretch(values, np.zeros(N_SAMPLES, bool), 0.0)
    np.testing.assert_array_equal(whitened(stretch, None), values.astype(np.float32))
