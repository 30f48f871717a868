"""Labelled peaks that are made up, without a sky and without a detector."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.surveys.asid.heads.labelled_peaks import LabelledPeaks


@pytest.fixture(scope="session")
def made_up():
    """Make peaks of blobs on a plain background; brighter ones are brighter sources."""

    def make(n, *, seed=1, fakes=0.3):
        rng = np.random.default_rng(seed)
        log_flux = rng.uniform(-10, -8, n)
        offset = rng.normal(0, 0.04, (n, 2))
        real = rng.random(n) >= fakes
        y, x = np.mgrid[:20, :20]
        images = []
        for pixel in (0.039, 0.078, 0.156):
            column = 10 + offset[:, 0, None, None] / pixel
            row = 10 + offset[:, 1, None, None] / pixel
            blob = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 2.0**2))
            height = np.where(real, 10 ** (log_flux + 9.5), 0.0)
            images.append(rng.poisson(0.5 + height[:, None, None] * blob))
        cutouts = np.stack(images, axis=-1).astype(np.uint16)
        auxiliary = np.c_[
            np.log10(1 + cutouts.sum((1, 2, 3))),
            np.log10(1 + cutouts[:, 9:12, 9:12, 1].max((1, 2))),
            rng.uniform(-0.5, 0.5, (n, 2)),
            rng.uniform(0.3, 0.7, n),
        ].astype(np.float32)
        return LabelledPeaks(
            cutouts=cutouts,
            auxiliary=auxiliary,
            exposure=rng.uniform(1e11, 6e11, (n, 1)).repeat(5, 1).astype(np.float32),
            threshold=np.full(n, 0.28, np.float32),
            flux=np.where(real, 10**log_flux, np.nan).astype(np.float32),
            offset=np.where(real[:, None], offset, np.nan).astype(np.float32),
            lat=rng.uniform(-90, 90, n).astype(np.float32),
            block=np.arange(n, dtype=np.int32) // 5,
        )

    return make
