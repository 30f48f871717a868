"""The catalogue of gamma-ray sources: columns, flags and their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any, Final

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from amphitrite.files.columns import Column, join_flags
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.interpret.associations import Counterparts
from amphitrite.surveys.asid.interpret.detections import Detections, has_neighbour
from amphitrite.surveys.asid.learned import Calibration
from amphitrite.surveys.asid.prepare.footprints import near_edge
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons

Floats = NDArray[np.floating]

COLUMNS: Final = (
    Column(
        "name",
        "str",
        "",
        "meta.id;meta.main",
        "AMP JHHMM.m+DDMM after the ICRS position, cut off, not rounded",
    ),
    Column("ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    Column("l", "float64", "deg", "pos.galactic.lon", "Galactic longitude"),
    Column("b", "float64", "deg", "pos.galactic.lat", "Galactic latitude"),
    Column(
        "r68",
        "float32",
        "deg",
        "stat.error;pos",
        "Radius of the circle that holds the position with a probability of 68 %",
    ),
    Column(
        "r95",
        "float32",
        "deg",
        "stat.error;pos",
        "Radius of the circle that holds the position with a probability of 95 %",
    ),
    Column(
        "flux1000",
        "float64",
        "cm-2 s-1",
        "phot.flux;em.gamma",
        "Flux of photons from 1 to 100 GeV",
    ),
    Column(
        "flux1000_err",
        "float64",
        "cm-2 s-1",
        "stat.error;phot.flux;em.gamma",
        "Error of flux1000, one sigma",
    ),
    Column(
        "flux1000_sys",
        "float64",
        "cm-2 s-1",
        "stat.error.sys;phot.flux;em.gamma",
        "Systematic error of flux1000 from the diffuse light; NaN if not measured",
    ),
    Column(
        "p_fake",
        "float32",
        "",
        "stat.probability",
        "Probability that it is a fluctuation and no source",
    ),
    Column(
        "score",
        "float32",
        "",
        "stat.param",
        "Laplacian-of-Gaussian response of the network's mask",
    ),
    Column("patch", "int32", "", "meta.id;obs.field", "Patch that shows it"),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated: edge, confused, partial_band, missing_band, many_peaks, "
        "coarse_pixels, exposure_assumed",
    ),
)
ASSOCIATION_COLUMNS: Final = (
    Column("assoc_name", "str", "", "meta.id.cross", "Counterpart; empty if none"),
    Column(
        "assoc_separation",
        "float64",
        "deg",
        "pos.angDistance",
        "Distance of the counterpart; NaN if none",
    ),
    Column("assoc_class", "str", "", "meta.code.class", "Class of the counterpart"),
)
"""Further columns where a catalogue of counterparts is given."""

FLAGS: Final = {
    "edge": "within 0.6 deg of the edge of the sky that the input shows",
    "confused": "within 0.5 deg of another source of the catalogue",
    "partial_band": "the input holds a part of some band's photons: flux may be low",
    "missing_band": "the input holds too few photons of some band for it to be used",
    "many_peaks": "its patch has more peaks than the server lists, found by the client",
    "coarse_pixels": "the input's pixels are so wide that r68 and r95 are too small",
    "exposure_assumed": (
        "its exposure is not known: its flux is for that of its patch's centre, or of "
        "the training"
    ),
}
"""What the words in the column ``flags`` mean; empty where none applies."""

EDGE_DEGREES: Final = 0.6
CONFUSED_DEGREES: Final = 0.5
# About as wide as the circle that holds 68 % of a source's photons of 7-20 GeV.
COARSE_DEGREES: Final = 0.2
_WHOLE: Final = 0.999  # of a band's photons, short of rounding


def flux_columns(
    log10_flux: Floats, variance: Floats, lat: Floats, *, calibration: Calibration
) -> dict[str, Any]:
    """Return the columns of a catalogue that are about flux.

    Parameters
    ----------
    log10_flux, variance : (n,) ndarray
        Photons above 1 GeV per cm2 and s, and the variance of its logarithm.
    lat : (n,) ndarray
        Galactic latitudes, deg.
    calibration : Calibration
        For the errors.

    Returns
    -------
    dict of str to (n,) ndarray
        ``flux1000``, ``flux1000_err`` and ``flux1000_sys``.

    Notes
    -----
    The errors are those of the logarithm carried over to first order, F ln(10) sigma.
    """
    flux = 10.0 ** np.asarray(log10_flux, np.float64)
    per_dex = flux * np.log(10)
    return {
        "flux1000": flux,
        "flux1000_err": per_dex * calibration.flux_sigma(variance),
        "flux1000_sys": per_dex * calibration.systematic_dex(log10_flux, lat),
    }


def radius_columns(variance: Floats, calibration: Calibration) -> dict[str, Any]:
    """Return the columns ``r68`` and ``r95``, deg, from variances in deg2."""
    sigma = np.sqrt(np.asarray(variance, np.float64))
    at_68, at_95 = calibration.radii
    return {"r68": at_68 * sigma, "r95": at_95 * sigma}


def names(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.str_]:
    """Name sources after their positions, as the IAU recommends.

    Parameters
    ----------
    ra, dec : (n,) ndarray
        ICRS, deg; ra from 0 to 360.

    Returns
    -------
    (n,) ndarray of str
        ``AMP JHHMM.m+DDMM``, cut off, not rounded; those that share a name get a
        letter each, a, b, ... in the order given.

    References
    ----------
    IAU Recommendations for Nomenclature,
    https://cds.unistra.fr/Dic/iau-spec.html

    Examples
    --------
    >>> import numpy as np
    >>> names(np.array([83.6287]), np.array([22.0147])).tolist()
    ['AMP J0534.5+2200']
    """
    tenths = np.floor(ra * 40).astype(int)  # of a minute of time
    minutes = np.floor(np.abs(dec) * 60).astype(int)
    plain = [
        f"AMP J{t // 600:02d}{t // 10 % 60:02d}.{t % 10}{s}{m // 60:02d}{m % 60:02d}"
        for t, s, m in zip(tenths, np.where(dec < 0, "-", "+"), minutes, strict=True)
    ]
    shared = {name for name, n in Counter(plain).items() if n > 1}
    letters = {name: iter(ascii_lowercase) for name in shared}
    return np.array(
        [name + next(letters[name]) if name in shared else name for name in plain],
        dtype=str,
    )


def interpret(
    found: Detections,
    photons: Photons,
    *,
    calibration: Calibration,
    correction: tuple[NDArray[np.floating], NDArray[np.bool_]],
) -> dict[str, NDArray[Any]]:
    """Turn selected detections into the columns of the catalogue.

    Parameters
    ----------
    found : Detections
        What `select` returns, without what is fake.
    photons : Photons
        Those of the input.
    calibration : Calibration
        What was learned with the networks.
    correction : (n,) ndarray, (n,) ndarray of bool
        What `exposure_correction` returns.

    Returns
    -------
    dict of str to (n,) ndarray
        By column name, rows by right ascension.
    """
    lon, lat = angles(found.sources)
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    ra, dec = icrs.ra.deg % 360.0, icrs.dec.deg
    factor, assumed = correction
    applies = {
        "edge": near_edge(photons.footprint, found.sources, degrees=EDGE_DEGREES),
        "confused": has_neighbour(found.sources, degrees=CONFUSED_DEGREES),
        "partial_band": any(part < _WHOLE for part in photons.coverage.values()),
        "missing_band": len(photons.coverage) < len(BANDS),
        "many_peaks": found.many,
        "coarse_pixels": photons.pixel_degrees > COARSE_DEGREES,
        "exposure_assumed": assumed,
    }
    columns = {
        "ra": ra,
        "dec": dec,
        "l": lon,
        "b": lat,
        **radius_columns(found.offset_variance, calibration),
        **flux_columns(
            found.log10_flux + np.log10(factor),
            found.flux_variance,
            lat,
            calibration=calibration,
        ),
        "p_fake": found.p_fake,
        "score": found.score,
        "patch": found.patch,
        "flags": join_flags({flag: applies[flag] for flag in FLAGS}, len(found)),
    }
    order = np.lexsort((dec, ra))
    columns = {name: values[order] for name, values in columns.items()}
    return {"name": names(columns["ra"], columns["dec"]), **columns}


def counterpart_columns(
    columns: Mapping[str, NDArray[Any]], counterparts: Counterparts
) -> dict[str, NDArray[Any]]:
    """Return the columns of counterparts."""
    vectors = unit_vectors(columns["l"], columns["b"])
    found = counterparts.of(vectors, columns["r95"])
    return dict(zip((c.name for c in ASSOCIATION_COLUMNS), found, strict=True))
