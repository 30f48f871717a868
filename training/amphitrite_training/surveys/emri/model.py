"""The networks for inspirals: on maps of power, and that of Table III."""

from __future__ import annotations

import math
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from amphitrite.surveys.emri.page import MODEL, STATISTIC, STRAIN, TABLE_3
from amphitrite.surveys.emri.sampling import (
    CHANNELS,
    LOWEST_HZ,
    N_SAMPLES,
    SAMPLE_SECONDS,
)
from amphitrite_training.surveys.emri.boxes import loudest_box
from amphitrite_training.surveys.emri.data import LOGIT
from amphitrite_training.surveys.emri.recipe import Recipe
from amphitrite_training.surveys.emri.yardsticks import USUAL_BOX

_MOMENTUM: Final = 0.95
# mean and deviation of the square root of an exponential variable of mean 1
_MEAN_ROOT: Final = math.sqrt(math.pi) / 2
_DEVIATION: Final = math.sqrt(1 - math.pi / 4)
_SMALLEST: Final = 1e-12


def build(recipe: Recipe) -> keras.Model:
    """Build the network on maps of power over time and frequency.

    The graph cuts the strain into windows and takes the power spectrum of each; the map
    of each channel is divided by a smooth spectrum of its own, so that neither the
    level of the noise nor a slope of its curve matters.  A few convolutions follow, of
    which the last ones see the whole of the segment; the loudest cell, the loudest line
    (the mean over time), and the mean give the network's odds.

    What is loud in few cells only, such as a line that hardly moves, convolutions blur:
    the served statistic is the soft maximum of the odds and of the loudest box of the
    map.  Nothing in that is learned.

    Parameters
    ----------
    recipe : Recipe
        Its ``window``, ``degree`` and ``channels`` are used.

    Returns
    -------
    keras.Model
        Input and outputs as in `amphitrite.surveys.emri.page.MODEL`; not compiled.
    """
    keras.utils.set_random_seed(recipe.seed)
    strain = keras.Input((len(CHANNELS), N_SAMPLES), name=STRAIN)
    maps = power(strain, recipe.window, recipe.degree)
    x = _standard(maps)
    for number, filters in enumerate(recipe.channels):
        x = _convolution(x, filters, number)
        if number == 0:
            x = layers.AveragePooling2D(2)(x)
        elif number < 3:
            x = layers.MaxPooling2D(2)(x)
    line = ops.max(ops.mean(x, axis=1), axis=1)
    cell, mean = ops.max(x, axis=(1, 2)), ops.mean(x, axis=(1, 2))
    x = layers.Concatenate()([cell, line, mean])
    x = layers.Dense(32, activation="relu")(x)
    logit = layers.Dense(1)(x)
    box = loudest_box(ops.mean(maps, axis=3, keepdims=True))
    both = layers.Concatenate()([logit, box - USUAL_BOX])
    statistic = ops.logsumexp(both, axis=1, keepdims=True)
    return _answering(MODEL.name, strain, logit, statistic)


def build_table3(recipe: Recipe) -> keras.Model:
    """Build the network of Table III of Zhang et al. 2022, arXiv:2202.07158.

    The two channels are rows of an image, over which kernels of one row pass, padded
    to the same length: 5,602,146 parameters.  The paper ends in two units with a
    softmax; the statistic is their difference.

    Parameters
    ----------
    recipe : Recipe
        Its seed is used.

    Returns
    -------
    keras.Model
        Input and outputs as in `amphitrite.surveys.emri.page.TABLE_3`; not compiled.
    """
    keras.utils.set_random_seed(recipe.seed)
    strain = keras.Input((len(CHANNELS), N_SAMPLES), name=STRAIN)
    x = layers.Reshape((len(CHANNELS), N_SAMPLES, 1))(strain)
    for filters, kernel, pool in ((32, 34, 8), (16, 8, 6), (16, 6, 4)):
        x = layers.Conv2D(filters, (1, kernel), padding="same", activation="relu")(x)
        x = layers.MaxPooling2D((1, pool))(x)
    x = layers.Flatten()(x)
    for units in (128, 32):
        x = layers.Dense(units, activation="relu")(x)
    logits = layers.Dense(2, name="logits")(x)
    logit = logits[:, 1:] - logits[:, :1]
    return _answering(TABLE_3.name, strain, logit, logit)


def loss() -> keras.losses.Loss:
    """Return the cross-entropy between labels (0 or 1) and the network's odds."""
    return keras.losses.BinaryCrossentropy(from_logits=True)


