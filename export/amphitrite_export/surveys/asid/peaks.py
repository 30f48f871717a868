"""Peak finding as an ONNX graph, so that one call to the server detects sources.

The graph computes what the client's own peak finder computes from the same mask: the
scale-normalised Laplacian of Gaussian, its maxima over 3 x 3 pixels above a floor, and
their positions to a fraction of a pixel.  It also cuts the counts around each peak out
of the three bands with the finest grids, for the networks that describe a source, and
computes their auxiliary inputs as `amphitrite.surveys.asid.interpret.peaks.auxiliary`.

A Gaussian filter with a mirrored border is a linear map of the rows, then of the
columns, of an image of known size: a matrix on either side.  With ONNX Runtime on one
thread four such products take 0.17 ms a mask; separable convolutions take 0.83 ms at a
sigma of 6 pixels and 0.42 ms at 2.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import CUTOUT_BANDS, PEAK_BAND, Band
from amphitrite.surveys.asid.page import CUTOUT_PIXELS, MASK_PIXELS, PEAKS
from amphitrite_export.conversion.convert import IR_VERSION, OPSET, signature

MAX_PEAKS: Final = 64
TRUNCATE: Final = 4.0

_MARGIN: Final = CUTOUT_PIXELS // 2


def peaks_model(
    *, log_sigma_pixels: float, peak_floor: float, max_peaks: int = MAX_PEAKS
) -> onnx.ModelProto:
    """Build the graph that fulfils `amphitrite.surveys.asid.page.PEAKS`.

    Parameters
    ----------
    log_sigma_pixels : float
        Standard deviation of the Gaussian, in pixels of the mask.
    peak_floor : float
        A maximum counts as a peak if its response is above this.
    max_peaks : int
        Length K of the list of peaks.

    Returns
    -------
    onnx.ModelProto
        Of opset 17, standard operators only, with a free batch axis.

    Raises
    ------
    BadInput
        A value is out of its range.

    Notes
    -----
    With m the mask, the response is -sigma^2 times its Laplacian of Gaussian [1]_, the
    kernels cut at 4 sigma and the border mirrored with the edge pixel repeated.  A
    maximum on the border counts; of several equal neighbours all count.  Equal
    responses come in the order of their rows, then columns.

    Along each axis a parabola through a peak b and its neighbours a and c moves the
    position by (a - c) / 2 (a - 2b + c), at most half a pixel; not at all where a
    neighbour lies outside the mask or all three are equal.

    The cut-out of a band whose pixels are s times smaller than the mask's begins
    10 pixels before the pixel floor((c + 1/2) s) that holds the position c.

    A NaN in a mask spreads over its responses, and such a mask has no peak.

    References
    ----------
    .. [1] T. Lindeberg 1998, International Journal of Computer Vision 30, 79,
       https://doi.org/10.1023/A:1008045108935
    """
    _check(log_sigma_pixels, peak_floor, max_peaks)
    model = onnx.parser.parse_model(_text())
    constants = _constants() | {
        "smooth": _float(filter_matrix(log_sigma_pixels, order=0)),
        "curve": _float(
            -(log_sigma_pixels**2) * filter_matrix(log_sigma_pixels, order=2)
        ),
        "floor": _float(peak_floor),
        "max_peaks": np.array([max_peaks]),
    }
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def filter_matrix(sigma: float, *, order: int) -> NDArray[np.float64]:
    """Return a Gaussian filter along one axis of the mask as a matrix.

    Parameters
    ----------
    sigma : float
        Standard deviation, pixels.
    order : int
        Which derivative of the Gaussian.

    Returns
    -------
    (128, 128) ndarray of float64
        ``matrix @ image`` filters along the rows' index, ``image @ matrix.T`` along the
        columns'; symmetric for even orders.
    """
    matrix: NDArray[np.float64] = gaussian_filter1d(
        np.eye(MASK_PIXELS),
        sigma,
        axis=0,
        order=order,
        mode="reflect",
        truncate=TRUNCATE,
    )
    return matrix


def _check(log_sigma_pixels: float, peak_floor: float, max_peaks: int) -> None:
    if not 0 < log_sigma_pixels < MASK_PIXELS:  # refuses NaN too
        raise BadInput(
            f"log_sigma_pixels must be above 0 and below {MASK_PIXELS} pixels; "
            f"received {log_sigma_pixels}"
        )
    # 0 is the score of an empty place in the list
    if not 0 <= peak_floor < np.inf:
        raise BadInput(
            f"peak_floor must be a number of at least 0; received {peak_floor}"
        )
    if not 1 <= max_peaks <= MASK_PIXELS**2:
        raise BadInput(
            f"max_peaks must be from 1 to {MASK_PIXELS**2}; received {max_peaks}"
        )


def _text() -> str:
    """Return the graph in ONNX's own notation, without its constants.

    Shapes in the comments: N masks, K places in the list.
    """
    return f"""
