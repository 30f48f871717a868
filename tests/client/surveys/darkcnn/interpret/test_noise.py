"""The noise that is measured on maps is the noise that was put there."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.convolution import Gaussian2DKernel, convolve_fft

from amphitrite.surveys.darkcnn.interpret.noise import pixel_noise
from amphitrite.surveys.darkcnn.page import DENSITY
from amphitrite.surveys.darkcnn.prepare.missing import RADII, filled


def of(total):
    maps = np.zeros((100, 100, 3), np.float32)
    maps[..., 0] = total
    return pixel_noise(maps)


@pytest.mark.parametrize("seed", range(3))
def test_white_noise_is_found_on_a_cluster(seed, density):
    noise = np.random.default_rng(seed).normal(0, 0.414, (100, 100))
    # 7000 pixels whose neighbours share noise: 2 % is one standard deviation
    assert of(density() / DENSITY + noise) == pytest.approx(0.414, rel=0.06)


def test_a_map_without_noise_seems_to_have_none(density):
    assert of(density() / DENSITY) < 1e-3
    assert of(np.zeros((100, 100))) == 0


def test_satellites_are_no_noise(density):
    rng = np.random.default_rng(4)
    total = density() / DENSITY
    for y, x in rng.integers(0, 100, (60, 2)):
        total[y, x] += 0.5
    assert of(total + rng.normal(0, 0.3, (100, 100))) == pytest.approx(0.3, rel=0.08)


def test_pixels_that_were_missing_are_left_out():
    noise = np.random.default_rng(5).normal(0, 0.4, (100, 100))
    noise[:25] = np.nan
    complete, _ = filled(noise, "the map")
    assert of(complete) == pytest.approx(0.4, rel=0.08)


def test_values_in_steps_are_measured_all_the_same():
    noise = np.random.default_rng(6).normal(0, 0.4, (100, 100))
    assert of(np.round(noise, 1)) == pytest.approx(0.4, rel=0.08)


def test_smoothed_noise_is_underestimated():
    """It is stated, so that nobody is misled."""
    noise = np.random.default_rng(7).normal(0, 1, (100, 100))
    smooth = convolve_fft(noise, Gaussian2DKernel(2), boundary="wrap")
    assert of(smooth) < 0.2 * smooth[RADII > 600].std()


def test_real_maps_of_a_simulation_have_none(real_data):
    with np.load(real_data / "darkcnn" / "bahamas_sidm_total_maps.npz") as file:
        maps = np.nan_to_num(file["total"].astype(float))
    # the highest convergence of a cluster is about 1
    assert max(map(of, maps)) < 0.01


@pytest.mark.training
def test_simulated_clusters_with_and_without_noise():
    noise = pytest.importorskip("amphitrite_training.surveys.darkcnn.simulate.noise")
    simulate = pytest.importorskip("amphitrite_training.surveys.darkcnn.simulate.maps")
    population = pytest.importorskip(
        "amphitrite_training.surveys.darkcnn.simulate.population"
    )
    rng = np.random.default_rng(8)
    for number in range(3):
        ((_, maps),) = simulate.maps(population.draw(number), [0.3])
        truth = maps[0] / DENSITY
        assert of(truth) < 0.01
        seen = noise.lensed(rng, truth, 50.0)
        assert of(seen) == pytest.approx(noise.convergence_error(50.0), rel=0.06)
