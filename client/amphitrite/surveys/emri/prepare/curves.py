"""The noise curves of a run: TianQin's, one of a file, or estimates from the data."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.files.opening import check_readable
from amphitrite.surveys.emri.prepare.noise_curve import NoiseCurve, tianqin
from amphitrite.surveys.emri.prepare.segments import Curves
from amphitrite.surveys.emri.prepare.spectrum import estimated
from amphitrite.surveys.emri.prepare.strain import Stretch
from amphitrite.surveys.emri.sampling import CHANNELS, LOWEST_HZ, NYQUIST_HZ

MOST_SAMPLES: Final = 4_194_304
"""Samples from which a noise curve is estimated at most: four years."""
_AMPLITUDES: Final = ("asd", "amplitude", "strain_asd")
_WANTED: Final = (
    "a noise curve is a table of two columns, frequencies in Hz and the one-sided "
    "power spectral density of strain in 1/Hz"
)


def read_curve(path: Path, made: Choices) -> NoiseCurve:
    """Return the noise curve of a file.

    Parameters
    ----------
    path : Path
        Text with two columns, or a table (FITS, VOTable, ECSV), whose first two columns
        are frequencies and the one-sided power spectral density.  One in 1/sqrt(Hz), or
        named ``asd``, is taken for an amplitude and squared.
    made : Choices
        Records that it was squared.

    Raises
    ------
    BadInput
        The file cannot be read, has a unit of another quantity, or its curve does not
        cover the band from `LOWEST_HZ` to the Nyquist frequency; or see `NoiseCurve`.
    """
    table = _table(path)
    if len(table.colnames) < 2:
        raise BadInput(
            f"the noise curve {path} has {len(table.colnames)} column; {_WANTED}"
        )
    frequency = _values(table, table.colnames[0], units.Hz, path)
    name = table.colnames[1]
    amplitude = _is_amplitude(table, name)
    unit = units.Hz ** (-0.5 if amplitude else -1)
    psd = _values(table, name, unit, path)
    if amplitude:
        made.say(f"{path.name}: {name} is an amplitude, which was squared")
        psd = psd**2
    try:
        curve = NoiseCurve(frequency, psd)
        curve(np.array([LOWEST_HZ, NYQUIST_HZ]))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    return curve


def _table(path: Path) -> Table:
    """Return the table of a file, whatever its format."""
    check_readable(path)
    formats = {".fits": "fits", ".fit": "fits", ".vot": "votable", ".xml": "votable"}
    kind = formats.get(path.suffix.lower(), "ascii")
    try:
        with warnings.catch_warnings(action="ignore"):
            return Table.read(path, format=kind)
    except (OSError, ValueError, TypeError, IndexError, KeyError) as error:
        raise BadInput(
            f"the noise curve {path} cannot be read: {error}; {_WANTED}"
        ) from error


def _is_amplitude(table: Table, name: str) -> bool:
    """Return whether a column is an amplitude by its unit, or else by its name."""
    if (unit := table[name].unit) is not None:
        return bool(unit == units.Hz**-0.5)
    return name.lower() in _AMPLITUDES


def _values(table: Table, name: str, unit: Any, path: Path) -> NDArray[np.float64]:
    """Return the numbers of a column in a unit, which it has if it states none."""
    column = table[name]
    if column.dtype.kind not in "iuf":
        raise BadInput(f"{path}: {name} holds no numbers ({column.dtype}); {_WANTED}")
    values = np.ma.filled(np.ma.asarray(column, np.float64), np.nan)
    try:
        factor = 1.0 if column.unit is None else column.unit.to(unit)
    except units.UnitConversionError:
        raise BadInput(
            f"{path}: {name} is in '{column.unit}' and should be in '{unit}'; {_WANTED}"
        ) from None
    return np.asarray(values * factor, np.float64)


def estimates(stretches: Sequence[Stretch], name: str) -> Curves:
    """Return a noise curve for each channel, from its own strain.

    Parameters
    ----------
    stretches : sequence of Stretch
        Of which the longest is used, or the first four years of it.
    name : str
        The stream, for messages.

    Raises
    ------
    BadInput
        A channel has no power at some frequency.
    """
    longest = max(stretches, key=lambda stretch: stretch.values.shape[1])
    curves = []
    for channel, row in zip(CHANNELS, longest.values, strict=True):
        try:
            curves.append(estimated(row[:MOST_SAMPLES]))
        except BadInput as error:
            raise BadInput(
                f"{name}: no noise curve can be estimated from channel {channel}: "
                f"{error}"
            ) from None
    return tuple(curves)


def designed() -> Curves:
    """Return TianQin's design curve for each channel."""
    return (tianqin, tianqin)
