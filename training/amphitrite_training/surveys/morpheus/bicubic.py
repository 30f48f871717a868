"""TensorFlow's legacy bicubic up-sampling as a constant matrix.

The released weights of Morpheus were trained through ``resize_bicubic`` of TensorFlow 1
with aligned corners.  No ONNX ``Resize`` reproduces that kernel; a product with the
matrix below does, because the operation is linear in the image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

A = -0.75
TABLE = 1024


def bicubic_matrix(n_in: int, n_out: int) -> NDArray[np.float32]:
    """Return the matrix that up-samples one axis as TensorFlow's legacy kernel does.

    Parameters
    ----------
    n_in : int
        Pixels along the axis before.
    n_out : int
        Pixels along the axis after; at least 2.

    Returns
    -------
    (n_out, n_in) ndarray of float32
        ``matrix @ pixels`` is the up-sampled axis.  Every row sums to one.

    Notes
    -----
    Output pixel ``i`` lies at ``i (n_in - 1) / (n_out - 1)`` on the input axis (the
    corners are aligned).  Its four neighbours are weighted by the cubic convolution
    kernel of Keys [1]_ with ``A = -0.75``; a neighbour beyond the edge is replaced by
    the edge pixel.  TensorFlow looks the weights up in a table of 1024 offsets, hence
    the rounding; positions are computed in float32, as there [2]_.

    References
    ----------
    .. [1] Keys 1981, IEEE Trans. ASSP 29, 1153, doi:10.1109/TASSP.1981.1163711
    .. [2] TensorFlow, ``core/kernels/image/resize_bicubic_op.cc``
    """
    step = np.float32(n_in - 1) / np.float32(n_out - 1)
    position = np.arange(n_out, dtype=np.float32) * step
    left = np.floor(position).astype(np.int64)
    offset = np.rint((position - left.astype(np.float32)) * np.float32(TABLE)) / TABLE
    matrix = np.zeros((n_out, n_in))
    for tap in (-1, 0, 1, 2):
        weight = _keys(np.abs(offset - tap)).astype(np.float32)
        source = np.clip(left + tap, 0, n_in - 1)
        np.add.at(matrix, (np.arange(n_out), source), weight)
    return matrix.astype(np.float32)


def _keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cubic convolution kernel at distances of at most two pixels."""
    near = ((A + 2) * distance - (A + 3)) * distance**2 + 1
    far = ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A
    return np.where(distance <= 1, near, far)
