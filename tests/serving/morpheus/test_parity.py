"""The same answers as the original program, and as a plain program of the tests."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.api import run
from amphitrite.surveys.morpheus.page import LABELS
from amphitrite.triton.repository import find_repository

pytestmark = pytest.mark.triton

STAMPS = [
    "GDS_deep2_6739",
    "GDS_ers2_12623",
    "GDS_ers2_13830",
    "GDS_ers2_14393",
    "GDS_wide2_14393",
    "GDS_wide2_208",
]


def plane(out, label, extension):
    return fits.getdata(out / f"{label}.fits", extension)


def test_a_stamp_equals_the_original_program(
    real_data, beside_data, amphitrite, morpheus_server, tmp_path
):
    original = np.load(beside_data("reference/morpheus_original_stamp.npz"))
    paths = [real_data / "hst" / f"GDS_ers2_12623_{band}.fits.gz" for band in "hjvz"]
    out = tmp_path / "out"
    done = amphitrite(
        *("morpheus", *paths, "-o", out, "--stride", 1, "--no-report"),
        *("--server", morpheus_server.grpc_url),
    )
    assert done.returncode == 0, done.stderr
    count = fits.getdata(out / "count.fits")
    np.testing.assert_array_equal(count, original["n"])
    agree = np.ones(count.shape, bool)
    for label in LABELS:
        # The original sums in single precision: 900 steps of 6e-8 each.
        np.testing.assert_allclose(
            plane(out, label, "MEAN"), original[f"{label}_mean"], atol=1e-5
        )
        np.testing.assert_allclose(
            plane(out, label, "VARIANCE"), original[f"{label}_var"], atol=1e-5
        )
        # Two classes may be equal to the last bit in a window.
        difference = np.abs(plane(out, label, "RANK_VOTE") - original[label])
        agree &= difference <= 1.001 / np.maximum(count, 1)
    assert agree.mean() >= 0.999
    np.testing.assert_array_equal(fits.getdata(out / "segmap.fits"), original["segmap"])
    catalogue = fits.getdata(out / "catalogue.fits")
    sources = json.loads(str(original["catalog"]))
    assert len(catalogue) == len(sources)
    for row, source in zip(catalogue, sources, strict=True):
        assert row["id"] == source["id"]
        assert [row["y"], row["x"]] == source["location"]
        assert row["morphology"] == LABELS[np.argmax(source["morphology"])]


@pytest.mark.parametrize("stamp", STAMPS)
def test_candels_stamps_show_their_galaxy(stamp, real_data, connection, tmp_path):
    paths = [real_data / "hst" / f"{stamp}_{band}.fits.gz" for band in "hjvz"]
    table = run("morpheus", paths, connection, output=tmp_path / "out", report=False)
    segments = fits.getdata(real_data / "hst" / f"{stamp}_segmap.fits.gz")
    background = plane(tmp_path / "out", "background", "MEAN")
    judged = fits.getdata(tmp_path / "out" / "count.fits") > 0
    middle = tuple(length // 2 for length in segments.shape)
    assert background[(segments == 0) & judged].mean() > 0.7
    assert background[middle] < 0.05
    assert len(table) >= 1


def test_two_images_of_one_galaxy_agree(real_data, connection, tmp_path):
    shares = []
    for stamp in ("GDS_ers2_14393", "GDS_wide2_14393"):
        paths = [real_data / "hst" / f"{stamp}_{band}.fits.gz" for band in "hjvz"]
        table = run("morpheus", paths, connection, output=tmp_path / stamp)
        middle = fits.getdata(paths[0]).shape
        nearest = np.hypot(
            table["y"].value - middle[0] / 2, table["x"].value - middle[1] / 2
        ).argmin()
        shares.append([table[f"p_{label}"][nearest] for label in LABELS[:-1]])
    np.testing.assert_allclose(*shares, atol=0.1)


def every_window(field, stride, network):
    """Mean, variance, vote and count from the definition, each window by itself."""
    ny, nx = field.shape[1:]
    seen = [[[] for _ in range(nx)] for _ in range(ny)]
    for y0 in sorted({*range(0, ny - 39, stride), ny - 40}):
        for x0 in sorted({*range(0, nx - 39, stride), nx - 40}):
            window = field[:, y0 : y0 + 40, x0 : x0 + 40].transpose(1, 2, 0)
            answer = network(window[None])[0]
            for dy in range(5, 35):
                for dx in range(5, 35):
                    seen[y0 + dy][x0 + dx].append(answer[dy, dx])
    shape = (5, ny, nx)
    mean, variance, vote = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for y in range(ny):
        for x in range(nx):
            if seen[y][x]:
                values = np.array(seen[y][x], dtype=np.float64)
                mean[:, y, x] = values.mean(0)
                variance[:, y, x] = values.var(0)
                vote[:, y, x] = np.bincount(values.argmax(1), minlength=5) / len(values)
    return mean, variance, vote, np.array([[len(v) for v in row] for row in seen])


@pytest.fixture(scope="module")
def network():
    ort = pytest.importorskip("onnxruntime", reason="needs the export extra")
    session = ort.InferenceSession(find_repository() / "morpheus" / "1" / "model.onnx")
    return lambda window: session.run(["probabilities"], {"windows": window})[0]


@pytest.mark.parametrize(("stride", "heights"), [(1, [3, 100]), (4, [1, 9, 100])])
def test_every_window_by_hand_gives_the_same(
    stride, heights, network, connection, blobs, write_bands, tmp_path
):
    field = blobs((52, 55))
    paths = write_bands(field)
    expected = every_window(field, stride, network)
    maps = []
    for height in heights:
        out = tmp_path / f"out{height}"
        run("morpheus", paths, connection, output=out, stride=stride, strip_rows=height)
        planes = [
            np.array([plane(out, label, name) for label in LABELS])
            for name in ("MEAN", "VARIANCE", "RANK_VOTE")
        ]
        count = fits.getdata(out / "count.fits")
        np.testing.assert_array_equal(count, expected[3])
        # Single precision of the network in batches of another size, and of the FITS.
        np.testing.assert_allclose(planes[0], expected[0], atol=1e-5)
        np.testing.assert_allclose(planes[1], expected[1], atol=1e-5)
        close = np.abs(planes[2] - expected[2]) <= 1.001 / np.maximum(count, 1)
        assert close.mean() > 0.999
        maps.append(np.array(planes))
    for others in maps[1:]:
        # Batches cut elsewhere may differ in the last bit of single precision.
        np.testing.assert_allclose(others, maps[0], atol=2e-6)