<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>
{PEAKS.name} ({signature(PEAKS.inputs)}) => ({signature(PEAKS.outputs)})
{{
    # the response: smoothed along the rows and curvature along the columns, and the
    # other way round; both filters are symmetric matrices
    smooth_rows = MatMul (mask, smooth)
    curve_rows = MatMul (mask, curve)
    curve_columns = MatMul (curve, smooth_rows)
    smooth_columns = MatMul (smooth, curve_rows)
    response = Add (curve_columns, smooth_columns)

    # its maxima above the floor
    channel = Unsqueeze (response, axis_1)
    pooled = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (channel)
    highest = Squeeze (pooled, axis_1)
    top = Equal (response, highest)
    high = Greater (response, floor)
    peak = And (top, high)
    candidate = Where (peak, response, zero)

    # how many there are, (N, 1)
    marked = Cast <to = {onnx.TensorProto.INT32}> (peak)
    marks = Flatten (marked)
    n_peaks = ReduceSum (marks, axis_1)

    # the strongest, (N, K).  Triton's ONNX Runtime backend compares the lengths of
    # outputs exactly, so that an axis which the configuration leaves free must be free
    # in the file: K is made to depend on the batch, which always has more pixels.
    n_pixels = Size (mask)
    length = Min (max_peaks, n_pixels)
    candidates = Flatten (candidate)
    score, index = TopK (candidates, length)
    found = Greater (score, zero)

    # their pixels, (N, K, 2)
    index_3 = Unsqueeze (index, last)
    quotient = Div (index_3, strides)
    pixel = Mod (quotient, side)
    after_first = Greater (pixel, first)
    before_last = Less (pixel, final)
    inside = And (after_first, before_last)

    # how far the response drops towards the neighbours before and after, (N, K, 2, 2)
    index_4 = Unsqueeze (index_3, last)
    beside = Add (index_4, neighbours)
    beside_inside = Clip (beside, first, final_pixel)
    beside_flat = Flatten (beside_inside)
    responses = Flatten (response)
    neighbour_flat = GatherElements <axis = 1> (responses, beside_flat)
    neighbour = Reshape (neighbour_flat, by_neighbour)
    score_4 = Unsqueeze (score, axes_2_3)
    drop = Sub (score_4, neighbour)
    drop_before, drop_after = Split <axis = 3> (drop)

    # the shift to the top of the parabola, half a pixel at most, (N, K, 2)
    difference_4 = Sub (drop_before, drop_after)
    difference = Squeeze (difference_4, last)
    total_4 = Add (drop_before, drop_after)
    total = Squeeze (total_4, last)
    curved = Greater (total, zero)
    movable = And (inside, curved)
    divisor = Where (movable, total, one)
    quotient_of_drops = Div (difference, divisor)
    half_quotient = Mul (quotient_of_drops, half)
    shift = Where (movable, half_quotient, zero)
    pixel_centre = Cast <to = {onnx.TensorProto.FLOAT}> (pixel)
    position = Add (pixel_centre, shift)
    found_3 = Unsqueeze (found, last)
    peaks = Where (found_3, position, zero)

    # counts around each peak
    from_edge = Add (peaks, half)
    {"".join(_cutout_text(band) for band in CUTOUT_BANDS)}
    all_cutouts = Concat <axis = 4> ({_names("cutout", CUTOUT_BANDS)})
    found_5 = Unsqueeze (found, axes_2_3_4)
    cutouts = Where (found_5, all_cutouts, zero)
    valid = Identity (found)

    # the auxiliary inputs of the networks that describe a source, (N, K, 5)
    all_counts = ReduceSum (cutouts, axes_2_3_4)
    around = Slice (cutouts, around_starts, around_ends, axes_2_3_4)
    peak_counts = ReduceMax <axes = [2, 3, 4]> (around)
    two_counts = Concat <axis = 2> (all_counts, peak_counts)
    two_counts_3 = Reshape (two_counts, by_two_counts)
    two_counts_1 = Add (two_counts_3, one)
    natural_logs = Log (two_counts_1)
    logs = Mul (natural_logs, per_log_10)
    nearest = Floor (from_edge)
    fraction = Sub (peaks, nearest)
    score_3 = Unsqueeze (score, last)
    all_auxiliary = Concat <axis = 2> (logs, fraction, score_3)
    auxiliary = Where (found_3, all_auxiliary, zero)
}}
"""


def _cutout_text(band: Band) -> str:
    """Return the part of the graph that cuts the peaks out of one band's counts.

    The counts get a margin of zeros, so that a window around pixel i begins at i.
    """
    name = band.name
    return f"""
    scaled_{name} = Mul (from_edge, scale_{name})
    floor_{name} = Floor (scaled_{name})
    pixel_{name} = Cast <to = {onnx.TensorProto.INT64}> (floor_{name})
    offsets_{name} = Mul (pixel_{name}, strides_{name})
    corner_{name} = ReduceSum <keepdims = 1> (offsets_{name}, last)
    taken_{name} = Add (corner_{name}, window_{name})
    index_{name} = Flatten (taken_{name})
    padded_{name} = Pad (counts_{name}, margins)
    image_{name} = Flatten (padded_{name})
    flat_{name} = GatherElements <axis = 1> (image_{name}, index_{name})
    cutout_{name} = Reshape (flat_{name}, by_cutout)
