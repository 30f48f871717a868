"""Sums over windows against plain, slow references written from the definitions."""

import numpy as np
import pytest

from amphitrite.surveys.morpheus.interpret.sums import SCALE_BITS, Sums, merge
from amphitrite.surveys.morpheus.page import MARGIN, WINDOW
from amphitrite.surveys.morpheus.prepare.windows import (
    finite_windows,
    strips,
    window_starts,
)

N_LABELS = 5


def answers(rng, n):
    """Probabilities as a softmax gives them, some labels tied at zero."""
    logits = rng.normal(scale=6.0, size=(n, WINDOW, WINDOW, N_LABELS))
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (exp / exp.sum(axis=-1, keepdims=True)).astype(np.float32)


def by_hand(shape, ys, xs, probabilities):
    """Mean, variance, vote and count of each pixel, one window after the other."""
    seen = [[[] for _ in range(shape[1])] for _ in range(shape[0])]
    for y, x, window in zip(ys, xs, probabilities, strict=True):
        for dy in range(MARGIN, WINDOW - MARGIN):
            for dx in range(MARGIN, WINDOW - MARGIN):
                seen[y + dy][x + dx].append(window[dy, dx])
    mean = np.zeros((N_LABELS, *shape), np.float32)
    variance, vote = mean.copy(), mean.copy()
    count = np.zeros(shape, int)
    for y in range(shape[0]):
        for x in range(shape[1]):
            if values := seen[y][x]:
                whole = [
                    [round(float(p) * 2**SCALE_BITS) for p in value] for value in values
                ]
                n = count[y, x] = len(values)
                for label in range(N_LABELS):
                    column = [row[label] for row in whole]
                    m = sum(column) / n / 2**SCALE_BITS
                    second = sum(p * p for p in column) / n / 4**SCALE_BITS
                    mean[label, y, x] = m
                    variance[label, y, x] = max(second - m * m, 0.0)
                    vote[label, y, x] = (
                        sum(int(np.argmax(value)) == label for value in values) / n
                    )
    return mean, variance, vote, count


def aggregate(shape, stride, height, batch, network):
    """Run `network` over an image in strips and batches, as the survey does."""
    parts = []
    for strip in strips(shape[0], stride=stride, height=height):
        first, stop = strip.core_rows
        sums = Sums.zeros(first, (N_LABELS, stop - first, shape[1]))
        pixels = np.zeros((strip.rows[1] - strip.rows[0], shape[1], 4), np.float32)
        ys, xs = finite_windows(pixels, strip.starts, stride)
        order = np.arange(0, len(ys), batch)
        for at in order[::-1]:  # answers may come in any order
            y, x = ys[at : at + batch], xs[at : at + batch]
            probabilities = network(y, x)
            for row in np.unique(y):
                same = y == row
                sums.add_windows(int(row), x[same], probabilities[same])
        parts.append(sums)
    out = np.zeros((3, N_LABELS, *shape), np.float32)
    count = np.zeros(shape, int)
    for done in merge(parts):
        rows = slice(done.first_row, done.first_row + done.n_rows)
        out[0, :, rows] = done.mean()
        out[1, :, rows] = done.variance()
        out[2, :, rows] = done.rank_vote()
        count[rows] = done.count
    return (*out, count)


@pytest.mark.parametrize("shape", [(47, 52), (40, 41)])
@pytest.mark.parametrize("stride", [1, 3, 7])
def test_sums_equal_the_definition_for_every_strip_height(shape, stride):
    starts = [window_starts(n, stride) for n in shape]
    grid = [axis.ravel() for axis in np.meshgrid(*starts, indexing="ij")]
    probabilities = answers(np.random.default_rng(7), len(grid[0]))
    index = {(y, x): i for i, (y, x) in enumerate(zip(*grid, strict=True))}
    expected = by_hand(shape, *grid, probabilities)

    def network(ys, xs):
        return probabilities[[index[y, x] for y, x in zip(ys, xs, strict=True)]]

    for height, batch in [(1, 5), (3, 64), (1000, 13)]:
        found = aggregate(shape, stride, height, batch, network)
        for have, want in zip(found, expected, strict=True):
            np.testing.assert_array_equal(have, want)


def test_rounding_of_the_sums_is_far_below_single_precision_results():
    probabilities = answers(np.random.default_rng(8), 64)
    sums = Sums.zeros(0, (N_LABELS, WINDOW, WINDOW))
    for window in probabilities:  # the same place 64 times
        sums.add_windows(0, np.array([0]), window[None])
    core = slice(MARGIN, -MARGIN)
    exact = probabilities.astype(np.float64)[:, core, core]
    # A probability is rounded by at most 2**-27 = 7.5e-9.
    np.testing.assert_allclose(
        sums.mean()[:, core, core], exact.mean(0).transpose(2, 0, 1), atol=7e-8
    )
    np.testing.assert_allclose(
        sums.variance()[:, core, core], exact.var(0).transpose(2, 0, 1), atol=4e-8
    )


def test_variance_of_equal_answers_is_exactly_zero():
    window = answers(np.random.default_rng(9), 1)
    sums = Sums.zeros(0, (N_LABELS, WINDOW, WINDOW))
    sums.add_windows(0, np.array([0]), window)
    assert not sums.variance().any()


def test_of_equal_labels_the_first_one_has_the_vote():
    windows = np.zeros((3, WINDOW, WINDOW, N_LABELS), np.float32)
    windows[0, ..., 1] = windows[0, ..., 3] = 0.5  # 1 and 3 alike
    windows[1, ..., :] = 1 / N_LABELS  # all alike
    windows[2, ..., 3] = 1.0
    sums = Sums.zeros(0, (N_LABELS, WINDOW, WINDOW))
    for window in windows:
        sums.add_windows(0, np.array([0]), window[None])
    core = slice(MARGIN, -MARGIN)
    assert (sums.votes[:, core, core].sum(axis=0) == 3).all()
    for label, votes in ((0, 1), (1, 1), (2, 0), (3, 1), (4, 0)):
        assert (sums.votes[label, core, core] == votes).all()


def test_sums_survive_the_journal():
    sums = Sums.zeros(5, (N_LABELS, 30, 40))
    sums.add_windows(0, np.array([0]), answers(np.random.default_rng(1), 1))
    again = Sums.from_arrays(sums.to_arrays())
    assert again.first_row == 5
    np.testing.assert_array_equal(again.total, sums.total)
    np.testing.assert_array_equal(again.mean(), sums.mean())
