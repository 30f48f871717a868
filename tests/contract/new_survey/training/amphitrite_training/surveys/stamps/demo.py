"""The demo: simulated stars to a catalogue, compared with the truth."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from amphitrite.surveys.stamps.options import Options
from amphitrite.surveys.stamps.run import run
from amphitrite_training.surveys.stamps.simulate import draw
from astropy.io import fits

from amphitrite.triton.served import Server
from amphitrite_training.surveys import User


def demo(
    out: Path, user: User, connecting: AbstractContextManager[Server]
) -> tuple[str, dict[str, Any]]:
    """Simulate stars, measure them, and compare with the truth."""
    pixels, flux = draw(np.random.default_rng(20), 3)
    files = [out / f"star{number}.fits" for number in range(len(flux))]
    for path, image in zip(files, pixels, strict=True):
        fits.writeto(path, image, overwrite=True)
    catalogue = out / "catalogue.fits"
    command = f"amphitrite stamps {out}/star*.fits -o {catalogue}"
    control = user.control("Simulated stars stand in files.", command)
    found = run(files, connecting, catalogue, Options(), control).table
    ratio = found["flux"].value / flux[:, 0]
    return f"fluxes are {ratio} of the true ones", {"ratio": ratio.tolist()}
