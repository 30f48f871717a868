"""Noise curves are estimated, and strain of the wrong kind or unit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.noise_curve import SKY_AVERAGE, tianqin
from amphitrite.surveys.emri.prepare.spectrum import (
    check_level,
    check_red,
    check_white,
    estimated,
    level,
    slow_over_fast,
    spectrum,
)
from amphitrite.surveys.emri.prepare.whitening import TAPER, whiten
from amphitrite.surveys.emri.sampling import (
    LOWEST_HZ,
    N_SAMPLES,
    NYQUIST_HZ,
    SAMPLE_SECONDS,
)

N = 262_144


@pytest.fixture(scope="module")
def red():
    """Return noise of TianQin, cut from a stream four times as long."""
    noise = red_noise(3, 4 * N)
    return noise[:, N : 2 * N]


@pytest.fixture(scope="module")
def white():
    return np.random.default_rng(4).standard_normal((2, N))


def test_white_noise_of_variance_1_is_flat(white):
    frequency, psd = spectrum(white[0])
    assert frequency[0] < LOWEST_HZ
    assert frequency[-1] == pytest.approx(NYQUIST_HZ)
    # a median of 63 half-overlapping windows scatters by some 15 %, 4,000 bins by 0.3 %
    assert np.median(psd) * NYQUIST_HZ == pytest.approx(1, abs=0.03)


def test_an_estimated_curve_is_that_of_the_noise(red):
    frequency = np.geomspace(LOWEST_HZ, NYQUIST_HZ, 3000)
    ratio = estimated(red[0])(frequency) / tianqin(frequency)
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    for part in np.array_split(ratio, 10):
        assert np.median(part) == pytest.approx(1, abs=0.12)


def test_a_burst_changes_the_curve_little(red):
    """A line that is there for a tenth of the time, as loud as a signal of SNR 70."""
    time = np.arange(N) * SAMPLE_SECONDS
    line = np.sin(2 * np.pi * 3e-3 * time) * (np.arange(N) < N / 10)
    line *= 70 / np.sqrt(2 * SAMPLE_SECONDS * (line**2).sum())
    line *= np.sqrt(tianqin(np.array([3e-3])))
    near = np.array([3e-3])
    clean, found = estimated(red[0])(near), estimated(red[0] + line)(near)
    assert found[0] / clean[0] == pytest.approx(1, abs=0.3)


def test_strain_that_is_white_already_is_not_whitened_again(red, white):
    check_red(red, "a.h5")
    assert slow_over_fast(red) > 1e4
    with pytest.raises(BadInput, match=r"a\.h5: the strain has .* Give --whitened"):
        check_red(white, "a.h5")
    with pytest.raises(BadInput, match="so that it is not whitened twice"):
        check_red(whiten(red), "a.h5")
    with pytest.raises(BadInput, match="seems to be whitened"):
        check_red(np.stack([red[0], white[1]]), "a.h5")


def test_strain_that_is_called_white_must_be_flat(red, white):
    check_white(white, "a.h5")
    check_white(whiten(red), "a.h5")
    with pytest.raises(BadInput, match=r"is not white: .* leave --whitened out"):
        check_white(red, "a.h5")


def test_the_level_of_whitened_noise_is_1(red, white):
    found = level(whiten(red)[:, TAPER:-TAPER])
    np.testing.assert_allclose(found, 1, atol=0.03)
    np.testing.assert_allclose(level(white * [[3], [0.5]]), [3, 0.5], rtol=0.03)
    check_level(found, "a.h5")


def test_the_level_is_known_to_a_percent_from_three_months_on():
    """The median over a million powers: 4 sigma of each channel are 0.9 %."""
    noise = np.random.default_rng(3).standard_normal((2, N_SAMPLES), dtype=np.float32)
    np.testing.assert_allclose(level(noise), 1, atol=0.009)
    loud = noise.copy()
    loud[:, : N_SAMPLES // 50] *= 100
    np.testing.assert_allclose(level(loud), 1, atol=0.03)


@pytest.mark.parametrize("factor", [1e20, 1e-3, 1 / np.sqrt(SKY_AVERAGE)])
def test_another_unit_is_refused_with_its_factor(white, factor):
    levels = level(white * [[1], [factor]])
    with pytest.raises(BadInput, match="noise of channel II has an amplitude of") as e:
        check_level(levels, "a.h5")
    assert f"Divide the strain by {levels[1]:.3g}" in str(e.value)
    assert levels[1] == pytest.approx(factor, rel=0.03)
