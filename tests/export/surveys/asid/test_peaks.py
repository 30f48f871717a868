from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_laplace
from skimage.feature import peak_local_max

onnx = pytest.importorskip("onnx", reason="needs the export extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the export extra")

from amphitrite.errors import BadInput  # noqa: E402
from amphitrite.surveys.asid.bands import CUTOUT_BANDS, PEAK_BAND  # noqa: E402
from amphitrite.surveys.asid.interpret import peaks  # noqa: E402
from amphitrite.surveys.asid.page import CUTOUT_PIXELS, PATCH_DEGREES, PEAKS  # noqa: E402
from amphitrite.surveys.asid.prepare.patches import from_pixels, to_pixels  # noqa: E402
from amphitrite_export.surveys.asid.peaks import filter_matrix, peaks_model  # noqa: E402

pytestmark = pytest.mark.export

SIDE = 128
FLOOR = 0.05
# The response comes from four products of 128 terms each in float32, each term at most
# one: 1e-7 in practice.
RESPONSE_ATOL = 1e-6
# A position divides differences of the response by its curvature, some hundredths at
# the least where a peak rises above the floor.
POSITION_ATOL = 1e-3


def session_of(*, sigma=3.0, floor=FLOOR, max_peaks=64):
    model = peaks_model(log_sigma_pixels=sigma, peak_floor=floor, max_peaks=max_peaks)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


@pytest.fixture(scope="module")
def session():
    return session_of()


def counts_of(n, rng=None):
    """Return random counts, or none, for n patches."""
    return {
        tensor.name: (
            np.zeros((n, *tensor.shape))
            if rng is None
            else rng.poisson(0.7, (n, *tensor.shape))
        ).astype(np.float32)
        for tensor in PEAKS.inputs[1:]
    }


def find(session, masks, counts=None):
    tensors = {"mask": masks, **(counts or counts_of(len(masks)))}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, tensors), strict=True))


def soft_mask(rng, n_sources=None):
    """Return discs with soft edges, some of them cut by the border, and some noise."""
    y, x = np.mgrid[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE))
    for _ in range(rng.integers(0, 25) if n_sources is None else n_sources):
        cy, cx = rng.uniform(-2, SIDE + 1, 2)
        disc = (y - cy) ** 2 + (x - cx) ** 2 < rng.uniform(1.5, 6) ** 2
        mask = np.maximum(mask, rng.uniform(0.3, 1) * disc)
    mask = gaussian_filter(mask, 0.8) + rng.normal(0, 0.02, mask.shape)
    return np.clip(mask, 0, 1).astype(np.float32)


def response_of(mask, sigma=3.0):
    return -(sigma**2) * gaussian_laplace(
        mask.astype(np.float64), sigma, mode="reflect", truncate=4.0
    )


def expected(mask, sigma=3.0, floor=FLOOR):
    """Return positions and scores by scikit-image and plain arithmetic."""
    response = response_of(mask, sigma)
    pixels = peak_local_max(
        response, min_distance=1, threshold_abs=floor, exclude_border=False
    )
    scores = response[tuple(pixels.T)]
    order = np.argsort(-scores, kind="stable")
    positions = [
        [
            centre + shift_along(response, pixel, axis)
            for axis, centre in enumerate(pixel)
        ]
        for pixel in pixels[order]
    ]
    return np.array(positions).reshape(-1, 2), scores[order]


def shift_along(response, pixel, axis):
    line = response[:, pixel[1]] if axis == 0 else response[pixel[0]]
    i = pixel[axis]
    if not 0 < i < SIDE - 1:
        return 0.0
    a, b, c = line[i - 1 : i + 2]
    curvature = a - 2 * b + c
    return 0.0 if curvature == 0 else np.clip(0.5 * (a - c) / curvature, -0.5, 0.5)


@pytest.mark.parametrize("sigma", [1.5, 3.0, 6.0])
def test_peaks_are_those_of_scipy_and_scikit_image(sigma):
    rng = np.random.default_rng(3)
    masks = np.stack([soft_mask(rng) for _ in range(40)])
    found = find(session_of(sigma=sigma), masks)
    n_border = 0
    for i, mask in enumerate(masks):
        positions, scores = expected(mask, sigma)
        n = len(scores)
        assert found["n_peaks"][i, 0] == n
        assert np.count_nonzero(found["score"][i]) == n
        np.testing.assert_allclose(
            found["score"][i, :n], scores, rtol=0, atol=RESPONSE_ATOL
        )
        np.testing.assert_allclose(
            found["peaks"][i, :n], positions, rtol=0, atol=POSITION_ATOL
        )
        assert not found["peaks"][i, n:].any()
        n_border += np.count_nonzero((positions == 0) | (positions == SIDE - 1))
    assert n_border > 5, "the masks should have peaks on the border"


