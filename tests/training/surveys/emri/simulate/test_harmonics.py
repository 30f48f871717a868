"""The harmonics are those of a Kepler ellipse, and radiate its power."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.emri.simulate.harmonics import (
    amplitudes,
    exact,
    n_harmonics,
)


@pytest.mark.parametrize("e", [0.0, 0.1, 0.3, 0.5])
def test_their_power_is_that_of_peters_and_mathews(e):
    """Sum of g(n, e) = (1 + 73/24 e^2 + 37/96 e^4) / (1 - e^2)^(7/2)."""
    a, b, c = exact(np.array([e]), 60)[..., 0]
    n = np.arange(1, 61)
    power = (n**2 / 32 * (a**2 + b**2 + c**2 / 3)).sum()
    expected = (1 + 73 / 24 * e**2 + 37 / 96 * e**4) / (1 - e**2) ** 3.5
    assert power == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("e", [0.05, 0.3, 0.6])
def test_they_add_up_to_a_kepler_ellipse(e):
    """The second derivatives of x^2 and so on, along a numerical solution."""
    anomaly = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    eccentric = anomaly.copy()
    for _ in range(60):  # Newton's method on Kepler's equation
        eccentric -= (eccentric - e * np.sin(eccentric) - anomaly) / (
            1 - e * np.cos(eccentric)
        )
    x, y = np.cos(eccentric) - e, np.sqrt(1 - e**2) * np.sin(eccentric)
    frequency = np.fft.fftfreq(4096, 1 / 4096)

    def second(series):
        return np.fft.ifft(-(frequency**2) * np.fft.fft(series)).real

    n = np.arange(1, 61)[:, None]
    a, b, c = exact(np.array([e]), 60)
    cos, sin = np.cos(n * anomaly), np.sin(n * anomaly)
    # 60 harmonics at e = 0.6 leave out some 1e-6 of the amplitude
    near = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose((a * cos).sum(0), second(x**2 - y**2) / 2, **near)
    np.testing.assert_allclose((b * sin).sum(0), second(x * y), **near)
    np.testing.assert_allclose((c * cos).sum(0), second(x**2 + y**2) / 2, **near)


def test_the_table_is_fine_enough():
    e = np.random.default_rng(2).uniform(0, 0.7, 200)
    np.testing.assert_allclose(amplitudes(e, 21), exact(e, 21), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(
        amplitudes(np.array([0.0, 0.7]), 21), exact(np.array([0.0, 0.7]), 21)
    )


def test_a_circle_has_the_second_harmonic_alone():
    a, b, c = amplitudes(np.zeros(1), 8)[..., 0]
    np.testing.assert_array_equal(a, [0, -2, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(b, a)
    np.testing.assert_array_equal(c, 0)


@pytest.mark.parametrize(("e", "n"), [(0.0, 4), (0.13, 4), (0.2, 6), (0.7, 21)])
def test_how_many_are_added_up(e, n):
    assert n_harmonics(e) == n
