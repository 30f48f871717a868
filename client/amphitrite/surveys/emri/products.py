"""The pictures beside the list of triggers: the stream, and each trigger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.files.drawings import drawing
from amphitrite.surveys.emri import pictures
from amphitrite.surveys.emri.interpret.maps import Track
from amphitrite.surveys.emri.interpret.triggers import Trigger

STREAM: Final = "stream.png"
"""Name of the picture of the statistic along the stream."""

Floats = NDArray[np.float64]


def file_name(number: int) -> str:
    """Return the name of a trigger's picture, such as ``trigger_0001.png``."""
    return f"trigger_{number:04d}.png"


def draw_trigger(
    path: Path,
    number: int,
    trigger: Trigger,
    power: Floats,
    track: Track | None,
    *,
    replace: bool,
) -> None:
    """Draw the map of a trigger's loudest segment.

    Parameters
    ----------
    path : Path
        The file; its suffix chooses the format.
    number : int
        Of the trigger, from 1 on.
    trigger : Trigger
        The trigger.
    power : (n_windows, n_bins) ndarray
        See `amphitrite.surveys.emri.interpret.maps.power_map`.
    track : Track or None
        Its loudest track.
    replace : bool
        Whether an earlier picture may be replaced.

    Raises
    ------
    OutputError
        See `amphitrite.files.drawings.drawing`.
    """
    title = f"trigger {number}: statistic {trigger.statistic:.2f}"
    figure = pictures.spectrogram(
        power, track, start=trigger.loudest_start, title=title
    )
    with drawing(path, replace=replace) as other:
        figure.savefig(other)


def draw_stream(
    folder: Path,
    start: Floats,
    statistic: Floats,
    threshold: float,
    found: Sequence[Trigger],
    *,
    replace: bool,
) -> None:
    """Draw the statistic along the stream, `STREAM`.

    Parameters
    ----------
    folder : Path
        Where.
    start, statistic : (n,) ndarray of float64
        Times of the segments' first samples in seconds, and their statistics.
    threshold : float
        Of a trigger.
    found : sequence of Trigger
        The triggers.
    replace : bool
        Whether an earlier picture may be replaced.

    Raises
    ------
    OutputError
        See `amphitrite.files.drawings.drawing`.
    """
    figure = pictures.stream(start, statistic, threshold, found)
    with drawing(folder / STREAM, replace=replace) as path:
        figure.savefig(path)