@pytest.mark.parametrize("corner", [(0, 0), (0, 127), (127, 0), (127, 127)])
def test_a_peak_in_a_corner_stays_there(session, corner):
    mask = np.zeros((SIDE, SIDE))
    mask[corner] = 1
    found = find(session, gaussian_filter(mask, 2)[None].astype(np.float32) * 20)
    assert found["n_peaks"][0, 0] == 1
    np.testing.assert_array_equal(found["peaks"][0, 0], corner)


def test_the_filters_are_symmetric_matrices_equal_to_scipys_filters():
    rng = np.random.default_rng(4)
    image = rng.random((SIDE, SIDE))
    smooth, curve = (filter_matrix(6.0, order=order) for order in (0, 2))
    have = curve @ image @ smooth + smooth @ image @ curve
    # double precision, sums of 128 terms
    np.testing.assert_allclose(-36 * have, response_of(image, 6.0), rtol=0, atol=1e-12)


def test_neighbours_of_equal_height_all_count_in_the_order_of_pixels(session):
    # Two equal pixels side by side: a response with two equal maxima.
    mask = np.zeros((1, SIDE, SIDE), np.float32)
    mask[0, 60, 60:62] = 1.0
    mask[0, 20, 90] = mask[0, 90, 20] = 0.9
    found = find(session_of(sigma=1.0), mask)
    rows, columns = found["peaks"][0, :4].T
    assert found["n_peaks"][0, 0] == 4
    np.testing.assert_array_equal(found["score"][0, [0, 2]], found["score"][0, [1, 3]])
    np.testing.assert_allclose(rows, [60, 60, 20, 90], rtol=0, atol=1e-5)
    # the parabola through a pair of equal neighbours moves both to their middle
    np.testing.assert_allclose(columns, [60.5, 60.5, 90, 20], rtol=0, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_a_flat_mask_has_no_peak(session, value):
    found = find(session, np.full((2, SIDE, SIDE), value, np.float32))
    for output in found.values():
        assert not output.any()


def test_more_peaks_than_places_keeps_the_strongest_and_counts_all():
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[4::12, 4::12] = np.linspace(0.5, 1, 121).reshape(11, 11)
    whole, short = (
        find(session_of(sigma=1.5, max_peaks=n), mask[None]) for n in (200, 10)
    )
    assert whole["n_peaks"][0, 0] == short["n_peaks"][0, 0] == 121
    assert short["peaks"].shape == (1, 10, 2)
    np.testing.assert_array_equal(short["score"], whole["score"][:, :10])
    np.testing.assert_array_equal(short["peaks"], whole["peaks"][:, :10])
    assert (np.diff(whole["score"][0]) <= 0).all()


def test_a_mask_with_nan_has_no_peak_and_leaves_the_others_alone(session):
    rng = np.random.default_rng(5)
    masks = np.stack([soft_mask(rng, 9) for _ in range(3)])
    alone = find(session, masks[[0, 2]])
    masks[1, 64, 64] = np.nan
    found = find(session, masks, counts_of(3, rng))
    assert found["n_peaks"][1, 0] == 0
    assert not found["cutouts"][1].any()
    np.testing.assert_array_equal(found["peaks"][[0, 2]], alone["peaks"])


def test_an_answer_does_not_depend_on_the_batch(session):
    rng = np.random.default_rng(6)
    masks = np.stack([soft_mask(rng, 12) for _ in range(5)])
    counts = counts_of(5, rng)
    together = find(session, masks, counts)
    for i in range(5):
        one = {name: array[i : i + 1] for name, array in counts.items()}
        for name, array in find(session, masks[i : i + 1], one).items():
            # the same products in another blocking of the matrices
            np.testing.assert_allclose(
                array[0], together[name][i], rtol=0, atol=POSITION_ATOL
            )


def test_cutouts_are_windows_of_the_counts_with_zeros_outside(session):
    rng = np.random.default_rng(7)
    masks = np.stack([soft_mask(rng) for _ in range(6)])
    counts = counts_of(6, rng)
    found = find(session, masks, counts)
    cut_by_border = 0
    for i, n in enumerate(found["n_peaks"][:, 0]):
        for j, position in enumerate(found["peaks"][i, :n]):
            for k, band in enumerate(CUTOUT_BANDS):
                row, column = np.floor(
                    (position + np.float32(0.5)) * (band.pixels / SIDE)
                ).astype(int)
                image = np.pad(counts[f"counts_{band.name}"][i], 10)
                window = image[row : row + 20, column : column + 20]
                np.testing.assert_array_equal(found["cutouts"][i, j, ..., k], window)
                cut_by_border += not 10 <= row <= band.pixels - 10
        assert not found["cutouts"][i, n:].any()
    assert cut_by_border > 10


@pytest.mark.parametrize("where", [(1.234, -3.21), (-4.6, 4.7), (0.29, 0.17)])
def test_a_photon_in_each_band_is_at_one_direction_in_all_cutouts(session, where):
    """Put a source and one photon of each band in the same direction."""
    x, y = (np.array([angle]) for angle in where)
    row, column = to_pixels(x, y, pixels=SIDE)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    mask = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 3.0**2))
    counts = counts_of(1)
    for band in CUTOUT_BANDS:
        at = (np.round(i[0]).astype(int) for i in to_pixels(x, y, pixels=band.pixels))
        counts[f"counts_{band.name}"][0][tuple(at)] = 1
    found = find(session, mask[None].astype(np.float32), counts)
    assert found["n_peaks"][0, 0] == 1
    for k, band in enumerate(CUTOUT_BANDS):
        cutout = found["cutouts"][0, 0, ..., k]
        assert cutout.sum() == 1
        corner = np.floor((found["peaks"][0, 0] + 0.5) * band.pixels / SIDE)
        photon = corner - CUTOUT_PIXELS // 2 + np.argwhere(cutout)[0]
        direction = from_pixels(*photon, pixels=band.pixels)
        half_pixel = PATCH_DEGREES / band.pixels / 2
        np.testing.assert_allclose(direction, where, rtol=0, atol=half_pixel)


