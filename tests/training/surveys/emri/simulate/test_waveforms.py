"""Waveforms are those of a mass on its orbit, by tensors; and stay in the band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import fft

from amphitrite.surveys.emri.prepare.whitening import signal_to_noise
from amphitrite.surveys.emri.sampling import NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.harmonics import exact, n_harmonics
from amphitrite_training.surveys.emri.simulate.inspirals import (
    SUN_SECONDS,
    Population,
    draw,
)
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    ECCENTRICITY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    orbit,
)
from amphitrite_training.surveys.emri.simulate.response import (
    FIRST_AXIS,
    ROTATION_HZ,
    SECOND_AXIS,
    direction,
    doppler_delay,
)
from amphitrite_training.surveys.emri.simulate.waveforms import (
    GPC_SECONDS,
    STRAIN_UNIT,
    strain,
)

HEAVY = Population(log_mass=(5.8, 6.5), early=0)


def drawn(seed, population=HEAVY):
    """Return an inspiral and its orbit."""
    rng = np.random.default_rng(seed)
    while (found := orbit(inspiral := draw(rng, population))) is None:
        pass
    return inspiral, found


def at_points(inspiral, path, points):
    """Return the strain at points of the orbit, from tensors.

    The mass quadrupole in space, its transverse-traceless part, and the arms' tensors:
    nothing of the code's angles beta, psi and gamma.
    """
    time = points * path.step
    source = direction(inspiral.source_theta, inspiral.source_phi)
    spin = direction(inspiral.spin_theta, inspiral.spin_phi)
    first = direction(inspiral.spin_theta - np.pi / 2, inspiral.spin_phi)
    second = np.cross(spin, first)
    delay = doppler_delay(source, time)
    project = np.eye(3) - np.outer(source, source)
    rows = []
    for k, point in enumerate(points):
        state, rate = path.state[:, point], path.rate[:, point]
        azimuth = np.cos(state[NODE]) * first + np.sin(state[NODE]) * second
        momentum = np.cos(inspiral.inclination) * spin
        momentum = momentum + np.sin(inspiral.inclination) * azimuth
        # the pericentre is counted from the line of nodes, L x S
        node = np.cross(momentum, spin)
        node /= np.linalg.norm(node)
        beyond = np.cross(momentum, node)
        e1 = np.cos(state[PERICENTRE]) * node + np.sin(state[PERICENTRE]) * beyond
        e2 = np.cross(momentum, e1)
        count = n_harmonics(path.state[ECCENTRICITY].max())
        n = np.arange(1, count + 1)
        turn = rate[PERICENTRE] / np.pi
        phase = n * state[ANOMALY]
        phase = phase + 2 * np.pi * (n * state[FREQUENCY] + turn) * delay[k]
        a, b, c = exact(state[ECCENTRICITY : ECCENTRICITY + 1], count)[..., 0]
        kept = n * state[FREQUENCY] + turn <= 0.95 * NYQUIST_HZ
        a = (a * np.cos(phase) * kept).sum()
        b = (b * np.sin(phase) * kept).sum()
        c = (c * np.cos(phase) * kept).sum()
        quadrupole = (
            (c + a) * np.outer(e1, e1)
            + (c - a) * np.outer(e2, e2)
            + b * (np.outer(e1, e2) + np.outer(e2, e1))
        )
        inside = project @ quadrupole @ project
        wave = 2 * (inside - project * np.trace(inside) / 2)
        turned = 2 * np.pi * ROTATION_HZ * time[k]
        rows.append([np.sum(arms(turned, d) * wave) for d in ((15, 75), (60, 120))])
    frequency = path.state[FREQUENCY, points]
    speed = (2 * np.pi * frequency * inspiral.mass * SUN_SECONDS) ** (1 / 3)
    scale = inspiral.compact_mass * SUN_SECONDS / (inspiral.distance * GPC_SECONDS)
    return STRAIN_UNIT * scale * speed**2 * np.array(rows).T


def arms(turned, degrees):
    u, v = (
        np.cos(angle) * FIRST_AXIS + np.sin(angle) * SECOND_AXIS
        for angle in np.radians(degrees) + turned
    )
    return (np.outer(u, u) - np.outer(v, v)) / 2


@pytest.mark.parametrize("seed", range(6))
def test_the_strain_is_that_of_a_moving_mass(seed):
    inspiral, path = drawn(seed)
    points = np.arange(0, 4096, 37)
    found = strain(inspiral, path)[:, ::64][:, points]
    expected = at_points(inspiral, path, points)
    scale = np.abs(expected).max()
    # single precision; the sense of the whole wave is a convention
    sign = np.sign(np.sum(found * expected))
    np.testing.assert_allclose(sign * found, expected, rtol=0, atol=2e-4 * scale)


def test_strain_falls_with_distance():
    inspiral, path = drawn(1)
    near, far = strain(inspiral, path), strain(replace(inspiral, distance=4.0), path)
    np.testing.assert_allclose(near, 4 * far, rtol=1e-5)


def test_a_massive_inspiral_at_1_gpc_can_be_detected():
    """Half of the inspirals into 10^5.5 to 10^6 solar masses exceed 50 (SIMULATED)."""
    ratios = [
        signal_to_noise(strain(*drawn(seed, Population(log_mass=(5.5, 6), early=0))))
        / STRAIN_UNIT
        for seed in range(20, 32)
    ]
    assert 25 < np.median(ratios) < 100


@pytest.mark.parametrize("seed", range(3))
def test_no_harmonic_is_heard_above_the_band(seed):
    """Those of light black holes would come back as aliases at low frequency."""
    inspiral, path = drawn(seed, Population(log_mass=(4, 4.6)))
    power = np.abs(fft.rfft(strain(inspiral, path))) ** 2
    frequency = fft.rfftfreq(power.shape[1] * 2 - 2, SAMPLE_SECONDS)
    beyond = power[:, frequency > 0.97 * NYQUIST_HZ].sum()
    # sidebands of the precession reach a little beyond the cut
    assert beyond < 1e-3 * power.sum()


def test_the_frequency_rises_to_that_of_the_end():
    inspiral, path = drawn(3)
    halves = np.split(strain(inspiral, path)[0], 2)
    means = []
    for half in halves:
        power = np.abs(fft.rfft(half)) ** 2
        frequency = fft.rfftfreq(len(half), SAMPLE_SECONDS)
        means.append((power * frequency).sum() / power.sum())
    assert means[0] < means[1]
