"""Simulated streams have TianQin's spectrum, and signals as loud as asked for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import signal as windows

from amphitrite.surveys.emri.prepare.noise_curve import tianqin
from amphitrite.surveys.emri.prepare.whitening import (
    TAPER,
    signal_to_noise,
    whiten,
)
from amphitrite.surveys.emri.sampling import (
    LOWEST_HZ,
    N_SAMPLES,
    NYQUIST_HZ,
    SAMPLE_SECONDS,
)
from amphitrite_training.surveys.emri.simulate.inspirals import Population, draw
from amphitrite_training.surveys.emri.simulate.streams import (
    FADE,
    FLAT_BELOW_HZ,
    Placed,
    noise,
    signal,
    stream,
)

N = 320_000
HEAVY = Population(log_mass=(6, 6), early=0)


@pytest.fixture(scope="module")
def placed():
    """Return a signal that is well inside a stream."""
    return Placed(draw(np.random.default_rng(1), HEAVY), 20_000, 50.0)


@pytest.fixture(scope="module")
def quiet():
    """Return a stream of noise alone."""
    return stream(N, seed=3)


def densities(strain, window):
    """Return frequencies, density over the curve of each, and how many were averaged.

    Windows do not overlap; Hann's makes neighbouring frequencies alike, so that the
    mean of many scatters as if only 1/1.94 of them counted (Harris 1978, Proc. IEEE 66,
    51).
    """
    frequency, psd = windows.welch(
        strain, fs=1 / SAMPLE_SECONDS, nperseg=window, noverlap=0
    )
    return frequency[1:-1], psd[:, 1:-1], strain.size // window


def test_noise_becomes_white(quiet):
    """The variance of 640,000 values is known to 0.18 %; 4 sigma."""
    inner = whiten(quiet)[:, TAPER:-TAPER]
    assert inner.var() == pytest.approx(1 - LOWEST_HZ / NYQUIST_HZ, abs=0.007)
    # nor do the channels know each other
    assert abs(np.corrcoef(inner)[0, 1]) < 4 / np.sqrt(inner.shape[1])


def test_its_spectrum_is_the_curve(quiet):
    frequency, psd, n = densities(quiet, 8192)
    for low, high in pairwise([2e-4, 1e-3, 3e-3, 1e-2, NYQUIST_HZ]):
        band = (frequency >= low) & (frequency < high)
        ratio = (psd[:, band] / tianqin(frequency[band])).mean()
        assert ratio == pytest.approx(1, abs=4 * np.sqrt(1.94 / (n * band.sum())))


def test_the_spectrum_goes_on_below_the_band_and_becomes_flat():
    frequency, psd, n = densities(stream(2**21, seed=4), 2**18)
    for low, high, curve in (
        (2e-5, LOWEST_HZ, tianqin),
        (1e-6, 8e-6, lambda f: tianqin(np.full_like(f, FLAT_BELOW_HZ))),
    ):
        band = (frequency >= low) & (frequency < high)
        ratio = (psd[:, band] / curve(frequency[band])).mean()
        assert ratio == pytest.approx(1, abs=4 * np.sqrt(1.94 / (n * band.sum())))


def test_a_stream_does_not_end_where_it_began():
    """Steps between samples are a hundredth of what lies between both ends."""
    streams = np.concatenate([stream(20_000, seed=seed) for seed in range(8)])
    apart = streams[:, -1] - streams[:, 0]
    assert apart.std() > 0.5 * streams.std()
    assert np.diff(streams).std() < 0.05 * streams.std()


def test_a_signal_has_the_ratio_asked_for(placed, quiet):
    """Taken out of the noise again, and whitened by itself."""
    alone = stream(N, seed=3, placed=[placed]) - quiet
    found = np.sqrt((whiten(alone) ** 2).sum())
    assert found == pytest.approx(placed.ratio, rel=1e-3)
    assert signal_to_noise(alone) == pytest.approx(placed.ratio, rel=1e-3)


def test_the_distance_does_not_count(placed):
    far = replace(placed, inspiral=replace(placed.inspiral, distance=3.0))
    expected = signal(placed)
    np.testing.assert_allclose(
        signal(far), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )


def test_a_signal_sets_in_slowly_and_ends_with_its_plunge(placed, quiet):
    alone = stream(N, seed=3, placed=[placed]) - quiet
    # rounding in the far stronger noise
    assert np.abs(alone[:, : placed.first]).max() < 1e-12 * np.abs(quiet).max()
    assert np.abs(alone[:, placed.last :]).max() < 1e-12 * np.abs(quiet).max()
    inside = signal(placed)
    assert (inside[:, 0] == 0).all()
    loudness = [
        np.sqrt(np.mean(inside[:, first : first + 1440] ** 2))
        for first in (0, FADE // 2 - 720, FADE, N_SAMPLES - 1440)
    ]
    assert loudness[0] < 0.02 * loudness[2]
    # antennas turn meanwhile
    assert loudness[1] == pytest.approx(0.5 * loudness[2], rel=0.5)
    assert loudness[3] > loudness[2]


def test_signals_add_up(placed, quiet):
    louder = replace(placed, first=40_000, ratio=80.0)
    both = stream(N, seed=3, placed=[placed, louder])
    apart = [stream(N, seed=3, placed=[one]) - quiet for one in (placed, louder)]
    np.testing.assert_allclose(
        both - quiet, sum(apart), rtol=0, atol=1e-12 * np.abs(quiet).max()
    )


def test_the_same_seed_is_the_same_stream(placed):
    first, second = (stream(N, seed=6, placed=[placed]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(stream(1000, seed=6), stream(1000, seed=7))


@pytest.mark.parametrize("n", [1, 2, 9_999])
def test_a_stream_is_as_long_as_asked_for(n):
    assert noise(n, np.random.default_rng(1)).shape == (2, n)
    assert stream(n, seed=1).dtype == np.float64


@pytest.mark.parametrize("first", [-1, N - N_SAMPLES + 1])
def test_a_signal_beyond_an_end_is_refused(placed, first):
    with pytest.raises(ValueError, match="not inside a stream of 320,000"):
        stream(N, seed=1, placed=[replace(placed, first=first)])


def test_a_signal_may_end_with_the_stream(placed):
    ends = replace(placed, first=N - N_SAMPLES)
    alone = stream(N, seed=3, placed=[ends])
    assert alone.shape == (2, N)


def test_an_inspiral_that_cannot_be_followed_is_refused(placed):
    """An orbit that was slower than any that is followed 91 d before."""
    slow = replace(placed.inspiral, frequency=1e-6)
    with pytest.raises(ValueError, match="cannot be followed"):
        signal(replace(placed, inspiral=slow))
