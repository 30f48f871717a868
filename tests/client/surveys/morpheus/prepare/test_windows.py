"""Windows see every inner pixel, and none that is not finite."""

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.morpheus.page import MARGIN, WINDOW
from amphitrite.surveys.morpheus.prepare.windows import (
    cut_windows,
    finite_windows,
    strips,
    window_starts,
)


@pytest.mark.parametrize("length", [40, 41, 70, 101])
@pytest.mark.parametrize("stride", [1, 4, 30])
def test_every_inner_pixel_is_judged_at_every_stride(length, stride):
    covered = np.zeros(length, bool)
    for start in window_starts(length, stride):
        covered[start + MARGIN : start + WINDOW - MARGIN] = True
    assert covered[MARGIN:-MARGIN].all()
    assert not covered[:MARGIN].any()
    assert not covered[-MARGIN:].any()


def test_strips_hold_every_window_row_once():
    starts = [s for strip in strips(100, stride=3, height=17) for s in strip.starts]
    assert starts == list(window_starts(100, 3))


def test_too_small_an_image_and_a_stride_out_of_range_are_refused():
    with pytest.raises(BadInput, match="at least 40 x 40"):
        window_starts(39, 1)
    with pytest.raises(BadInput, match="received 31"):
        window_starts(100, 31)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bad_pixel_acts_like_an_edge(value):
    pixels = np.zeros((100, 110, 4), np.float32)
    pixels[50, 60, 2] = value
    starts = tuple(int(start) for start in window_starts(100, 1))
    ys, xs = finite_windows(pixels, starts, 1)
    assert np.isfinite(cut_windows(pixels, ys, xs)).all()
    count = np.zeros(pixels.shape[:2], int)
    for y, x in zip(ys, xs, strict=True):
        count[y + MARGIN : y + WINDOW - MARGIN, x + MARGIN : x + WINDOW - MARGIN] += 1
    empty = np.argwhere(count[MARGIN:-MARGIN, MARGIN:-MARGIN] == 0) + MARGIN
    assert (empty.min(0) == (45, 55)).all()
    assert (empty.max(0) == (55, 65)).all()
    assert len(empty) == 11 * 11


def test_windows_are_cut_with_bands_last():
    pixels = np.random.default_rng(3).normal(size=(45, 50, 4)).astype(np.float32)
    cut = cut_windows(pixels, np.array([0, 5]), np.array([10, 2]))
    assert cut.flags.c_contiguous
    np.testing.assert_array_equal(cut[1], pixels[5:45, 2:42])
