"""Samples: the same for the same call, and true to the sky they are drawn from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import COUNTS, MASK_PIXELS, UNET
from amphitrite.surveys.asid.prepare.patches import Patch, angles, from_pixels
from amphitrite.surveys.asid.prepare.tiling import centres
from amphitrite_training.surveys.asid import data
from amphitrite_training.surveys.asid.data import Batches, Skies, sample, simulated
from amphitrite_training.surveys.asid.recipe import SHIPPED
from amphitrite_training.surveys.asid.simulate.sky import expect

PLAIN = replace(
    SHIPPED,
    batch_size=2,
    band_dropout=0.0,
    few_bands=0.0,
    depth_low=1.0,
    depth_high=1.0,
    cut_footprints=0.0,
    event_type_cuts=0.0,
)
VARIED = replace(SHIPPED, batch_size=2)
# far from the middle and from each other, so that every turn of it looks different
PLACE = (2.7, 1.1)


def stacked(expected, lat):
    return Skies(
        counts=[
            np.stack([e.counts[band] for e in expected]).astype(np.float16)
            for band in range(len(BANDS))
        ],
        sources=[
            np.c_[e.x, e.y, e.flux, e.test_statistic].astype(np.float32)
            for e in expected
        ],
        lat=np.array(lat),
    )


@pytest.fixture(scope="module")
def skies(sky):
    """Expected counts of five patches."""
    patches = data.patches()[100:600:100]
    return stacked([expect(sky, patch) for patch in patches], [p.lat for p in patches])


@pytest.fixture(scope="module")
def lone(sky, sources):
    """A patch with one source, very bright."""
    patch = Patch(100.0, 55.0)
    lon, lat = angles(patch.vectors(*np.array(PLACE)))
    bright = replace(sky, population=sources(lon, lat, 3e-7))
    return stacked([expect(bright, patch)], [patch.lat])


def same(one, two):
    return all(np.array_equal(one[key], two[key]) for key in one)


def test_patches_are_the_first_that_the_client_searches():
    assert len(data.patches()) == 768
    for ours, theirs in zip(data.patches(), centres(), strict=False):
        assert ours == theirs


@pytest.mark.parametrize("vary", [True, False])
def test_batches_have_the_shapes_of_the_contract(skies, vary):
    batches = Batches(skies, VARIED, vary=vary)
    assert len(batches) == 2  # the fifth patch has no partner
    images, targets = batches.batch(0, 1)
    assert list(images) == [tensor.name for tensor in UNET.inputs]
    for tensor in UNET.inputs:
        image = images[tensor.name]
        assert image.shape == (2, *tensor.shape)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, np.round(image))  # counts
    discs = targets["logits"]
    assert discs.shape == (2, MASK_PIXELS, MASK_PIXELS)
    assert discs.dtype == np.float32
    assert 0 <= discs.min() < discs.max() <= 1


def test_a_batch_depends_on_epoch_and_index_alone(skies):
    batches = Batches(skies, VARIED, vary=True)
    later = batches.batch(3, 1)
    for _ in range(2):
        batches.batch(0, 0)
    again = Batches(skies, VARIED, vary=True).batch(3, 1)
    assert same(later[0], again[0])
    assert same(later[1], again[1])
    for epoch, index in ((2, 1), (3, 0)):
        assert not same(later[0], batches.batch(epoch, index)[0])
    other = Batches(skies, replace(VARIED, seed=5), vary=True).batch(3, 1)
    assert not same(later[0], other[0])


def test_every_patch_is_visited_once_in_an_epoch(skies):
    one_each = replace(PLAIN, batch_size=1)
    batches = Batches(skies, one_each, vary=True)
    totals = sorted(
        float(batches.batch(4, i)[0]["counts_300_500"].sum())
        for i in range(len(batches))
    )
    expected = sorted(float(e.astype(float).sum()) for e in skies.counts[4])
    # 5 sigma of Poisson; the patches differ by more
    assert all(
        abs(a - b) < 5 * np.sqrt(b) for a, b in zip(totals, expected, strict=True)
    )
    assert all(b - a > 10 * np.sqrt(b) for a, b in pairwise(expected))


def test_validation_is_the_same_in_every_epoch(skies):
    batches = Batches(skies, VARIED, vary=False)
    first, later = batches.batch(0, 1), batches.batch(7, 1)
    assert same(first[0], later[0])
    assert same(first[1], later[1])
    # all bands, full depth, in order and not turned
    for band, tensor in enumerate(COUNTS):
        for offset in range(2):
            seen = first[0][tensor.name][offset].astype(float)
            expected = skies.counts[band][2 + offset].astype(float)
            assert abs(seen.sum() - expected.sum()) < 5 * np.sqrt(expected.sum())


def test_counts_are_drawn_anew_at_every_visit(skies):
    rng = np.random.default_rng(1)
    (one, _), (two, _) = (sample(rng, skies, 2, PLAIN, vary=False) for _ in range(2))
    difference = one[1] - two[1]
    # the difference of two draws has twice the variance of one
    expected = 2 * float(skies.counts[1][2].astype(float).mean())
    assert difference.var() == pytest.approx(expected, rel=0.1)


def test_missing_bands_are_zero_and_one_of_the_finer_is_there(skies):
    rng = np.random.default_rng(2)
    recipe = replace(PLAIN, band_dropout=0.6, few_bands=0.2)
    seen = []
    for _ in range(60):
        counts, _ = sample(rng, skies, 0, recipe, vary=True)
        seen.append([bool(image.any()) for image in counts])
    seen = np.array(seen)
    assert seen[:, :3].any(axis=1).all()
    assert not seen.all(axis=1).all()
    few = {(1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (1, 1, 0, 0, 0)}
    assert few <= {tuple(map(int, row)) for row in seen}


def test_fewer_bands_show_fewer_discs(skies):
    rng = np.random.default_rng(3)
    recipe = replace(PLAIN, few_bands=1.0)
    few = [sample(rng, skies, 1, recipe, vary=True)[1].sum() for _ in range(6)]
    _, whole = sample(rng, skies, 1, PLAIN, vary=True)
    assert max(few) < whole.sum()


def test_half_of_the_samples_are_of_another_depth(skies):
    rng = np.random.default_rng(4)
    recipe = replace(PLAIN, depth_low=0.1, depth_high=0.2)
    expected = skies.counts[4][0].astype(float).sum()
    ratios = np.array(
        [
            sample(rng, skies, 0, recipe, vary=True)[0][4].sum() / expected
            for _ in range(80)
        ]
    )
    shallow = (ratios > 0.08) & (ratios < 0.22)
    deep = np.abs(ratios - 1) < 0.05
    assert (shallow | deep).all()
    # binomial of 80, four standard deviations
    assert abs(shallow.mean() - 0.5) < 4 * np.sqrt(0.25 / 80)


def test_counts_and_discs_are_turned_together(lone):
    rng = np.random.default_rng(5)
    places = set()
    for _ in range(40):
        counts, discs = sample(rng, lone, 0, PLAIN, vary=True)
        peak = np.unravel_index(discs.argmax(), discs.shape)
        x, y = from_pixels(*(np.array(c, float) for c in peak), pixels=MASK_PIXELS)
        for image, band in zip(counts[:3], BANDS, strict=False):
            row, column = np.unravel_index(image.argmax(), image.shape)
            seen = from_pixels(
                np.array(row, float), np.array(column, float), pixels=band.pixels
            )
            # the brightest pixel by chance, within the sharp middle of the PSF
            assert np.hypot(seen[0] - x, seen[1] - y) < 0.3
        places.add((round(float(x), 1), round(float(y), 1)))
    assert len(places) == 8  # all flips and quarter turns
    # untouched, the disc is at the source
    _, discs = sample(rng, lone, 0, PLAIN, vary=False)
    row, column = np.unravel_index(discs.argmax(), discs.shape)
    seen = from_pixels(np.array(row), np.array(column), pixels=MASK_PIXELS)
    np.testing.assert_allclose(seen, PLACE, atol=0.04)  # half a pixel


def test_a_cut_footprint_blanks_counts_and_discs_alike(skies):
    rng = np.random.default_rng(6)
    recipe = replace(PLAIN, cut_footprints=1.0)
    blanked = 0
    for _ in range(10):
        counts, discs = sample(rng, skies, 1, recipe, vary=True)
        dark = np.kron(counts[4] == 0, np.ones((4, 4), bool))  # on the mask's grid
        inside_dark = dark & ~edge_of(dark)
        assert not discs[inside_dark].any()
        assert not counts[1][inside_dark].any()
        blanked += dark.any()
    assert blanked >= 8


def edge_of(dark, reach=6):
    """Where a blanked area ends, a coarse pixel and more."""
    from scipy.ndimage import binary_dilation

    return binary_dilation(~dark, iterations=reach)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path))
    return tmp_path / "skies"


EVERY = 256  # three patches of a sky


def test_a_sky_is_simulated_once(cache):
    made = simulated([5, 6], PLAIN, every=EVERY)
    assert len(made) == 6
    folders = sorted(cache.iterdir())
    assert [folder.name.split("-")[1] for folder in folders] == ["5A", "6B"]
    again = simulated([5, 6], PLAIN, every=EVERY)
    assert sorted(cache.iterdir()) == folders
    for one, two in zip(made.counts, again.counts, strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(made.sources, again.sources, strict=True):
        np.testing.assert_array_equal(one, two)
    # What comes back is what stands in the cache, even where it has been changed.
    path = folders[0] / "2000_7000.npy"
    np.save(path, np.load(path) + np.float16(1))
    changed = simulated([5, 6], PLAIN, every=EVERY)
    np.testing.assert_array_equal(
        changed.counts[1][:3], made.counts[1][:3] + np.float16(1)
    )


def test_cached_skies_are_those_that_are_simulated(cache):
    made = simulated([5], PLAIN, every=EVERY)
    from amphitrite_training.surveys.asid.simulate.sky import make_sky

    patch = data.patches()[EVERY]
    expected = expect(make_sky(5, variant="A"), patch)
    for stack, image, band in zip(made.counts, expected.counts, BANDS, strict=True):
        assert stack.shape == (3, band.pixels, band.pixels)
        assert stack.dtype == np.float16
        # half precision: 11 bits, and less for counts below 6e-5
        np.testing.assert_allclose(stack[1], image, rtol=1e-3, atol=1e-7)
    rows = made.sources[1]
    assert rows.shape == (len(expected.x), 3 + len(BANDS))
    np.testing.assert_allclose(rows[:, 2], expected.flux, rtol=1e-6)
    np.testing.assert_allclose(made.lat[1], patch.lat)


def test_other_recipes_have_other_skies(cache):
    for recipe in (PLAIN, replace(PLAIN, event_type_cuts=1.0)):
        simulated([5], recipe, every=EVERY)
    assert len(list(cache.iterdir())) == 2
    whole, sharp = (
        simulated([5], replace(PLAIN, event_type_cuts=cuts), every=EVERY)
        for cuts in (0.0, 1.0)
    )
    assert sharp.counts[0].max() > whole.counts[0].max()


def test_a_damaged_cache_is_named(cache):
    simulated([5], PLAIN, every=EVERY)
    (folder,) = cache.iterdir()
    for name in ("1000_2000.npy", "sources.npz"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput, match=rf"damaged \({name}: .* remove that folder"):
            simulated([5], PLAIN, every=EVERY)
        (folder / name).write_bytes(whole)
    simulated([5], PLAIN, every=EVERY)


def test_a_cache_that_cannot_be_is_named(cache):
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="set AMPHITRITE_CACHE to a folder that you"):
        simulated([5], PLAIN, every=EVERY)


def test_a_sky_that_another_process_made_meanwhile_is_kept(cache):
    what = data._SkyFile(5, "A", 0.0, EVERY)
    what.make()
    before = {path: path.stat().st_mtime_ns for path in what.folder.iterdir()}
    what.make()
    assert {path: path.stat().st_mtime_ns for path in what.folder.iterdir()} == before
    assert list(cache.iterdir()) == [what.folder]
