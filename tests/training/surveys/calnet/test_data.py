"""What the network learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import OutputError
from amphitrite.surveys.calnet.prepare.segments import segments
from amphitrite_training.surveys.calnet import data
from amphitrite_training.surveys.calnet.data import Batches, Simulated
from amphitrite_training.surveys.calnet.recipe import SHIPPED
from amphitrite_training.surveys.calnet.simulate.stars import draw_star

RECIPE = replace(SHIPPED, n_stars=16, n_validation_stars=8, batch_size=4)


@pytest.fixture
def batches(some):
    return Batches(some, np.arange(len(some)), RECIPE, vary=True)


def test_samples_are_what_the_client_prepares(some):
    star = draw_star(7_000_001)
    good = star.cadences.quality == 0
    parts = segments(star.cadences.time[good], star.flux[good], interpolation="pchip")
    rows = np.flatnonzero(some.labels.star == star.seed)
    assert len(rows) == len(parts) > 0
    light_curves, periodograms = some.take(rows)
    for row, part in enumerate(parts):
        # half a step of 1/65535
        np.testing.assert_allclose(light_curves[row], part.light_curve, atol=1e-5)
        np.testing.assert_allclose(periodograms[row], part.periodogram, atol=1e-5)


def test_binaries_without_a_visible_eclipse_are_left_out():
    chunk = Simulated(170, 8, "pchip")
    found = list(chunk.samples())
    for each in found:
        assert each.is_binary == (each.star % 2 == 0)
    prepared = {}
    for seed in range(170, 178, 2):
        star = draw_star(seed)
        good = star.cadences.quality == 0
        parts = segments(star.cadences.time[good], star.flux[good])
        prepared[seed] = [star.shows_eclipse(p.time[0], p.time[-1]) for p in parts]
    hidden = sum(not shows for parts in prepared.values() for shows in parts)
    assert hidden > 0
    for seed, parts in prepared.items():
        assert sum(each.star == seed for each in found) == sum(parts)


def test_batches_are_the_same_for_the_same_call(batches):
    assert len(batches) == len(batches.chosen) // 4
    one, labels = batches.batch(1, 2)
    same, _ = batches.batch(1, 2)
    for name in ("light_curve", "periodogram"):
        np.testing.assert_array_equal(one[name], same[name])
    assert one["light_curve"].shape == (4, 4_000)
    assert one["periodogram"].shape == (4, 1_000)
    assert labels["logit"].shape == (4, 1)
    assert set(np.unique(labels["logit"])) <= {0.0, 1.0}
    other, _ = batches.batch(2, 2)
    assert not np.array_equal(one["periodogram"], other["periodogram"])


def test_an_epoch_shows_every_sample_once(batches):
    seen = [
        batches.batch(0, i)[0]["periodogram"][k]
        for i in range(len(batches))
        for k in range(4)
    ]
    assert len({row.tobytes() for row in seen}) == 4 * len(batches)


def test_labels_go_with_their_curves(batches, some):
    by_curve = {
        row.tobytes(): label
        for row, label in zip(
            some.take(np.arange(len(some)))[1], some.labels.is_binary, strict=True
        )
    }
    for index in range(len(batches)):
        inputs, targets = batches.batch(3, index)
        for row, target in zip(inputs["periodogram"], targets["logit"], strict=True):
            assert by_curve[row.tobytes()] == target[0]


def test_half_of_the_light_curves_are_mirrored(batches, some):
    everything = some.take(np.arange(len(some)))[0]
    straight = {row.tobytes() for row in everything}
    turned = {row[::-1].tobytes() for row in everything}
    seen = [
        row.tobytes()
        for epoch in range(4)
        for index in range(len(batches))
        for row in batches.batch(epoch, index)[0]["light_curve"]
    ]
    assert all(row in straight | turned for row in seen)
    share = np.mean([row in turned for row in seen])
    assert share == pytest.approx(0.5, abs=0.15)  # four sigma of some 200
    plain = replace(batches, recipe=replace(RECIPE, mirror=False))
    assert all(row.tobytes() in straight for row in plain.batch(0, 0)[0]["light_curve"])


def test_validation_is_the_same_in_every_epoch(batches):
    fixed = replace(batches, vary=False)
    one, two = fixed.batch(0, 1)[0], fixed.batch(5, 1)[0]
    np.testing.assert_array_equal(one["light_curve"], two["light_curve"])


@pytest.mark.slow
def test_training_and_validation_share_no_star(cache):
    sets = data.data(RECIPE)
    stars = [
        set(side.samples.labels.star[side.chosen])
        for side in (sets.training, sets.validation)
    ]
    assert stars[0]
    assert stars[1]
    assert not stars[0] & stars[1]
    assert min(stars[0]) >= data.TRAINING_STARS
    assert max(stars[0]) < data.VALIDATION_STARS <= min(stars[1])
    assert max(stars[1]) < data.TEST_STARS
    assert sets.training.vary
    assert not sets.validation.vary


def test_a_set_is_kept_and_found_again(cache, some):
    folders = set((cache / "light_curves").iterdir())
    again = data.simulated(7_000_000, 30, SHIPPED)
    assert set((cache / "light_curves").iterdir()) == folders
    np.testing.assert_array_equal(
        again.take(np.arange(3))[0], some.take(np.arange(3))[0]
    )
    other = data.simulated(7_000_000, 4, replace(SHIPPED, interpolation="spline"))
    assert len(set((cache / "light_curves").iterdir())) == len(folders) + 1
    assert np.abs(other.take(np.arange(2))[0] - some.take(np.arange(2))[0]).max() > 1e-3


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot keep prepared light curves in"):
        data.simulated(7_000_000, 2, SHIPPED)