def test_the_file_is_the_contract_with_a_free_list(session):
    for values, tensors in (
        (session.get_inputs(), PEAKS.inputs),
        (session.get_outputs(), PEAKS.outputs),
    ):
        assert [value.name for value in values] == [tensor.name for tensor in tensors]
        for value, tensor in zip(values, tensors, strict=True):
            shape = [n if isinstance(n, int) else -1 for n in value.shape]
            # ONNX Runtime would report a length that it can infer, and Triton's
            # backend would then refuse the -1 of the configuration.
            assert shape == [-1, *tensor.shape]
    model = peaks_model(log_sigma_pixels=3.0, peak_floor=FLOOR)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]


def test_the_same_values_give_the_same_file():
    first, second = (
        peaks_model(log_sigma_pixels=6.0, peak_floor=0.1).SerializeToString(
            deterministic=True
        )
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"log_sigma_pixels": 0.0}, "log_sigma_pixels must be above 0 and below 128"),
        ({"log_sigma_pixels": float("nan")}, "pixels; received nan"),
        ({"peak_floor": -0.1}, "peak_floor must be a number of at least 0; received"),
        ({"peak_floor": float("inf")}, "of at least 0; received inf"),
        ({"max_peaks": 0}, "max_peaks must be from 1 to 16384; received 0"),
        ({"max_peaks": 16385}, "from 1 to 16384; received 16385"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(BadInput, match=message):
        peaks_model(**{"log_sigma_pixels": 6.0, "peak_floor": 0.1, **values})


def test_the_client_finds_the_same(session):
    rng = np.random.default_rng(8)
    masks = np.stack([soft_mask(rng) for _ in range(100)])
    counts = counts_of(100, rng)
    found = find(session, masks, counts)
    total = 0
    for i, mask in enumerate(masks):
        want = peaks.find(mask, sigma=3.0, floor=FLOOR)
        n = len(want)
        assert found["n_peaks"][i, 0] == n
        have = found["peaks"][i, :n]
        positions = np.stack([want.row, want.column], axis=-1)
        np.testing.assert_allclose(have, positions, rtol=0, atol=POSITION_ATOL)
        cutouts = peaks.cutouts(
            {name: array[i] for name, array in counts.items()},
            *have.T,
            bands=CUTOUT_BANDS,
            pixels=CUTOUT_PIXELS,
        )
        np.testing.assert_array_equal(found["cutouts"][i, :n], cutouts)
        assert found["valid"][i].tolist() == [place < n for place in range(64)]
        auxiliary = peaks.auxiliary(
            cutouts, *have.T, found["score"][i, :n], peak_band=PEAK_BAND
        )
        # float32 logarithms of each runtime
        np.testing.assert_allclose(
            found["auxiliary"][i, :n], auxiliary, rtol=1e-6, atol=1e-6
        )
        assert not found["auxiliary"][i, n:].any()
        total += n
    assert total > 1000
