"""The catalogue of gamma-ray sources: its columns and flags, and their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any, Final

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from amphitrite.files.columns import Column, join_flags
from amphitrite.files.frames import GALACTIC, ICRS
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
        "AMP JHHMM.m+DDMM from the ICRS position, truncated, not rounded",
    ),
    Column(
        "ra", "float64", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)", ICRS
    ),
    Column("dec", "float64", "deg", "pos.eq.dec;meta.main", "Declination (ICRS)", ICRS),
    Column("l", "float64", "deg", "pos.galactic.lon", "Galactic longitude", GALACTIC),
    Column("b", "float64", "deg", "pos.galactic.lat", "Galactic latitude", GALACTIC),
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
        "Systematic error of flux1000 from the diffuse emission; NaN if not measured",
    ),
    Column(
        "p_fake",
        "float32",
        "",
        "stat.probability",
        "Probability that it is a fluctuation and not a source",
    ),
    Column(
        "score",
        "float32",
        "",
        "stat.param",
        "Laplacian-of-Gaussian response of the network's mask",
    ),
    Column("patch", "int32", "", "meta.id;obs.field", "Number of the patch"),
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
"""Further columns if a catalogue of counterparts is given."""

FLAGS: Final = {
    "edge": "within 0.6 deg of the edge of the region that the input covers",
    "confused": "within 0.5 deg of another source of the catalogue",
    "partial_band": "the input has only part of a band's energies: flux may be low",
    "missing_band": "the input has too little of a band's energies to use it",
    "many_peaks": "the patch has more peaks than the server lists, found by the client",
    "coarse_pixels": "the input's pixels are so wide that r68 and r95 are too small",
    "exposure_assumed": (
        "exposure not known: the flux assumes that at the patch's centre, or the mean "
        "of the training"
    ),
}
"""Meanings of the words in the column ``flags``, which is empty where none applies."""

EDGE_DEGREES: Final = 0.6
CONFUSED_DEGREES: Final = 0.5
# About the diameter of the circle that holds 68 % of a source's photons of 7-20 GeV.
COARSE_DEGREES: Final = 0.2
_WHOLE: Final = 0.999  # fraction of a band's photons; less than 1 because of rounding


def flux_columns(
    log10_flux: Floats, variance: Floats, lat: Floats, *, calibration: Calibration
) -> dict[str, Any]:
    """Return the flux columns of the catalogue.

    Parameters
    ----------
    log10_flux, variance : (n,) ndarray
        log10 of the photon flux from 1 to 100 GeV in cm-2 s-1, and its variance.
    lat : (n,) ndarray
        Galactic latitudes in deg.
    calibration : Calibration
        The calibration of the errors.

    Returns
    -------
    dict of str to (n,) ndarray of float64
        ``flux1000``, ``flux1000_err`` and ``flux1000_sys`` in cm-2 s-1.

    Notes
    -----
    The errors are those of log10 of the flux to first order: F ln(10) sigma.
    """
    flux = 10.0 ** np.asarray(log10_flux, np.float64)
    per_dex = flux * np.log(10)
    return {
        "flux1000": flux,
        "flux1000_err": per_dex * calibration.flux_sigma(variance),
        "flux1000_sys": per_dex * calibration.systematic_dex(log10_flux, lat),
    }


def radius_columns(variance: Floats, calibration: Calibration) -> dict[str, Any]:
    """Return the columns ``r68`` and ``r95`` in deg from (n,) variances in deg2."""
    sigma = np.sqrt(np.asarray(variance, np.float64))
    at_68, at_95 = calibration.radii
    return {"r68": at_68 * sigma, "r95": at_95 * sigma}


def names(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return names of sources from their positions, as the IAU recommends.

    Parameters
    ----------
    ra, dec : (n,) ndarray
        ICRS coordinates in deg; ra from 0 to 360.

    Returns
    -------
    (n,) ndarray of str
        ``AMP JHHMM.m+DDMM``, truncated, not rounded.  Sources with the same name get
        letters a, b, ... in their order.

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
    """Return the columns of the catalogue for the sources.

    Parameters
    ----------
    found : Detections
        The n sources: the selected detections that the classifier keeps.
    photons : Photons
        The photons of the input.
    calibration : Calibration
        The learned calibration of the networks.
    correction : (n,) ndarray, (n,) ndarray of bool
        The factors on fluxes, and whether the exposure is assumed; see
        `amphitrite.surveys.asid.interpret.detections.exposure_correction`.

    Returns
    -------
    dict of str to (n,) ndarray
        Values by column name, sorted by right ascension.
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
    """Return the columns of counterparts, `ASSOCIATION_COLUMNS`, by name.

    Parameters
    ----------
    columns : mapping of str to (n,) ndarray
        The columns of the catalogue; see `interpret`.
    counterparts : Counterparts
        The catalogue of known sources.
    """
    vectors = unit_vectors(columns["l"], columns["b"])
    found = counterparts.of(vectors, columns["r95"])
    return dict(zip((c.name for c in ASSOCIATION_COLUMNS), found, strict=True))
