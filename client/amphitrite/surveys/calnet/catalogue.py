"""The catalogue of eclipsing binaries: its columns and flags, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amphitrite.files.columns import Column, join_flags
from amphitrite.files.frames import BTJD, ICRS
from amphitrite.surveys.calnet.interpret import doubling, periods
from amphitrite.surveys.calnet.interpret.periods import Ephemeris
from amphitrite.surveys.calnet.interpret.stars import Star
from amphitrite.surveys.calnet.page import P_EB

COLUMNS: Final = (
    Column(
        "tic",
        "int64",
        "",
        "meta.id;meta.main",
        "Number in the TESS Input Catalog, 0 for stars of Kepler and K2",
    ),
    Column("star", "str", "", "meta.id", "Catalogue (TIC, KIC or EPIC) and number"),
    Column(
        "sectors",
        "str",
        "",
        "meta.id;obs",
        "Comma-separated sectors (quarters, campaigns) of its files, 0 if not known",
    ),
    Column(
        "ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)", ICRS
    ),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)", ICRS),
    Column(
        "tmag",
        "float32",
        "mag",
        "phot.mag;em.opt.I",
        "Magnitude in the band of TESS (of Kepler for its stars)",
    ),
    Column(
        P_EB,
        "float32",
        "",
        "stat.probability;src.class",
        "Highest probability of a segment to show an eclipsing binary",
    ),
    Column("n_segments", "int32", "", "meta.number;obs", "Number of segments"),
    Column(
        "n_positive",
        "int32",
        "",
        "meta.number;obs",
        "Number of segments whose probability reaches the threshold",
    ),
    Column(
        "period",
        "float64",
        "d",
        "time.period",
        "Orbital period; below the threshold, that of the periodogram's peak",
    ),
    Column(
        "period_err",
        "float64",
        "d",
        "stat.error;time.period",
        "Standard error of the period, NaN below the threshold",
    ),
    Column(
        "gls_power",
        "float64",
        "",
        "stat.fit.goodness",
        "Highest peak of the generalised Lomb-Scargle periodogram, 0 to 1",
    ),
    Column(
        "fap",
        "float64",
        "",
        "stat.probability",
        "False-alarm probability of that peak in white noise (Baluev 2008)",
    ),
    Column(
        "bls_period",
        "float64",
        "d",
        "time.period",
        "Period of the best repeated box, NaN below the threshold",
    ),
    Column(
        "epoch",
        "float64",
        "d",
        "time.epoch",
        "A primary minimum, BJD (TDB) - 2457000, NaN below the threshold",
        BTJD,
    ),
    Column(
        "depth",
        "float64",
        "",
        "phot.flux;arith.ratio",
        "Depth of the primary minimum relative to the flux, NaN below the threshold "
        "and with the flag negative_flux",
    ),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated words, explained by amphitrite calnet --help",
    ),
)

FLAGS: Final = {
    "periodogram": "below the threshold: the period is that of the periodogram's peak",
    doubling.ODD_EVEN: "the period was doubled, since odd and even minima differ",
    doubling.SINUSOID: "the period was doubled, since the profile is a plain sinusoid",
    periods.FEW_CYCLES: "fewer than three cycles were observed",
    periods.UNCONNECTED: "sectors too far away to count the cycles were left out",
    periods.NEGATIVE_FLUX: "the flux in the minimum is below zero (background "
    "overestimated?), so that the depth, which would be above 1, is NaN",
    "one_segment": "only one of several segments reaches the threshold",
    "repeated": "further files of the same times were left out",
}
"""Meanings of the words in the column ``flags``, which is empty where none applies."""


def interpret(
    found: Sequence[Star],
    ephemerides: Mapping[str, Ephemeris],
    *,
    threshold: float,
) -> dict[str, NDArray[Any]]:
    """Return the columns of the catalogue for some stars.

    Parameters
    ----------
    found : sequence of Star
        The n stars, one per row.
    ephemerides : mapping of str to Ephemeris
        Ephemerides of the stars that reach the threshold, by the star's name.
    threshold : float
        Probability from which on a segment counts as positive.

    Returns
    -------
    dict of str to (n,) ndarray
        Values by column name.
    """
    first = [star.files[0] for star in found]
    measured = [ephemerides.get(star.name) for star in found]
    peaks = [
        ephemeris.peak if ephemeris else star.peak
        for star, ephemeris in zip(found, measured, strict=True)
    ]
    n_segments = np.array([len(star.scores) for star in found])
    # in double precision, as in the selection of candidates
    n_positive = np.array(
        [(star.scores.astype(np.float64) >= threshold).sum() for star in found]
    )
    applies = {
        "periodogram": np.array([ephemeris is None for ephemeris in measured]),
        "one_segment": (n_positive == 1) & (n_segments > 1),
        "repeated": np.array([star.repeated for star in found]),
        **{
            flag: np.array([flag in (e.flags if e else ()) for e in measured])
            for flag in periods.FLAGS
        },
    }
    return {
        **_columns(first, ("tic", "star", "ra", "dec", "tmag")),
        "sectors": np.array([star.sectors for star in found]),
        P_EB: np.array([star.p_eb for star in found]),
        "n_segments": n_segments,
        "n_positive": n_positive,
        "period": np.array(
            [(e or peak).period for e, peak in zip(measured, peaks, strict=True)]
        ),
        "gls_power": np.array([peak.power for peak in peaks]),
        "fap": np.array([peak.fap for peak in peaks]),
        **_columns(measured, ("period_err", "bls_period", "epoch", "depth")),
        "flags": join_flags({flag: applies[flag] for flag in FLAGS}, len(found)),
    }


def _columns(
    records: Sequence[object], names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return fields of records as arrays by name; NaN where there is no record."""
    return {
        name: np.array([getattr(record, name, np.nan) for record in records])
        for name in names
    }