"""


def _names(stem: str, bands: Iterable[Band]) -> str:
    return ", ".join(f"{stem}_{band.name}" for band in bands)


def _constants() -> dict[str, NDArray[Any]]:
    """Return the constants that do not depend on `peaks_model`'s arguments, by name."""
    side = MASK_PIXELS
    constants = {
        "zero": _float(0),
        "half": _float(0.5),
        "one": _float(1),
        "axis_1": np.array([1]),
        "last": np.array([-1]),
        "axes_2_3": np.array([2, 3]),
        "axes_2_3_4": np.array([2, 3, 4]),
        "side": np.array(side),
        "strides": np.array([side, 1]),
        "first": np.array(0),
        "final": np.array(side - 1),
        "final_pixel": np.array(side**2 - 1),
        "neighbours": np.array([[-side, side], [-1, 1]]),
        "by_neighbour": np.array([0, -1, 2, 2]),
        "margins": np.array([0, _MARGIN, _MARGIN] * 2),
        "by_cutout": np.array([0, -1, CUTOUT_PIXELS, CUTOUT_PIXELS, 1]),
        "by_two_counts": np.array([0, -1, 2]),
        "around_starts": np.array([_MARGIN - 1, _MARGIN - 1, PEAK_BAND]),
        "around_ends": np.array([_MARGIN + 2, _MARGIN + 2, PEAK_BAND + 1]),
        "per_log_10": _float(1 / np.log(10)),
    }
    along = np.arange(CUTOUT_PIXELS)
    for band in CUTOUT_BANDS:
        stride = band.pixels + 2 * _MARGIN
        constants |= {
            f"scale_{band.name}": _float(band.pixels / side),
            f"strides_{band.name}": np.array([stride, 1]),
            f"window_{band.name}": (stride * along[:, None] + along).ravel(),
        }
    return constants


def _float(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
