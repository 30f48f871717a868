"""Patches and peaks as they are sent to a server, and what is made of its answers."""

import numpy as np
import pytest

from amphitrite.surveys.asid.bands import BANDS, CUTOUT_BANDS, PEAK_BAND
from amphitrite.surveys.asid.interpret import peaks as peak_finding
from amphitrite.surveys.asid.interpret.peaks import Peaks, find
from amphitrite.surveys.asid.learned import Detector
from amphitrite.surveys.asid.page import CUTOUT_PIXELS, HEADS_MODEL, MASK_PIXELS, MODEL
from amphitrite.surveys.asid.prepare.exposures import Exposure
from amphitrite.surveys.asid.prepare.footprints import WholeSky
from amphitrite.surveys.asid.prepare.observation import Observation
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons
from amphitrite.surveys.asid.prepare.tiling import Tiles, centres
from amphitrite.surveys.asid.work import (
    OUTPUTS,
    PatchWork,
    SourcesWork,
    prepare,
    prepare_sources,
)

DETECTOR = Detector(
    sigma=4.0, floor=0.05, radius_degrees=0.3, thresholds={"11111": 0.2}
)
WHOLE = dict.fromkeys(BANDS, 1.0)
EXPOSURE = np.full(5, 1e11, np.float32)


@pytest.fixture
def sky():
    rng = np.random.default_rng(2)
    vectors = unit_vectors(rng.uniform(40, 60, 5000), rng.uniform(-10, 10, 5000))
    bands = rng.integers(0, 5, 5000).astype(np.uint8)
    photons = Photons(vectors.astype(np.float32), bands, WHOLE, WholeSky())
    return Observation(Tiles(photons), None, EXPOSURE)


def patch_near(lon, lat):
    return min(centres(), key=lambda p: abs(p.lon - lon) + abs(p.lat - lat))


def answer(n_listed, *, n_peaks=None):
    """Return what a server that lists at most so many peaks says of one mask."""
    y, x = np.mgrid[:MASK_PIXELS, :MASK_PIXELS]
    mask = np.zeros((MASK_PIXELS, MASK_PIXELS))
    for row, column in [(20, 30), (60, 61.4), (90.2, 100)]:
        mask = np.maximum(mask, 1 - ((y - row) ** 2 + (x - column) ** 2) / 64)
    peaks = find(mask, sigma=DETECTOR.sigma, floor=DETECTOR.floor)
    listed = np.zeros((n_listed, 2), np.float32)
    score = np.zeros(n_listed, np.float32)
    n = min(n_listed, len(peaks))
    listed[:n] = np.column_stack([peaks.row, peaks.column])[:n]
    score[:n] = peaks.score[:n]
    outputs = {
        "mask": mask.astype(np.float32)[None],
        "peaks": listed[None],
        "score": score[None],
        "n_peaks": np.array([[len(peaks)]], np.int32),
        **said_of(n_listed, valid=n),
    }
    return outputs, peaks


def said_of(n, *, valid):
    """Return what the networks say of a list with so many peaks: NaN of the rest."""
    shapes = {tensor.name: tensor.shape[1:] for tensor in HEADS_MODEL.outputs}
    answer = {
        name: np.full((1, n, *shape), np.nan, np.float32)
        for name, shape in shapes.items()
    }
    for number, values in enumerate(answer.values(), start=1):
        values[0, :valid] = number
    return answer


def test_preparing_twice_gives_the_same_request(sky):
    patch = patch_near(50, 0)
    first, second = (
        list(prepare(patch, sky=sky, detector=DETECTOR, route="server").requests())
        for _ in range(2)
    )
    ((_, one),), ((_, two),) = first, second
    for tensor in MODEL.inputs:
        assert one[tensor.name].shape == (1, *tensor.shape)
        assert one[tensor.name].dtype == tensor.dtype
        np.testing.assert_array_equal(one[tensor.name], two[tensor.name])
    assert set(one) == {tensor.name for tensor in MODEL.inputs}
    assert set(OUTPUTS["server"]) <= {tensor.name for tensor in MODEL.outputs}


def test_a_patch_without_photons_is_not_sent(sky):
    work = prepare(patch_near(200, 50), sky=sky, detector=DETECTOR, route="server")
    assert list(work.requests()) == []
    assert work.record()["score"].size == 0


