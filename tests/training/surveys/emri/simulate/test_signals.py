"""Signals are whitened, of known loudness, and kept."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.whitening import TAPER, signal_to_noise
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri.simulate.inspirals import Population
from amphitrite_training.surveys.emri.simulate.orbits import orbit
from amphitrite_training.surveys.emri.simulate.signals import (
    Chunk,
    add,
    signal,
    signals,
    white,
)
from amphitrite_training.surveys.emri.simulate.waveforms import STRAIN_UNIT, strain

HEAVY = Population(log_mass=(5.8, 6.5))


def test_at_50_a_signal_is_0_069_of_the_noise():
    """50 / sqrt(524288), as in Zhang et al. 2022."""
    _, whitened = signal(np.random.default_rng(1), HEAVY)
    found = add(np.zeros_like(whitened), whitened, 50.0)
    assert found.std() == pytest.approx(0.069, abs=5e-4)
    assert np.sum(found.astype(float) ** 2) == pytest.approx(50**2, rel=1e-3)


def test_the_ratio_is_that_of_the_strain():
    """A signal at its own distance: by the integral over the noise curve.

    What the tapers at both ends cost is below a percent of an early inspiral's.
    """
    population = Population(log_mass=(6, 6), early=1.0)
    inspiral, whitened = signal(np.random.default_rng(3), population)
    path = orbit(inspiral)
    assert path is not None
    own = signal_to_noise(strain(inspiral, path)) / STRAIN_UNIT
    injected = add(np.zeros_like(whitened), whitened, own)
    assert np.sqrt(np.sum(injected.astype(float) ** 2)) == pytest.approx(own, rel=1e-3)
    assert own == pytest.approx(signal_to_noise(strain(inspiral, path) / STRAIN_UNIT))


def test_the_same_seed_is_the_same_signal():
    first, second = (signal(np.random.default_rng(5), HEAVY)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_set_is_kept_and_found_again(cache, some):
    assert len(some) == 6
    folders = set((cache / "inspirals").iterdir())
    again = signals(7_000_000, 6)
    assert set((cache / "inspirals").iterdir()) == folders
    np.testing.assert_array_equal(again[3], some[3])
    inspiral, whitened = signal(np.random.default_rng(7_000_003))
    assert some.inspirals["mass"][3] == inspiral.mass
    # half precision keeps three digits
    np.testing.assert_allclose(some[3], whitened, rtol=1e-3, atol=1e-6)
    for number in range(6):
        assert np.mean(some[number] ** 2) == pytest.approx(1, rel=1e-3)


def test_chunks_follow_each_other(some, monkeypatch):
    """Six signals in chunks of four, made by two processes."""
    monkeypatch.setattr("amphitrite_training.fitting.chunks._TOGETHER", 4)
    parts = signals(7_000_000, 6)
    assert [len(chunk) for chunk in parts.chunks] == [4, 2]
    for number in (0, 3, 4, 5):
        np.testing.assert_array_equal(parts[number], some[number])


def test_a_damaged_file_is_named(cache):
    signals(7_500_000, 1)
    (folder,) = (
        path
        for path in (cache / "inspirals").iterdir()
        if len(np.load(path / "signals.npy", mmap_mode="r")) == 1
    )
    (folder / "inspirals.npz").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"damaged.*remove that folder"):
        signals(7_500_000, 1)


def test_noise_is_white_and_its_ends_may_be_tapered():
    rng = np.random.default_rng(6)
    plain, ramped = white(rng, ramped=False), white(rng)
    assert plain.shape == ramped.shape == (2, N_SAMPLES)
    assert plain.dtype == np.float32
    # 4 sigma of 524,288 samples
    assert plain.var() == pytest.approx(1, abs=0.008)
    assert plain[:, :TAPER].var() == pytest.approx(1, abs=0.12)
    assert ramped[:, TAPER:-TAPER].var() == pytest.approx(1, abs=0.008)
    # the mean square of a cosine ramp is 3/8
    ends = np.concatenate([ramped[:, :TAPER], ramped[:, -TAPER:]])
    assert ends.var() == pytest.approx(3 / 8, abs=0.06)
    assert (ramped[:, [0, -1]] == 0).all()


def test_a_description_says_all_that_a_chunk_depends_on():
    assert Chunk(1, 2) != Chunk(1, 2, HEAVY)
