"""Files of simulated strain, and the table of the signals in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import h5py
import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from amphitrite.files import catalogues
from amphitrite.files.columns import Column
from amphitrite.surveys.emri.sampling import CHANNELS, SAMPLE_SECONDS
from amphitrite_training.surveys.emri.simulate.streams import Placed

SIMULATED: Final = "SIMULATED by Amphitrite: no observation"

TRUTH: Final = (
    Column("name", "str", "", "meta.id;meta.main", "Name of the simulated inspiral"),
    Column("start", "float64", "s", "time.start", "First moment of the signal"),
    Column("end", "float64", "s", "time.end", "Moment after the last of the signal"),
    Column("snr", "float64", "", "stat.snr", "Optimal S/N of both channels together"),
    Column(
        "mass",
        "float64",
        "solMass",
        "phys.mass",
        "Of the black hole, detector frame",
    ),
    Column(
        "spin",
        "float64",
        "",
        "phys.angMomentum",
        "Of the black hole, over mass squared",
    ),
    Column(
        "eccentricity",
        "float64",
        "",
        "src.orbital.eccentricity",
        "Of the orbit at the end",
    ),
    Column("frequency", "float64", "Hz", "", "Twice the orbital frequency at the end"),
)


def write_stream(path: Path, strain: NDArray[np.floating], start: float) -> None:
    """Write strain as HDF5, with what tells that it is simulated.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    strain : (2, n) ndarray
        Strain at steps of `SAMPLE_SECONDS`: one dataset for each channel, with
        attributes ``dt`` and ``t0`` in seconds and ``unit``.
    start : float
        Time of the first sample in seconds.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    with h5py.File(path, "w") as file:
        file.attrs["origin"] = SIMULATED
        file.attrs["description"] = "simulated strain of TianQin, channels I and II"
        for name, row in zip(CHANNELS, strain, strict=True):
            # without compression, which gains nothing on random numbers
            channel = file.create_dataset(name, data=np.asarray(row, np.float64))
            channel.attrs["dt"] = SAMPLE_SECONDS
            channel.attrs["t0"] = start
            channel.attrs["unit"] = "strain"


def truth(placed: Sequence[Placed], start: float) -> QTable:
    """Return the table of the signals in a stream, with the columns `TRUTH`.

    Parameters
    ----------
    placed : sequence of Placed
        The signals; they are named in their order.
    start : float
        Time of the stream's first sample in seconds.
    """
    inspirals = [one.inspiral for one in placed]
    return catalogues.table(
        TRUTH,
        {
            "name": np.array(
                [f"simulated {n}" for n in range(1, len(placed) + 1)], dtype="U16"
            ),
            "start": [start + one.first * SAMPLE_SECONDS for one in placed],
            "end": [start + one.last * SAMPLE_SECONDS for one in placed],
            "snr": [one.ratio for one in placed],
            "mass": [inspiral.mass for inspiral in inspirals],
            "spin": [inspiral.spin for inspiral in inspirals],
            "eccentricity": [inspiral.eccentricity for inspiral in inspirals],
            "frequency": [2 * inspiral.frequency for inspiral in inspirals],
        },
        {"OBJECT": SIMULATED},
    )
