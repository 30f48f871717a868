"""Waves of the augmented kludge are heard as the kludge's are, and agree with them.

The package takes half a minute to compile, so one process makes the waves of all tests.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import fft

from amphitrite.engine import workers
from amphitrite.errors import MissingExtra
from amphitrite.surveys.emri.sampling import N_SAMPLES, NYQUIST_HZ, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate import augmented, augmented_worker
from amphitrite_training.surveys.emri.simulate.augmented import made, signals
from amphitrite_training.surveys.emri.simulate.augmented_agreement import (
    CASES,
    compared,
    match,
)
from amphitrite_training.surveys.emri.simulate.augmented_orbits import source
from amphitrite_training.surveys.emri.simulate.augmented_strain import (
    LEAD,
    interpolated,
    strain,
)
from amphitrite_training.surveys.emri.simulate.augmented_worker import Wave
from amphitrite_training.surveys.emri.simulate.inspirals import (
    SUN_SECONDS,
    Inspiral,
    Population,
)
from amphitrite_training.surveys.emri.simulate.orbits import (
    ANOMALY,
    ECCENTRICITY,
    FREQUENCY,
    NODE,
    PERICENTRE,
    orbit,
)

WHOLE = N_SAMPLES + 2 * LEAD
HEAVY = Population(log_mass=(5.9, 6.3), early=1.0)


def inspiral(**other):
    """Return an early inspiral into 10^6 solar masses."""
    known = dict(
        mass=1e6,
        spin=0.6,
        inclination=0.7,
        frequency=1.2e-3,
        eccentricity=0.15,
        anomaly=1.0,
        pericentre=2.0,
        node=0.5,
        source_theta=1.1,
        source_phi=4.0,
        spin_theta=0.8,
        spin_phi=1.5,
    )
    return Inspiral(**(known | other))


@pytest.fixture(scope="module")
def process():
    """Return a process that makes waves."""
    if find_spec("few") is None:
        pytest.skip("needs fastemriwaveforms (dev extra)")
    with workers.pool(1) as pool:
        yield pool


def with_package(test):
    """Return a test that may have to wait until the package has been compiled."""
    return pytest.mark.long(pytest.mark.timeout(1500)(test))


def whole(found, process):
    """Return the wave of an inspiral, and its orbit in the kludge."""
    path = orbit(found)
    assert path is not None
    asked = source(found, path, LEAD * SAMPLE_SECONDS)
    return made(process, asked, WHOLE, path.step), path


def test_parameters_are_those_of_the_orbit():
    found = inspiral(distance=2.0)
    path = orbit(found)
    asked = source(found, path)
    state = path.state[:, 0]
    p, e, cosine = asked.orbit
    assert e == state[ECCENTRICITY]
    assert cosine == pytest.approx(np.cos(0.7))
    # the frequency of Kepler's orbit of semi-major axis p / (1 - e^2)
    axis = p / (1 - e**2)
    mass = (1e6 + 10) * SUN_SECONDS
    assert axis**-1.5 / (2 * np.pi * mass) == pytest.approx(state[FREQUENCY])
    azimuthal, polar, radial = asked.phases
    assert radial == state[ANOMALY]
    assert polar - radial == pytest.approx(state[PERICENTRE])
    assert azimuthal - polar == pytest.approx(state[NODE])
    assert asked.masses == (1e6, 10.0)
    assert (asked.spin, asked.distance) == (0.6, 2.0)
    assert asked.angles == (1.1, 4.0, 0.8, 1.5)


def test_a_source_may_start_earlier():
    found = inspiral()
    path = orbit(found)
    now, before = source(found, path), source(found, path, 600.0)
    turns = (now.phases[2] - before.phases[2]) / (2 * np.pi)
    assert turns == pytest.approx(600 * path.state[FREQUENCY, 0])
    assert before.orbit[0] > now.orbit[0]


@pytest.mark.parametrize("oversampling", [1, 3])
def test_waves_are_interpolated_and_cut(oversampling):
    """A wave in the band is found between samples; one above is left out."""
    n = 4096
    step = SAMPLE_SECONDS / oversampling
    time = np.arange(n * oversampling) * step
    place = 100 + np.linspace(0, 3000, 5000)
    frequencies = np.array([400, 1600]) / (n * SAMPLE_SECONDS)
    for frequency in frequencies:
        wave = np.exp(2j * np.pi * frequency * time)
        expected = np.exp(2j * np.pi * frequency * place * SAMPLE_SECONDS)
        found = interpolated(wave, oversampling, place)
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5)
    # whole cycles, so that there is no jump
    above = round(0.97 * NYQUIST_HZ * n * SAMPLE_SECONDS) / (n * SAMPLE_SECONDS)
    wave = np.exp(2j * np.pi * above * time)
    assert np.abs(interpolated(wave, oversampling, place)).max() < 1e-9


def test_after_the_plunge_there_is_nothing():
    rng = np.random.default_rng(1)
    n = LEAD + 100_000
    wave = Wave(1e-21 * np.exp(0.3j * np.arange(n)), 1, rng.random((8, 3)))
    found = np.abs(strain(inspiral(), wave)).max(axis=0)
    assert found[90_000:98_000].max() > 0.1 * found.max()
    # the last samples before are on the ramp, later ones come from the cut at 0.95
    assert found[99_995] < 0.01 * found.max()
    assert found[101_000:].max() < 1e-4 * found.max()


def test_without_the_package_its_extra_is_named(monkeypatch):
    def missing(name):
        raise augmented.PackageNotFoundError(name)

    monkeypatch.setattr(augmented, "version", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'amphitrite\[dev\]'"):
        signals(1, 1)


def test_a_match_knows_neither_time_nor_phase():
    time = np.arange(4096) * SAMPLE_SECONDS
    wave = np.exp(2j * np.pi * 2e-3 * time) * np.hanning(4096)
    one, two = (np.stack([w.real, w.imag]) for w in (wave, np.roll(1j * wave, 57)))
    assert match(one, two) == pytest.approx(1, abs=1e-3)
    other = np.exp(2j * np.pi * 5e-3 * time) * np.hanning(4096)
    assert match(one, np.stack([other.real, other.imag])) < 0.01


@with_package
@pytest.mark.parametrize("case", CASES)
def test_both_kludges_make_the_same_wave_of_an_orbit(process, case):
    found = compared(case, (1.0, 10.0), process)
    assert found.same_orbit == pytest.approx(1, abs=1e-6)
    assert abs(found.cycles[1.0]) < abs(found.cycles[10.0])


@with_package
def test_far_out_they_agree_for_a_day(process):
    found = compared(CASES[0], (1.0,), process)
    assert found.overlap[1.0] > 0.99
    assert abs(found.cycles[1.0]) < 0.01


@with_package
def test_an_orbit_that_has_plunged_has_no_wave(process):
    found = inspiral(spin=0.0, frequency=3.5e-3, later=0.0)
    asked = replace(source(found, orbit(found)), orbit=(6.2, 0.1, 0.8), spin=1e-3)
    assert made(process, asked, 100, 1920.0) is None


def test_an_orbit_that_the_package_cannot_follow_has_no_wave(monkeypatch):
    """Its search for the last stable orbit fails for one in some hundreds."""

    class Generator:
        def inspiral_generator(self, *arguments, **options):
            raise ValueError("f(a) and f(b) must have different signs.")

    monkeypatch.setattr(augmented_worker, "_generator", Generator)
    monkeypatch.setattr(augmented_worker, "_last_orbit", lambda source: 6.0)
    monkeypatch.setattr(augmented_worker, "_years", lambda seconds: seconds / 3e7)
    found = inspiral(spin=0.5)
    asked = source(found, orbit(found))
    assert augmented_worker.wave(asked, 100, 30.0, 1920.0) is None


@with_package
def test_a_wave_without_a_plunge_has_every_sample(process):
    wave, path = whole(inspiral(), process)
    assert len(wave.strain) == wave.oversampling * WHOLE
    # an orbit that is as eccentric, and where the kludge has it
    assert wave.orbit[0, 1] == pytest.approx(path.state[ECCENTRICITY, 0], rel=1e-3)


@with_package
def test_no_sample_is_an_alias(process):
    """The orbit of a light black hole has harmonics above the Nyquist frequency."""
    found = inspiral(mass=3e4, frequency=5e-3, eccentricity=0.2)
    wave, _ = whole(found, process)
    assert wave.oversampling > 1
    power = np.abs(fft.fft(wave.strain * np.hanning(len(wave.strain)))) ** 2
    frequency = np.abs(fft.fftfreq(len(power), SAMPLE_SECONDS / wave.oversampling))
    # what would come back as aliases, and what lies next to the finer limit
    assert power[frequency > NYQUIST_HZ].sum() > 1e-4 * power.sum()
    limit = wave.oversampling * NYQUIST_HZ
    assert power[frequency > 0.97 * limit].sum() < 1e-6 * power.sum()
    heard = np.abs(fft.rfft(strain(found, wave) * np.hanning(N_SAMPLES))) ** 2
    beyond = fft.rfftfreq(N_SAMPLES, SAMPLE_SECONDS) > 0.952 * NYQUIST_HZ
    assert heard[:, beyond].sum() < 1e-6 * heard.sum()


@with_package
def test_signals_are_kept_and_normalised(process, cache, monkeypatch):
    monkeypatch.setattr(augmented.workers, "pool", lambda n: nullcontext(process))
    found = signals(8_000_000, 2, HEAVY)
    assert len(found) == 2
    assert (np.cos(found.inspirals["inclination"]) > 0).all()
    for number in range(2):
        assert found[number].shape == (2, N_SAMPLES)
        assert np.mean(found[number] ** 2) == pytest.approx(1, rel=1e-3)
    monkeypatch.setattr(augmented.workers, "pool", None)
    np.testing.assert_array_equal(signals(8_000_000, 2, HEAVY)[1], found[1])
