"""The published recipe of the Morpheus network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How the network is built and was trained by its authors.

    The defaults are the values of ``morpheus/core/model_config.json`` in the PyPI
    package morpheus-astro 0.5.1 [1]_; the method is described in [2]_.

    Parameters
    ----------
    down_filters : tuple of int
        Filters of each level of the contracting path, finest level first.
    down_convs : int
        Convolutions per level of the contracting path.
    intermediate_filters : int
        Filters of the one convolution at the coarsest level.
    up_filters : tuple of int
        Filters of each level of the expanding path, coarsest level first.
    up_convs : int
        Convolutions per level of the expanding path.
    dropout : float
        Fraction of activations dropped after every convolution while training.
    learning_rate : float
        Step of the Adam optimiser.
    batch_size : int
        Windows per training step.
    epochs : int
        Passes over the training set (the released weights are of step 440).

    References
    ----------
    .. [1] https://github.com/morpheus-project/morpheus
    .. [2] Hausen & Robertson 2020, ApJS 248, 20, arXiv:1906.11248
    """

    down_filters: tuple[int, ...] = (8, 16, 32)
    down_convs: int = 4
    intermediate_filters: int = 16
    up_filters: tuple[int, ...] = (8, 16, 32)
    up_convs: int = 2
    dropout: float = 0.5
    learning_rate: float = 9.929302254037737e-4
    batch_size: int = 200
    epochs: int = 500
