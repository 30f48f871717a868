"""Strain read from files: which columns, in which units, at which times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.time import Time
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.contents import Column, Contents, contents
from amphitrite.surveys.emri.prepare.resampling import decimated, samples_together
from amphitrite.surveys.emri.prepare.strain import Strain
from amphitrite.surveys.emri.sampling import CHANNELS, SAMPLE_SECONDS

GPS_ZERO: Final = "1980-01-06T00:00:19 TAI"
"""Zero point of GPS seconds, which the files of gwpy count."""

_TIMES: Final = ("t", "time", "times")
_STEPS: Final = ("dt", "dx", "delta_t", "timedel")
_RATES: Final = ("fs", "sample_rate", "sampling_rate")
_STARTS: Final = ("t0", "x0", "start_time", "tstart")
_NO_UNITS: Final = ("", "strain", "dimensionless", "1", "none")
_JUMP: Final = 0.1  # of a step, by which times may be rounded
_ROUNDED: Final = 0.01  # relative, which the step between rounded times may be off


def read(path: Path, channels: Sequence[str] = CHANNELS) -> Strain:
    """Return the strain in a file.

    Parameters
    ----------
    path : Path
        The file; see `amphitrite.surveys.emri.prepare.contents.contents`.
    channels : sequence of str
        Names of the columns or datasets of channels I and II; in HDF5 with or without
        the groups in which they stand, in any case of letters.

    Returns
    -------
    Strain
        At steps of 30 s.  Samples that the file leaves out are NaN.

    Raises
    ------
    BadInput
        The file cannot be read, has no such channels, or channels of unequal length, of
        whole numbers or in a unit; no sampling is stated, or one of which 30 s are no
        multiple; or its times jump, or are not in seconds.
    """
    found = contents(path)
    columns = [_channel(found, name, path) for name in channels]
    rows = [
        _numbers(column, name, path)
        for column, name in zip(columns, channels, strict=True)
    ]
    if len(rows[0]) != len(rows[1]):
        raise BadInput(
            f"{path}: {channels[0]} has {len(rows[0]):,} samples and {channels[1]} "
            f"{len(rows[1]):,}; both channels must be given for the same times"
        )
    values = np.stack(rows)
    said = {**found.attributes, **columns[0].attributes}
    _check_alike(columns, channels, path)
    _check_seconds(said, path)
    time = _time(found)
    if time is not None:
        values, seconds, start = _on_grid(values, time, path)
    else:
        seconds, start = _step(said, path), _number(said, _STARTS, 0.0)
    together = samples_together(seconds, str(path))
    return Strain(decimated(values, together), start, _zero(said), str(path), together)


def _channel(found: Contents, name: str, path: Path) -> Column:
    """Return the column of a channel."""
    wanted = name.lower()
    for matches in (
        [key for key in found.columns if key.lower() == wanted],
        [key for key in found.columns if key.lower().rsplit("/", 1)[-1] == wanted],
    ):
        if len(matches) == 1:
            return found.columns[matches[0]]
        if matches:
            raise BadInput(
                f"{path} has several channels '{name}': {', '.join(sorted(matches))}; "
                "name one of each in full with --channels"
            )
    has = ", ".join(sorted(found.columns)) or "none"
    raise BadInput(
        f"{path} has no channel '{name}'; its columns are: {has}. Name those of "
        "TianQin's channels I and II with --channels, such as --channels h1,h2"
    )


def _numbers(column: Column, name: str, path: Path) -> NDArray[np.float64]:
    """Return the strain of a column."""
    values, kind = column.values, column.values.dtype.kind
    if kind != "f":
        what = {"i": "whole numbers", "u": "whole numbers", "c": "complex numbers"}
        raise BadInput(
            f"{path}: {name} holds {what.get(kind, 'no numbers')} "
            f"({values.dtype}), which is no strain; strain is a real number of about "
            "1e-20, in floating point"
        )
    unit = str(column.attributes.get("unit", column.attributes.get("units", "")))
    if unit.strip().lower() not in _NO_UNITS:
        raise BadInput(
            f"{path}: {name} is in '{unit}'; strain has no unit. Convert it first"
        )
    values = np.asarray(values, np.float64)
    if np.isfinite(values).any() and not np.nanstd(values):
        raise BadInput(
            f"{path}: {name} is {np.nanmean(values):g} throughout, which is no strain; "
            "leave the file out"
        )
    return values


def _check_alike(columns: Sequence[Column], names: Sequence[str], path: Path) -> None:
    """Refuse channels whose sampling or start differ."""
    for keys in (_STEPS, _RATES, _STARTS):
        one, two = (_number(column.attributes, keys, math.nan) for column in columns)
        if not (math.isnan(one) or math.isnan(two)) and one != two:
            raise BadInput(
                f"{path}: {names[0]} and {names[1]} differ in {'/'.join(keys)}: "
                f"{one:.12g} and {two:.12g}; both channels must be given for the same "
                "times"
            )


def _check_seconds(said: Mapping[str, Any], path: Path) -> None:
    """Refuse times that gwpy has written in another unit."""
    unit = str(said.get("xunit", "s"))
    # 1 / Hz are seconds, too; no unit that is not known equals any
    if units.Unit(unit, parse_strict="silent") != units.s:
        raise BadInput(
            f"{path}: its times are in '{unit}'; write t0 and dt in seconds, for "
            "example with TimeSeries(values, t0=..., dt=30)"
        )


def _number(said: Mapping[str, Any], keys: Sequence[str], default: float) -> float:
    """Return the first number that is stated under one of some names."""
    for key in keys:
        if isinstance(value := said.get(key), int | float):
            return float(value)
    return default


def _step(said: Mapping[str, Any], path: Path) -> float:
    """Return the time between two samples in seconds, as the file states it."""
    step = _number(said, _STEPS, math.nan)
    if math.isnan(step) and (rate := _number(said, _RATES, 0.0)) > 0:
        step = 1 / rate
    if math.isnan(step):
        raise BadInput(
            f"{path} does not say how far apart its samples are; give it an attribute "
            "dt (s) or fs (Hz), or a column t with times in seconds"
        )
    return step


def _zero(said: Mapping[str, Any]) -> str:
    """Return the zero point of the times, with its scale; empty if it is not stated."""
    if "x0" in said and "dx" in said:  # as gwpy writes them
        return GPS_ZERO
    day = _number(said, ("mjdref",), math.nan)
    if math.isnan(day):
        day = _number(said, ("mjdrefi",), math.nan) + _number(said, ("mjdreff",), 0.0)
    if math.isnan(day):
        return ""
    scale = str(said.get("timesys", "TT")).strip().upper()
    return f"{Time(day, format='mjd').isot} {scale}"


def _time(found: Contents) -> NDArray[Any] | None:
    """Return the column of times in seconds; None if there is none."""
    for key, column in found.columns.items():
        if key.lower().rsplit("/", 1)[-1] in _TIMES:
            return column.values
    return None


def _on_grid(
    values: NDArray[np.float64], time: NDArray[Any], path: Path
) -> tuple[NDArray[np.float64], float, float]:
    """Return strain at even steps, NaN where the times leave one out, and these steps.

    Returns
    -------
    values : (2, n) ndarray
    seconds : float
        The time between two samples.
    start : float
        The time of the first one.
    """
    if time.shape != values[0].shape or time.dtype.kind not in "iuf":
        raise BadInput(
            f"{path}: its times must be one number for each sample; received "
            f"{time.dtype} of shape {time.shape} for {values.shape[1]:,} samples"
        )
    time = np.asarray(time, np.float64)
    steps = np.diff(time)
    if not len(steps) or not np.isfinite(time).all():
        raise BadInput(f"{path}: its times must be two or more finite numbers")
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0))
        raise BadInput(
            f"{path}: the time jumps back after sample {row} (counted from 0), from "
            f"{time[row]:.10g} s to {time[row + 1]:.10g} s; sort the samples, and "
            "leave out those that are there twice"
        )
    step = _step_of_grid(float(np.median(steps)))
    numbers = np.rint((time - time[0]) / step)
    off = np.abs((time - time[0]) / step - numbers)
    if (off > _JUMP).any() or (np.diff(numbers) < 1).any():
        row = int(np.argmax(off))
        raise BadInput(
            f"{path}: its times are not even: sample {row} (counted from 0) lies "
            f"{off[row]:.2g} of a step of {step:.10g} s off; resample it to even steps "
            f"of {SAMPLE_SECONDS:g} s"
        )
    if numbers[-1] + 1 > 100 * len(time):
        raise BadInput(
            f"{path}: its times leave out 99 of 100 samples; check them, or give each "
            "part as a file of its own"
        )
    even = np.full((len(values), int(numbers[-1]) + 1), np.nan)
    even[:, numbers.astype(np.int64)] = values
    return even, step, float(time[0])


def _step_of_grid(step: float) -> float:
    """Return a step of rounded times: the fraction of 30 s if there is one near."""
    near = SAMPLE_SECONDS / max(1, round(SAMPLE_SECONDS / step))
    return near if abs(step / near - 1) < _ROUNDED else step
