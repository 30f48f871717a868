"""Spectra against integrals and values that are known."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.surveys.asid.bands import BANDS
from amphitrite_training.surveys.asid.simulate import population, spectra
from amphitrite_training.surveys.asid.simulate.instrument import exposure
from amphitrite_training.surveys.asid.simulate.population import ENERGIES

ONE = np.ones(1)


def test_a_power_law_has_the_photons_of_its_integral():
    grid = np.geomspace(300.0, 100_000.0, 400)
    shape = spectra.log_parabola(grid, 2.4 * ONE, 0 * ONE, 1_000.0 * ONE)[0]
    for band in BANDS:
        fine = np.geomspace(band.low, band.high, 4_001)
        exact = np.trapezoid((fine / 1_000.0) ** -2.4 * exposure(fine, years=2), fine)
        found = spectra.counts_per_band(grid, shape, band, years=2)
        # twelve nodes in a band, a linear rule on a convex curve: too high by up to
        # h^2/12 (2.4 x 3.4) = 0.9 %, where h is the step in the energy's logarithm
        assert exact < found < 1.009 * exact


def test_photons_are_those_of_an_analytic_integral_where_exposure_is_flat():
    # between 2 and 5 GeV the exposure rises by 5 %, above 5 GeV by 1 %
    band = BANDS[0]
    grid = np.geomspace(300.0, 100_000.0, 200)
    found = spectra.counts_per_band(grid, grid**-2.0, band, years=1)
    exact = 1 / band.low - 1 / band.high
    flux = found / exposure(np.array(10_000.0), years=1)
    assert flux == pytest.approx(exact, rel=0.01)


def test_a_log_parabola_bends():
    energy = np.array([1_000.0, 10_000.0])
    found = spectra.log_parabola(energy, 2 * ONE, 0.1 * ONE, 1_000.0 * ONE)[0]
    assert found[0] == 1
    assert found[1] == pytest.approx(10 ** -(2 + 0.1 * np.log(10)), rel=1e-12)


def test_a_cut_off_power_law_has_the_published_value():
    # PLSuperExpCutoff4 as gammapy documents it: N0 = 1e-11, E0 = 1 GeV, gamma = 2,
    # d = 0.8, b = 1 gives 5.54576203e-09 at 10 MeV
    found = spectra.cutoff_power_law(
        np.array([10.0]), 2 * ONE, 0.8 * ONE, ONE, 1_000.0 * ONE
    )
    assert 1e-11 * found.item() == pytest.approx(5.54576203e-09, rel=1e-8)


def test_a_cut_off_power_law_has_its_index_and_curvature_at_the_pivot():
    gamma, d, pivot = 2.1, 0.7, 1_500.0
    step = 1e-3
    energy = pivot * np.exp([-step, 0, step])
    logs = np.log(
        spectra.cutoff_power_law(
            energy, gamma * ONE, d * ONE, 2 / 3 * ONE, pivot * ONE
        )[0]
    )
    assert logs[1] == 0
    # the definition: gamma and d are the local slope and curvature
    assert (logs[2] - logs[0]) / (2 * step) == pytest.approx(-gamma, abs=1e-6)
    assert (logs[2] - 2 * logs[1] + logs[0]) / step**2 == pytest.approx(-d, rel=1e-3)


def test_the_galactic_shape_is_normalised_from_2_to_20_gev():
    grid = np.geomspace(2_000.0, 20_000.0, 2_000)
    # the norm is of 50 nodes, a linear rule on a convex curve
    assert np.trapezoid(spectra.galactic(grid), grid) == pytest.approx(1, rel=2e-3)
    harder = spectra.galactic(np.array([1_000.0, 4_000.0, 16_000.0]), tilt=0.25)
    ratio = harder / spectra.galactic(np.array([1_000.0, 4_000.0, 16_000.0]))
    np.testing.assert_allclose(ratio, [0.25**0.25, 1, 4**0.25])


def test_the_isotropic_spectrum_has_the_published_values():
    energy = np.array([300.0, 1_000.0, 20_000.0])
    np.testing.assert_allclose(
        energy**2 * spectra.isotropic(energy), [1.19e-3, 6.0e-4, 6.0e-4]
    )


@pytest.mark.parametrize("index", [1.6, 2.4, 3.0])
def test_a_population_has_the_fluxes_that_it_was_given(index):
    flux = np.array([1e-9])
    shape = 5.0 * ENERGIES[None] ** -index
    made = population._population(
        np.zeros(1), np.zeros(1), flux, shape, np.zeros(1, np.uint8)
    )
    power = 1 - index
    norm = made.spectra[0, 0] / ENERGIES[0] ** -index
    whole = norm * (1e5**power - 1e3**power) / power
    # 71 nodes above 1 GeV, a linear rule on a convex curve
    assert whole == pytest.approx(1e-9, rel=0.005)
