"""Finds in batches: turned as the patch would be, the same for the same call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amphitrite.errors import BadInput, OutputError
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.interpret import peaks
from amphitrite_training.surveys.asid.heads import data, published
from amphitrite_training.surveys.asid.heads.data import Batches, turned
from amphitrite_training.surveys.asid.heads.labelled_peaks import LabelledPeaks
from amphitrite_training.surveys.asid.heads.recipe import SHIPPED_FLUX


def patch_of_noise(seed=3):
    rng = np.random.default_rng(seed)
    return {
        f"counts_{band.name}": rng.poisson(2, (band.pixels, band.pixels)).astype(
            np.float32
        )
        for band in BANDS
    }


def cut(counts, row, column):
    row, column = np.float32(row), np.float32(column)
    cutouts = peaks.cutouts(counts, row, column, bands=BANDS[:3], pixels=20)
    score = np.full(len(row), 0.5, np.float32)
    return cutouts, peaks.auxiliary(cutouts, row, column, score, peak_band=1)


@pytest.mark.parametrize("turn", range(8))
def test_turning_a_find_is_finding_it_in_the_turned_patch(turn, made_up):
    rng = np.random.default_rng(turn)
    counts = patch_of_noise()
    row, column = rng.uniform(20, 107, (2, 6)).astype(np.float32)
    cutouts, auxiliary = cut(counts, row, column)
    offset = rng.normal(size=(6, 2)).astype(np.float32)
    some = replace(
        made_up(6, fakes=0.0), cutouts=cutouts, auxiliary=auxiliary, offset=offset
    )
    found = turned(some, np.full(6, turn))

    x, y = offset.T
    if turn & 1:
        counts, row, y = {k: v[::-1] for k, v in counts.items()}, 127 - row, -y
    if turn & 2:
        counts, column, x = {k: v[:, ::-1] for k, v in counts.items()}, 127 - column, -x
    if turn & 4:
        counts, row, column = {k: v.T for k, v in counts.items()}, column, row
        x, y = y, x
    expected, numbers = cut(counts, row, column)
    np.testing.assert_array_equal(found.cutouts[:, 1:, 1:], expected[:, 1:, 1:])
    # fractions of a pixel in single precision, of numbers up to 128
    np.testing.assert_allclose(found.auxiliary[:, 2:4], numbers[:, 2:4], atol=3e-5)
    np.testing.assert_array_equal(found.offset, np.stack([x, y], axis=1))


def test_an_epoch_shows_every_find_once_and_another_order_next_time(made_up):
    some = made_up(20, fakes=0.0)
    batches = Batches(some, "flux", batch_size=5, seed=1, vary=True)
    assert len(batches) == 4
    epochs = [
        np.concatenate([batches.batch(e, i)[1]["members"][:, 0] for i in range(4)])
        for e in range(2)
    ]
    for fluxes in epochs:
        np.testing.assert_array_equal(np.sort(fluxes), np.sort(np.log10(some.flux)))
    assert not np.array_equal(*epochs)


def test_a_batch_is_the_same_for_the_same_call(made_up):
    batches = Batches(made_up(20), "fake", batch_size=5, seed=1, vary=True)
    one, two = batches.batch(3, 2), batches.batch(3, 2)
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys()
        for name, array in a.items():
            np.testing.assert_array_equal(array, b[name])


def test_validation_is_not_turned(made_up):
    some = made_up(10, fakes=0.0)
    given, true = Batches(some, "offset", 5, 1, vary=False).batch(7, 1)
    np.testing.assert_array_equal(given["cutouts"], some.cutouts[5:])
    np.testing.assert_array_equal(true["members"], some.offset[5:])
    assert "exposure" not in given


def test_fluxes_and_offsets_are_learned_on_sources_alone(made_up):
    some = made_up(50)
    recipe = replace(SHIPPED_FLUX, least_score=0.5)
    high = some.score > 0.5
    assert len(data.chosen(some, recipe, "fake")) == high.sum()
    assert len(data.chosen(some, recipe, "flux")) == (high & some.is_real).sum()
    labels = data.targets(some, "fake")["fake_logit"]
    np.testing.assert_array_equal(labels, np.isnan(some.flux))


@pytest.mark.export
class TestCache:
    """Three patches of a sky, kept in the cache folder."""

    @pytest.fixture
    def found(self, tmp_path, monkeypatch):
        pytest.importorskip("onnxruntime", reason="needs the export extra")
        monkeypatch.setenv("AMPHITRITE_CACHE", str(tmp_path / "cache"))
        detector = published.published()
        return lambda seed=1: data.found([seed], "A", detector, every=256)

    def test_peaks_are_kept(self, found, tmp_path):
        first = found()
        (kept,) = (tmp_path / "cache" / "finds").glob("asid-1A-*.npz")
        stamp = kept.stat().st_mtime_ns
        again = found()
        assert kept.stat().st_mtime_ns == stamp
        assert isinstance(again, LabelledPeaks)
        np.testing.assert_array_equal(first.cutouts, again.cutouts)

    def test_a_damaged_file_is_told(self, found, tmp_path):
        found()
        (kept,) = (tmp_path / "cache" / "finds").glob("*.npz")
        kept.write_bytes(kept.read_bytes()[:-500])
        with pytest.raises(BadInput, match="remove that file"):
            found()

    def test_a_cache_that_cannot_be_written_is_told(self, found, tmp_path):
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "finds").write_text("a file in the way")
        with pytest.raises(OutputError, match="AMPHITRITE_CACHE"):
            found()
