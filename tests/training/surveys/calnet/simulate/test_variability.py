"""Stars that are no eclipsing binaries."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.calnet.simulate import variability

TIME = np.arange(2000, 2027, 2 / 1440)
ALL = (
    *(variability.spots, variability.delta_scuti, variability.gamma_doradus),
    *(variability.rr_lyrae, variability.transit, variability.flares),
    *(variability.ellipsoidal, variability.trend),
)


def spectrum(flux):
    """Return frequencies (1/d) and amplitudes."""
    frequency = np.fft.rfftfreq(len(flux), TIME[1] - TIME[0])
    return frequency, np.abs(np.fft.rfft(flux - flux.mean())) * 2 / len(flux)


def draws(kind, n=40):
    return [kind(np.random.default_rng([6, i]), TIME) for i in range(n)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_each_kind_varies_reproducibly_and_not_absurdly(kind):
    for seed in range(25):
        flux = kind(np.random.default_rng(seed), TIME)
        assert flux.shape == TIME.shape
        assert np.isfinite(flux).all()
        assert np.ptp(flux) > 0
        assert flux.min() > -1
        again = kind(np.random.default_rng(seed), TIME)
        np.testing.assert_array_equal(flux, again)


def test_spots_have_their_amplitude_and_period():
    rng = np.random.default_rng(1)
    flux = variability.spots(rng, TIME, amplitude=0.02, period=2.0)
    assert np.ptp(flux) == pytest.approx(0.02, rel=1e-9)
    frequency, power = spectrum(flux)
    peak = frequency[power.argmax()]
    # resolution of 27 days, harmonics, and spots at other latitudes
    assert min(abs(peak - n * 0.5) for n in (1, 2)) < 0.08


def test_delta_scuti_stars_are_fast_and_gamma_doradus_stars_slow():
    for kind, low, high in (
        (variability.delta_scuti, 2.9, 75.1),
        (variability.gamma_doradus, 0.1, 8.5),
    ):
        for flux in draws(kind):
            frequency, power = spectrum(flux)
            assert low <= frequency[power.argmax()] <= high


def test_rr_lyrae_stars_rise_faster_than_they_fall():
    steep = [np.diff(flux) for flux in draws(variability.rr_lyrae)]
    assert np.median([up.max() / -up.min() for up in steep]) > 1.5
    amplitudes = [np.ptp(flux) for flux in draws(variability.rr_lyrae)]
    assert 0.1 < np.median(amplitudes) < 0.8


def test_transits_are_at_most_two_per_cent_deep():
    depths = [-flux.min() for flux in draws(variability.transit)]
    # the largest planet is 12.6 % of its star; limb darkening adds a quarter
    assert max(depths) < 0.126**2 * 1.3
    for flux in draws(variability.transit):
        assert np.median(flux) == pytest.approx(0, abs=1e-4)  # flat but for transits


def test_flares_only_brighten():
    for flux in draws(variability.flares):
        assert flux.min() >= 0


def test_ellipsoidal_variables_have_two_humps():
    for flux in draws(variability.ellipsoidal):
        frequency, power = spectrum(flux)
        main = power.argmax()
        half = np.abs(frequency - frequency[main] / 2) < 0.06
        assert power[half].max() < power[main]
