"""The bodies of darkCNN's networks: from planes to a vector."""

from __future__ import annotations

from typing import Any, Final

from keras import layers

MOMENTUM: Final = 0.95
"""Of the running means of batch normalisation."""
_LEAST: Final = 4
SIMPLE: Final = (40, 80, 160, 320)
"""Filters of the three convolutions, and units of the dense layer, at width 1."""


def simple(x: Any, width: float) -> Any:
    """Return the answers of the simple network: three convolutions with strides of 2.

    Parameters
    ----------
    x : (n, pixels, pixels, n_planes) tensor
    width : float
        Over that of `SIMPLE`.
    """
    *filters, units = (_filters(each, width) for each in SIMPLE)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    for each in filters:
        x = layers.Conv2D(each, 3, strides=2, padding="same", activation="relu")(x)
    return layers.Dense(units, activation="relu")(layers.Flatten()(x))


def inception(x: Any, width: float) -> Any:
    """Return the answers of an Inception: one block of each kind, as in Inception-v4.

    The stem of the paper is made for 299 pixels.  Here all its convolutions keep the
    edges of the map, so that it leaves 13 of 100 pixels; for 50 pixels its first
    convolution makes no strides, and leaves 13 of them, too.

    Parameters
    ----------
    x : (n, pixels, pixels, n_planes) tensor
        100 or 50 pixels.
    width : float
        The number of filters over that of the paper: 13.5 million parameters at 1.

    References
    ----------
    Szegedy et al. 2016, arXiv:1602.07261, figures 3 to 9.
    """
    wide = _Wide(width)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = _stem(x, wide, first=2 if x.shape[1] > 50 else 1)
    x = _block_a(x, wide)
    x = _join(
        layers.MaxPooling2D(3, 2, padding="same")(x),
        wide.chain(x, (384, 3, 2)),
        wide.chain(x, (192, 1), (224, 3), (256, 3, 2)),
    )
    x = _block_b(x, wide)
    x = _join(
        layers.MaxPooling2D(3, 2, padding="same")(x),
        wide.chain(x, (192, 1), (192, 3, 2)),
        wide.chain(x, (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2)),
    )
    x = _block_c(x, wide)
    return layers.GlobalAveragePooling2D()(x)


class _Wide:
    """Convolutions of a width.

    Parameters
    ----------
    width : float
        The number of filters over that which is asked for.
    """

    def __init__(self, width: float) -> None:
        self.width = width

    def chain(self, x: Any, *steps: tuple[Any, ...]) -> Any:
        """Return the answer of convolutions that follow each other.

        Parameters
        ----------
        x : (n, ny, nx, n_filters) tensor
        *steps : tuple
            Filters, kernel, and strides where they are not 1.
        """
        for filters, kernel, *strides in steps:
            x = layers.Conv2D(
                _filters(filters, self.width),
                kernel,
                strides=strides[0] if strides else 1,
                padding="same",
                use_bias=False,
            )(x)
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
            x = layers.Activation("relu")(x)
        return x


def _stem(x: Any, wide: _Wide, first: int) -> Any:
    """Return (n, 13, 13, 384 width), as in figure 3."""
    x = wide.chain(x, (32, 3, first), (32, 3), (64, 3))
    x = _join(layers.MaxPooling2D(3, 2, padding="same")(x), wide.chain(x, (96, 3, 2)))
    x = _join(
        wide.chain(x, (64, 1), (96, 3)),
        wide.chain(x, (64, 1), (64, (7, 1)), (64, (1, 7)), (96, 3)),
    )
    return _join(
        layers.MaxPooling2D(3, 2, padding="same")(x), wide.chain(x, (192, 3, 2))
    )


def _block_a(x: Any, wide: _Wide) -> Any:
    return _join(
        wide.chain(_mean(x), (96, 1)),
        wide.chain(x, (96, 1)),
        wide.chain(x, (64, 1), (96, 3)),
        wide.chain(x, (64, 1), (96, 3), (96, 3)),
    )


def _block_b(x: Any, wide: _Wide) -> Any:
    along, across = (1, 7), (7, 1)
    return _join(
        wide.chain(_mean(x), (128, 1)),
        wide.chain(x, (384, 1)),
        wide.chain(x, (192, 1), (224, along), (256, across)),
        wide.chain(
            x, (192, 1), (192, along), (224, across), (224, along), (256, across)
        ),
    )


def _block_c(x: Any, wide: _Wide) -> Any:
    along, across = (1, 3), (3, 1)
    short = wide.chain(x, (384, 1))
    far = wide.chain(x, (384, 1), (448, along), (512, across))
    return _join(
        wide.chain(_mean(x), (256, 1)),
        wide.chain(x, (256, 1)),
        wide.chain(short, (256, along)),
        wide.chain(short, (256, across)),
        wide.chain(far, (256, across)),
        wide.chain(far, (256, along)),
    )


def _mean(x: Any) -> Any:
    return layers.AveragePooling2D(3, 1, padding="same")(x)


def _join(*branches: Any) -> Any:
    return layers.Concatenate()(list(branches))


def _filters(number: int, width: float) -> int:
    """Return how many filters there are of a number at width 1."""
    return max(_LEAST, round(number * width))
