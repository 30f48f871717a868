"""The list of triggers: its columns and flags, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import NDArray

from amphitrite.files.columns import Column, join_flags
from amphitrite.files.frames import seconds_since
from amphitrite.surveys.emri.interpret.maps import Track
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.learned import NoiseRun

COLUMNS: Final = (
    Column("trigger", "int32", "", "meta.id;meta.main", "Number of the trigger"),
    Column(
        "start",
        "float64",
        "s",
        "time.start",
        "First moment of the segments above the threshold, since the stream's zero "
        "point",
    ),
    Column(
        "end",
        "float64",
        "s",
        "time.end",
        "Last moment of the segments above the threshold, since the stream's zero "
        "point",
    ),
    Column(
        "start_time",
        "str",
        "",
        "time.start",
        "The start in ISO 8601, UTC; empty if the zero point is not known",
    ),
    Column(
        "end_time",
        "str",
        "",
        "time.end",
        "The end in ISO 8601, UTC; empty if the zero point is not known",
    ),
    Column(
        "statistic",
        "float32",
        "",
        "stat.value",
        "Largest statistic of the network among the segments; see its model card",
    ),
    Column(
        "fap",
        "float64",
        "",
        "stat.probability",
        "Share of segments of noise that are at least as loud, of one segment alone",
    ),
    Column(
        "frequency",
        "float64",
        "Hz",
        "em.freq",
        "Frequency in the middle of the loudest straight track in the map of the "
        "loudest segment, NaN where none stands out",
    ),
    Column(
        "drift",
        "float64",
        "Hz s-1",
        "arith.rate;em.freq",
        "Change of that frequency, NaN where no track stands out",
    ),
    Column(
        "level_1",
        "float32",
        "",
        "stat.stdev;instr.det.noise",
        "Amplitude of the whitened noise of channel I; 1 if the noise curve is right",
    ),
    Column(
        "level_2",
        "float32",
        "",
        "stat.stdev;instr.det.noise",
        "Amplitude of the whitened noise of channel II; 1 if the noise curve is right",
    ),
    Column(
        "n_segments",
        "int32",
        "",
        "meta.number;obs",
        "Number of overlapping segments above the threshold",
    ),
    Column("model", "str", "", "meta.version", "Network and version that judged"),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated words, explained by amphitrite emri --help",
    ),
)

MUCH_MISSING: Final = 0.05
"""Share of missing samples from which on a trigger is flagged."""
FAR_LEVEL: Final = 0.1
"""Deviation of the noise's amplitude from 1 from which on a trigger is flagged."""

FLAGS: Final = {
    "loudest": "no segment of noise was as loud: fap is an upper limit",
    "gaps": f"more than {MUCH_MISSING:.0%} of the loudest segment is missing",
    "level": f"the noise differs by more than {FAR_LEVEL:.0%} in amplitude from its "
    "curve",
    "no_track": "no straight track stands out in the map of the loudest segment",
}
"""Meanings of the words in the column ``flags``, which is empty where none applies."""


@dataclass(frozen=True)
class Found:
    """The triggers of a stream with what was measured of them.

    Parameters
    ----------
    triggers : sequence of Trigger
        The n triggers, one per row.
    tracks : sequence of Track or None
        Their loudest tracks.
    missing : (n,) ndarray of float64
        Shares of their loudest segments that are missing.
    level : (n, 2) ndarray of float64
        Amplitudes of the whitened noise in both channels.
    """

    triggers: Sequence[Trigger]
    tracks: Sequence[Track | None]
    missing: NDArray[np.float64]
    level: NDArray[np.float64]


def interpret(
    found: Found, *, noise: NoiseRun, zero: str, model: str
) -> dict[str, NDArray[Any]]:
    """Return the columns of the list of triggers.

    Parameters
    ----------
    found : Found
        The n triggers.
    noise : NoiseRun
        The statistics of noise alone.
    zero : str
        Zero point of the times; see `amphitrite.surveys.emri.prepare.strain.Strain`.
    model : str
        Name and version of the network.

    Returns
    -------
    dict of str to (n,) ndarray
        Values by column name.
    """
    n = len(found.triggers)
    start = _values(found.triggers, "start")
    end = _values(found.triggers, "end")
    statistic = _values(found.triggers, "statistic")
    far = np.abs(found.level - 1).max(axis=1, initial=0.0) > FAR_LEVEL
    applies = {
        "loudest": statistic > noise.loudest[0],
        "gaps": found.missing > MUCH_MISSING,
        "level": far,
        "no_track": np.array([track is None for track in found.tracks], bool),
    }
    return {
        "trigger": np.arange(1, n + 1),
        "start": start,
        "end": end,
        "start_time": moments(start, zero),
        "end_time": moments(end, zero),
        "statistic": statistic,
        "fap": noise.probability(statistic),
        "frequency": _values(found.tracks, "frequency"),
        "drift": _values(found.tracks, "drift"),
        "level_1": found.level[:, 0],
        "level_2": found.level[:, 1],
        "n_segments": np.array(
            [each.last - each.first + 1 for each in found.triggers], int
        ),
        "model": np.array([model] * n, str),
        "flags": join_flags({flag: applies[flag] for flag in FLAGS}, n),
    }


def columns_for(zero: str) -> tuple[Column, ...]:
    """Return the columns, whose times have a frame if the zero point is known."""
    if not zero:
        return COLUMNS
    frame = seconds_since(zero)
    return tuple(
        replace(column, frame=frame) if column.name in ("start", "end") else column
        for column in COLUMNS
    )


def moments(seconds: NDArray[np.float64], zero: str) -> NDArray[np.str_]:
    """Return times in ISO 8601 (UTC), whole seconds; empty without a zero point."""
    if not zero or not len(seconds):
        return np.full(len(seconds), "", dtype="U19")
    instant, scale = zero.split()
    begin = Time(instant, scale=scale.lower())
    times = begin + TimeDelta(seconds, format="sec")
    times.utc.precision = 0
    return np.array([text[:19] for text in times.utc.isot], dtype="U19")


def _values(records: Sequence[object], name: str) -> NDArray[np.float64]:
    """Return a field of records; NaN where there is no record."""
    return np.array([getattr(record, name, np.nan) for record in records], float)
