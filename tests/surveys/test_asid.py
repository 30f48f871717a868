"""The asid page's own work, without a server."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from amphitrite import catalogs
from amphitrite.bands import BANDS
from amphitrite.detections import Detections
from amphitrite.detector import Detector
from amphitrite.errors import BadInput, InferenceFailed
from amphitrite.footprints import Circle, WholeSky
from amphitrite.patches import MASK_PIXELS, unit_vectors
from amphitrite.peaks import find
from amphitrite.photons import Photons
from amphitrite.surveys.asid import (
    COLUMNS,
    FLAGS,
    MODEL,
    Options,
    PatchWork,
    interpret,
    prepare,
)
from amphitrite.tiling import Tiles, centres

DETECTOR = Detector(
    sigma=4.0, floor=0.05, radius_degrees=0.3, thresholds={"11111": 0.2}
)
WHOLE = dict.fromkeys(BANDS, 1.0)


@pytest.fixture
def tiles():
    rng = np.random.default_rng(2)
    vectors = unit_vectors(rng.uniform(40, 60, 5000), rng.uniform(-10, 10, 5000))
    bands = rng.integers(0, 5, 5000).astype(np.uint8)
    return Tiles(Photons(vectors.astype(np.float32), bands, WHOLE, WholeSky()))


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
    }
    return outputs, peaks


def test_preparing_twice_gives_the_same_request(tiles):
    patch = patch_near(50, 0)
    first, second = (
        list(prepare(patch, tiles=tiles, detector=DETECTOR, route="server").requests())
        for _ in range(2)
    )
    ((_, one),), ((_, two),) = first, second
    for tensor in MODEL.inputs:
        assert one[tensor.name].shape == (1, *tensor.shape)
        assert one[tensor.name].dtype == tensor.dtype
        np.testing.assert_array_equal(one[tensor.name], two[tensor.name])
    assert set(one) == {tensor.name for tensor in MODEL.inputs}


def test_a_patch_without_photons_is_not_sent(tiles):
    work = prepare(patch_near(200, 50), tiles=tiles, detector=DETECTOR, route="server")
    assert list(work.requests()) == []
    assert work.record()["score"].size == 0


@pytest.mark.parametrize(("n_listed", "many"), [(8, False), (3, False), (2, True)])
def test_the_list_is_taken_unless_it_is_too_short(n_listed, many):
    outputs, peaks = answer(n_listed)
    work = PatchWork({}, DETECTOR, "server")
    work.add(None, outputs)
    record = work.record()
    assert len(peaks) == 3
    np.testing.assert_allclose(record["row"], peaks.row, atol=1e-4)
    np.testing.assert_allclose(record["column"], peaks.column, atol=1e-4)
    np.testing.assert_allclose(record["score"], peaks.score, atol=1e-6)
    assert bool(record["many"]) is many


def test_the_client_s_route_does_not_look_at_the_list():
    outputs, peaks = answer(8)
    outputs["peaks"] = outputs["peaks"] + 5
    work = PatchWork({}, DETECTOR, "client")
    work.add(None, outputs)
    np.testing.assert_allclose(work.record()["row"], peaks.row, atol=1e-4)


@pytest.mark.parametrize("name", ["mask", "peaks", "score"])
def test_an_answer_that_is_not_finite_is_refused(name):
    outputs, _ = answer(8)
    outputs[name] = np.full_like(outputs[name], np.nan)
    with pytest.raises(InferenceFailed, match="holds NaN"):
        PatchWork({}, DETECTOR, "server").add(None, outputs)


def detections(lon, lat, *, many=False):
    vectors = unit_vectors(np.asarray(lon, float), np.asarray(lat, float))
    n = len(vectors)
    return Detections(
        vectors,
        np.linspace(0.9, 0.5, n).astype(np.float32),
        np.arange(n, dtype=np.int32),
        np.full(n, 3.0),
        np.full(n, many),
    )


def test_rows_are_sorted_and_in_both_frames():
    rng = np.random.default_rng(3)
    found = detections(rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50))
    rows = interpret(found, WholeSky(), WHOLE)
    assert set(rows) == {column.name for column in COLUMNS}
    assert (np.diff(rows["ra"]) >= 0).all()
    equatorial = SkyCoord(rows["ra"], rows["dec"], unit="deg")
    galactic = SkyCoord(rows["l"], rows["b"], unit="deg", frame="galactic")
    assert equatorial.separation(galactic).arcsec.max() < 1e-6
    np.testing.assert_array_equal(rows["score"][np.argsort(rows["patch"])], found.score)
    assert set(rows["flags"]) == {""}


def test_flags_say_what_is_wrong_with_a_row():
    footprint = Circle(10.0, 20.0, 5.0)
    found = detections([10.0, 10.0], [20.0, 24.7], many=True)
    rows = interpret(found, footprint, {BANDS[0]: 1.0, BANDS[1]: 0.4})
    at_edge = rows["b"] > 24
    common = "partial_band,missing_band,many_peaks"
    assert rows["flags"][~at_edge].tolist() == [common]
    assert rows["flags"][at_edge].tolist() == [f"edge,{common}"]
    assert rows["flags"][at_edge][0].split(",") == list(FLAGS)


def test_no_detection_is_a_table_with_all_columns():
    table = catalogs.table(COLUMNS, interpret(detections([], []), WholeSky(), WHOLE))
    assert len(table) == 0
    assert table.colnames == [column.name for column in COLUMNS]


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(BadInput, match="positive and finite number; received"):
        Options(threshold=threshold)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peaks": "both"}, "--peaks must be one of server, client; received both"),
        ({"regions": "a.txt"}, r"--regions must be .* ends in .reg; received a.txt"),
        ({"plot": "a.reg"}, r"--plot must be .* ends in .png; received a.reg"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        Options(**options)