@pytest.mark.parametrize(("n_listed", "many"), [(8, False), (3, False), (2, True)])
def test_the_list_is_taken_unless_it_is_too_short(n_listed, many):
    outputs, peaks = answer(n_listed)
    work = PatchWork({}, EXPOSURE, DETECTOR, "server")
    work.add(None, outputs)
    record = work.record()
    assert len(peaks) == 3
    np.testing.assert_allclose(record["row"], peaks.row, atol=1e-4)
    np.testing.assert_allclose(record["column"], peaks.column, atol=1e-4)
    np.testing.assert_allclose(record["score"], peaks.score, atol=1e-6)
    assert bool(record["many"]) is many
    assert record["p_fake"].shape == (3,)
    assert np.isnan(record["p_fake"]).all() == many
    assert record["offset"].shape == (3, 2)


@pytest.mark.parametrize(("n_listed", "many"), [(8, False), (2, True)])
def test_the_client_s_route_counts_the_list_and_finds_its_own(n_listed, many):
    outputs, peaks = answer(n_listed)
    outputs = {name: outputs[name] for name in OUTPUTS["client"]}
    work = PatchWork({}, EXPOSURE, DETECTOR, "client")
    work.add(None, outputs)
    record = work.record()
    # those of the mask in single precision
    np.testing.assert_allclose(record["row"], peaks.row, atol=1e-4)
    assert np.isnan(record["p_fake"]).all()
    assert bool(record["many"]) is many


def test_the_clients_peaks_are_sent_as_the_server_would_cut_them(sky):
    patch = patch_near(50, 0)
    rng = np.random.default_rng(4)
    row, column = rng.uniform(2, 125, (2, 9)).astype(np.float32)
    found = Peaks(row, column, np.linspace(1, 0.1, 9, dtype=np.float32))
    ((_, tensors),) = prepare_sources((patch, found), sky=sky).requests()
    for tensor in HEADS_MODEL.inputs:
        shape = [9 if length < 0 else length for length in tensor.shape]
        assert tensors[tensor.name].shape == (1, *shape)
        assert tensors[tensor.name].dtype == tensor.dtype
    assert set(tensors) == {tensor.name for tensor in HEADS_MODEL.inputs}
    assert tensors["valid"].all()
    cut = peak_finding.cutouts(
        sky.tiles.counts(patch), row, column, bands=CUTOUT_BANDS, pixels=CUTOUT_PIXELS
    )
    assert cut.any()
    np.testing.assert_array_equal(tensors["cutouts"][0], cut)
    auxiliary = tensors["auxiliary"][0]
    np.testing.assert_allclose(
        auxiliary[:, 0], np.log10(1 + cut.sum(axis=(1, 2, 3))), rtol=1e-6
    )
    middle = cut[:, 9:12, 9:12, PEAK_BAND].reshape(9, -1)
    np.testing.assert_allclose(
        auxiliary[:, 1], np.log10(1 + middle.max(axis=1)), rtol=1e-6
    )
    # of coordinates up to 128 in single precision
    np.testing.assert_allclose(auxiliary[:, 2], row - np.rint(row), atol=1e-5)
    np.testing.assert_allclose(auxiliary[:, 3], column - np.rint(column), atol=1e-5)
    np.testing.assert_array_equal(auxiliary[:, 4], found.score)


def test_what_is_said_of_the_clients_peaks_is_kept():
    three = np.arange(3, dtype=np.float32)
    work = SourcesWork({}, EXPOSURE, Peaks(three, three, three))
    work.add(None, said_of(3, valid=3))
    record = work.record()
    # the two variances add up; that of the position is a mean of its two coordinates
    flux, kinds, _, fake, offset, offsets = range(1, 7)
    assert record["log10_flux"].tolist() == [flux] * 3
    assert record["flux_variance"].tolist() == [2 * kinds] * 3
    assert record["p_fake"].tolist() == [fake] * 3
    assert record["offset"].tolist() == [[offset, offset]] * 3
    assert record["offset_variance"].tolist() == [2 * offsets] * 3


def test_a_patch_has_the_exposure_of_its_centre_or_that_of_the_training(sky):
    values = np.full((5, 2), 3e11, np.float32)
    values[:, 1] = np.nan
    exposure = Exposure(values, lambda vectors: (vectors[:, 2] < 0).astype(int))
    observed = Observation(sky.tiles, exposure, EXPOSURE)
    north, south = patch_near(50, 20), patch_near(50, -20)
    np.testing.assert_array_equal(
        observed.exposure_of([north, south]), [values[:, 0], EXPOSURE]
    )
    work = prepare(north, sky=observed, detector=DETECTOR, route="server")
    np.testing.assert_array_equal(work.exposure, values[:, 0])