def power(strain: Any, window: int, degree: int) -> Any:
    """Return the maps of power of both channels, each over its slow spectrum.

    Parameters
    ----------
    strain : (n, 2, `N_SAMPLES`) tensor
        Whitened strain.
    window : int
        Samples of a window.  Windows follow each other without overlap, so that cells
        of white noise are independent.
    degree : int
        Degree of the polynomial that is fitted to each channel's mean spectrum.

    Returns
    -------
    (n, n_windows, n_bins, 2) tensor
        Power over the fitted spectrum, in the bins from the first one above `LOWEST_HZ`
        on, without that of the Nyquist frequency.

    Notes
    -----
    A discrete Fourier transform of P Q samples is one of P samples and one of Q, with a
    turn of each term between them (Cooley & Tukey 1965, Math. Comp. 19, 297): matrices
    of at most 1 MB, where that of all samples would have up to 268 MB.
    """
    first, second = _factors(window)
    n_windows = N_SAMPLES // window
    x = layers.Reshape((len(CHANNELS), n_windows, first, second))(strain)
    # time is p Q + q, frequency k + P m: n channel window p q -> n channel window q r k
    inner = layers.EinsumDense(
        "ncwpq,prk->ncwqrk",
        (len(CHANNELS), n_windows, second, 2, first),
        trainable=False,
        name="spectra_of_steps",
    )
    outer = layers.EinsumDense(
        "ncwqrk,qrksm->ncwsmk",
        (len(CHANNELS), n_windows, 2, second // 2, first),
        trainable=False,
        name="spectra",
    )
    x = outer(inner(x))
    inner.set_weights([_inner_matrix(first)])
    outer.set_weights([_outer_matrix(first, second)])
    x = layers.Reshape((len(CHANNELS), n_windows, 2, window // 2))(x)
    lowest = math.ceil(LOWEST_HZ * window * SAMPLE_SECONDS)
    x = ops.sum(ops.square(x), axis=3)[..., lowest:]
    x = x / ops.maximum(_slow(ops.mean(x, axis=2, keepdims=True), degree), _SMALLEST)
    return ops.transpose(x, (0, 2, 3, 1))


def _slow(spectrum: Any, degree: int) -> Any:
    """Return the polynomial of frequency that fits a spectrum best.

    It is at least a tenth of the spectrum's mean, whatever a loud line does to it.
    """
    n = spectrum.shape[-1]
    places = np.linspace(-1, 1, n)
    base, _ = np.linalg.qr(np.polynomial.legendre.legvander(places, degree))
    to, back = (
        layers.EinsumDense(
            equation, (*spectrum.shape[1:-1], size), trainable=False, name=name
        )
        for equation, size, name in (
            ("ncwf,fd->ncwd", degree + 1, "slope_of_spectrum"),
            ("ncwd,df->ncwf", n, "slow_spectrum"),
        )
    )
    fit = back(to(spectrum))
    to.set_weights([base.astype(np.float32)])
    back.set_weights([base.T.astype(np.float32)])
    return ops.maximum(fit, 0.1 * ops.mean(spectrum, axis=-1, keepdims=True))


def _factors(window: int) -> tuple[int, int]:
    """Return two factors of a power of 2, the first at least as large."""
    first = 1 << math.ceil(math.log2(window) / 2)
    return first, window // first


def _inner_matrix(first: int) -> np.ndarray:
    """Return (p, 2, k): real and imaginary part of exp(-2 pi i p k / P)."""
    steps = np.arange(first)
    turn = np.exp(-2j * np.pi * np.outer(steps, steps) / first)
    return np.stack([turn.real, turn.imag], axis=1).astype(np.float32)


def _outer_matrix(first: int, second: int) -> np.ndarray:
    """Return (q, 2, k, 2, m): the product with exp(-2 pi i q (k + P m) / (P Q)).

    It gives spectra of unit variance for white noise of variance 1.
    """
    q = np.arange(second)[:, None, None]
    k = np.arange(first)[:, None]
    m = np.arange(second // 2)
    n = first * second
    turn = np.exp(-2j * np.pi * (q * (k + first * m) % n) / n) / math.sqrt(n)
    rows = [[turn.real, turn.imag], [-turn.imag, turn.real]]
    # from part (r) and part (s), q, k and m to q, r, k, s and m
    return np.transpose(np.array(rows), (2, 0, 3, 1, 4)).astype(np.float32)


def _standard(x: Any) -> Any:
    """Return the square root of power, of mean 0 and variance 1 for noise."""
    return (ops.sqrt(x) - _MEAN_ROOT) / _DEVIATION


def _convolution(x: Any, filters: int, number: int) -> Any:
    """Convolve and normalise; from the fifth on, over more and more of the time."""
    x = layers.Conv2D(
        filters,
        (5, 3) if number == 0 else 3,
        padding="same",
        use_bias=False,
        dilation_rate=(2 ** max(0, number - 3), 1),
    )(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
    return layers.Activation("relu")(x)


def _answering(name: str, strain: Any, logit: Any, statistic: Any) -> keras.Model:
    """Return a network with its odds, the statistic and the odds' probability."""
    logit = layers.Identity(name=LOGIT)(logit)
    statistic = layers.Identity(name=STATISTIC)(statistic)
    outputs = {LOGIT: logit, STATISTIC: statistic, "p_signal": ops.sigmoid(logit)}
    return keras.Model(strain, outputs, name=name)
