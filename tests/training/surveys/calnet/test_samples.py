"""Prepared segments on the disk."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite_training.surveys.calnet.samples import Sample, quantised, read, write


def sample(star, seed=0):
    rng = np.random.default_rng([seed, star])
    return Sample(
        light_curve=5 + 3 * rng.random(4_000),
        periodogram=rng.random(1_000),
        star=star,
        is_binary=star % 2 == 0,
        kind="EA" if star % 2 == 0 else "quiet",
        tmag=float(star),
    )


@pytest.fixture
def folders(tmp_path):
    for name, stars in (("one", [4, 5, 6]), ("none", []), ("two", [9, 10])):
        (tmp_path / name).mkdir()
        write([sample(star) for star in stars], tmp_path / name)
    return [tmp_path / name for name in ("one", "none", "two")]


def test_what_was_written_is_read_in_any_order(folders):
    # a chunk without samples has no length along the other axis either
    read_back = read([folders[0], folders[2]])
    assert len(read_back) == 5
    assert read_back.labels.star.tolist() == [4, 5, 6, 9, 10]
    assert read_back.labels.is_binary.tolist() == [True, False, True, False, True]
    assert read_back.labels.kind.tolist() == ["EA", "quiet", "EA", "quiet", "EA"]
    light_curves, periodograms = read_back.take(np.array([4, 0, 2]))
    assert light_curves.dtype == periodograms.dtype == np.float32
    for row, star in enumerate((10, 4, 6)):
        for found, name in (
            (light_curves, "light_curve"),
            (periodograms, "periodogram"),
        ):
            curve = getattr(sample(star), name)
            expected = (curve - curve.min()) / np.ptp(curve)
            # half a step of 1/65535
            np.testing.assert_allclose(found[row], expected, atol=0.51 / 65_535)


def test_a_chunk_without_samples_is_passed_over(folders):
    read_back = read(folders)
    assert len(read_back) == 5
    light_curves, _ = read_back.take(np.arange(5))
    np.testing.assert_array_equal(
        light_curves, read([folders[0], folders[2]]).take(np.arange(5))[0]
    )


def test_a_constant_curve_becomes_zero():
    assert not quantised(np.full(10, 3.0)).any()


@pytest.mark.parametrize("name", ["light_curves.npy", "labels.npz"])
def test_damage_is_told(folders, name):
    path = folders[0] / name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadInput, match=rf"one are damaged \({name}: .*made again"):
        read(folders)
