from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.morpheus.bicubic import bicubic_matrix


@pytest.mark.parametrize("n", [5, 7, 10, 20, 33])
def test_a_constant_and_the_corners_are_kept(n):
    matrix = bicubic_matrix(n, 2 * n)
    # four weights of up to one, in float32: a few roundings of 1.2e-7
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(matrix[[0, -1]], np.eye(n)[[0, -1]])


def test_at_most_four_neighbours_count():
    assert (np.count_nonzero(bicubic_matrix(20, 40), axis=1) <= 4).all()


@pytest.mark.training
@pytest.mark.parametrize("n", [5, 10, 20, 7, 33])
def test_it_is_the_kernel_of_tensorflow_1(n):
    tf = pytest.importorskip("tensorflow", reason="needs the training extra")
    image = np.random.default_rng(n).normal(size=(4, n, n, 3)).astype(np.float32)
    want = tf.compat.v1.image.resize_bicubic(image, (2 * n, 2 * n), align_corners=True)
    matrix = bicubic_matrix(n, 2 * n).astype(np.float64)
    have = np.einsum("yh,bhwc,xw->byxc", matrix, image, matrix)
    # Values of up to 4.5 summed over 16 products in float32: about ten roundings of
    # 6e-8 each. Without the table's rounding the difference is above 1e-4.
    np.testing.assert_allclose(have, want.numpy(), atol=3e-6)
