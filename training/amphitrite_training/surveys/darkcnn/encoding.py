"""What a network sees of a cluster's maps: layers that nothing is learned in."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from amphitrite.surveys.darkcnn.page import CHANNELS, FIELD_KPC, PIXELS, TOTAL, XRAY
from amphitrite_training.surveys.darkcnn.recipe import Recipe

WIDTHS_KPC: Final = (40.0, 100.0)
"""Standard deviations of the Gaussians that smooth noisy maps."""
_BENDS: Final = (0.3, 0.05, 0.02)  # convergences from which on the map counts less
_BRIGHT: Final = 4.0
_SMALLEST: Final = 1e-6
_SMOOTH: Final = 0.01  # size of second differences that is none
_USUAL, _SPREAD = -1.5, 1.5  # of their logarithm, from no noise to the largest


def scaled(maps: Any, present: Any, recipe: Recipe) -> Any:
    """Return maps in the pixels and on the scale of a recipe.

    Parameters
    ----------
    maps : (n, 100, 100, 3) tensor
        See `amphitrite.surveys.darkcnn.page.MAPS`.
    present : (n, 3) tensor
        1 for each channel that is present; what stands in the others does not matter.
    recipe : Recipe
        Its ``pixels`` and ``scaling`` are used.

    Returns
    -------
    (n, pixels, pixels, 3) tensor
        0 where a channel is absent.
    """
    x = maps * ops.reshape(present, (-1, 1, 1, len(CHANNELS)))
    if recipe.pixels != PIXELS:
        x = layers.AveragePooling2D(PIXELS // recipe.pixels)(x)
    if recipe.scaling == "maximum":
        x = x / ops.maximum(ops.max(x, axis=(1, 2), keepdims=True), _SMALLEST)
    return x


def planes(x: Any) -> Any:
    """Return the planes of which a network's first convolution is.

    The convergence and two smoothed copies, each as its inverse hyperbolic sine, which
    is linear in noise; then the logarithm of X-rays, of a smoothed copy of them, and of
    stars, each plus 1.

    Parameters
    ----------
    x : (n, pixels, pixels, 3) tensor
        See `scaled`.

    Returns
    -------
    (n, pixels, pixels, 6) tensor
        0 where a channel is absent.
    """
    total, xrays, stars = (x[..., n : n + 1] for n in range(len(CHANNELS)))
    copies = [total, *(_smoothed(total, width, TOTAL) for width in WIDTHS_KPC)]
    bright = [xrays, _smoothed(xrays, WIDTHS_KPC[0], XRAY), stars]
    return layers.Concatenate()(
        [
            *(arcsinh(x / bend) for x, bend in zip(copies, _BENDS, strict=True)),
            *(ops.log(1 + ops.maximum(x, 0.0)) / _BRIGHT for x in bright),
        ]
    )


def roughness(x: Any) -> Any:
    """Return how rough the map of all mass is: by its noise, which it does not state.

    Parameters
    ----------
    x : (n, pixels, pixels, 3) tensor
        See `scaled`.

    Returns
    -------
    (n, 1) tensor
        The logarithm of the mean size of second differences along both axes, of which
        what is smooth leaves nothing; of the order of 1.
    """
    total = x[..., :1]
    along = total[:, 2:] - 2 * total[:, 1:-1] + total[:, :-2]
    both = along[:, :, 2:] - 2 * along[:, :, 1:-1] + along[:, :, :-2]
    size = ops.mean(ops.abs(both), axis=(1, 2))
    return (ops.log(size + _SMOOTH) - _USUAL) / _SPREAD


def arcsinh(x: Any) -> Any:
    """Return the inverse hyperbolic sine; TensorFlow's own takes twice as long."""
    size = ops.abs(x)
    return ops.sign(x) * ops.log(size + ops.sqrt(ops.square(x) + 1))


def gaussian(pixels: int, width_kpc: float) -> NDArray[np.float32]:
    """Return the (pixels, pixels) matrix that smooths a row; its columns sum to 1.

    Beyond its ends a row is taken to have the mean of what lies near them.
    """
    places = np.arange(pixels) * (FIELD_KPC / pixels)
    weights = np.exp(-0.5 * np.square((places[:, None] - places) / width_kpc))
    return np.asarray(weights / weights.sum(0), np.float32)


def fixed(
    x: Any,
    name: str,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating] | float = 0.0,
) -> Any:
    """Return x times a matrix that training leaves as it is."""
    layer = layers.Dense(kernel.shape[1], trainable=False, name=name)
    x = layer(x)
    set_matrix(layer, kernel, bias)
    return x


def set_matrix(
    layer: layers.Dense,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating] | float = 0.0,
) -> None:
    """Set the matrix and the bias of a layer, in place."""
    weights = (kernel, np.broadcast_to(bias, kernel.shape[1:]))
    layer.set_weights([np.asarray(each, "float32") for each in weights])


def _smoothed(x: Any, width_kpc: float, name: str) -> Any:
    """Return a (n, y, x, 1) map smoothed along y and along x."""
    pixels = int(x.shape[1])
    matrix = gaussian(pixels, width_kpc)
    for axis, equation in (("y", "nyxc,yz->nzxc"), ("x", "nyxc,xz->nyzc")):
        layer = layers.EinsumDense(
            equation,
            (pixels, pixels, 1),
            trainable=False,
            name=f"{name}_{width_kpc:.0f}_kpc_{axis}",
        )
        x = layer(x)
        layer.set_weights([matrix])
    return x
