"""Counterparts of detected sources in a catalogue of the Fermi mission.

Two entries count as one source if their separation is at most their positional errors
at 99.9 %, added in quadrature.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from amphitrite.errors import BadInput
from amphitrite.files.opening import UNREADABLE, check_readable
from amphitrite.surveys.asid.prepare.patches import unit_vectors

# Ratio of the radii that hold 99.9 % and 95 % of a circular normal distribution.
_LARGER: Final = float(np.sqrt(np.log(1e-3) / np.log(0.05)))
_NAME, _RA, _DEC = "Source_Name", "RAJ2000", "DEJ2000"
_ERROR, _EXTENDED = "Conf_95_SemiMajor", "Extended_Source_Name"
_NEEDED: Final = {_NAME, _RA, _DEC, _ERROR}
# The column is CLASS1 in 4FGL, and CLASS in 3FHL and earlier catalogues.
_CLASSES: Final = ("CLASS1", "CLASS")


@dataclass(frozen=True)
class Counterparts:
    """A catalogue of known sources, among which counterparts are looked for.

    Parameters
    ----------
    title : str
        Name and version of the catalogue, such as ``4FGL v30``.
    names, classes : (m,) ndarray of str
        Names and classes of its sources; a class is empty where none is given.
    vectors : (m, 3) ndarray of float64
        Their directions as Galactic unit vectors.
    r95 : (m,) ndarray of float64
        Radius in deg of the circle that holds the position with a probability of 95 %;
        0 where none is given.
    extent : (m,) ndarray of float64
        Semi-major axis of extended sources in deg; 0 for others.
    """

    title: str
    names: NDArray[np.str_]
    classes: NDArray[np.str_]
    vectors: NDArray[np.float64]
    r95: NDArray[np.float64]
    extent: NDArray[np.float64]

    def of(
        self, vectors: NDArray[np.floating], r95: NDArray[np.floating]
    ) -> tuple[NDArray[np.str_], NDArray[np.float64], NDArray[np.str_]]:
        """Return the counterparts of sources, each the nearest within its errors.

        Parameters
        ----------
        vectors : (n, 3) ndarray
            Galactic unit vectors of the sources.
        r95 : (n,) ndarray
            Radius in deg of the circles that hold the positions with a probability of
            95 %.

        Returns
        -------
        names : (n,) ndarray of str
            Names of the counterparts; empty where there is none.
        separation : (n,) ndarray of float64
            Their separations in deg; NaN where there is none.
        classes : (n,) ndarray of str
            Their classes; empty where there is none.
        """
        best = np.full(len(vectors), -1)
        separation = np.full(len(vectors), np.nan)
        if len(vectors) and len(self.names):
            # the largest separation that any pair may have
            reach = float(_limit(r95.max(), self.r95, self.extent).max())
            tree = cKDTree(self.vectors)
            near = tree.query_ball_point(vectors, 2 * np.sin(np.radians(reach) / 2))
            for row, some in enumerate(near):
                place = np.array(some, int)
                chord = np.linalg.norm(self.vectors[place] - vectors[row], axis=1)
                distance = np.degrees(2 * np.arcsin(chord / 2))
                allowed = _limit(r95[row], self.r95[place], self.extent[place])
                distance[distance > allowed] = np.inf
                if np.isfinite(distance).any():
                    best[row] = place[distance.argmin()]
                    separation[row] = distance.min()
        # index -1, for no counterpart, selects the empty text at the end
        names, classes = (
            np.append(texts, "")[best] for texts in (self.names, self.classes)
        )
        return names, separation, classes


def _limit(
    one: Any, other: NDArray[np.float64], extent: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest allowed separation of two entries in deg.

    The extent of extended sources is added.
    """
    return np.asarray(_LARGER * np.hypot(one, other) + extent)


def read(path: Path) -> Counterparts:
    """Return a catalogue such as 4FGL-DR3 (``gll_psc_v30.fit``) or 3FHL.

    Parameters
    ----------
    path : Path
        A FITS file of the mission, plain or gzipped.

    Returns
    -------
    Counterparts
        The catalogue without sources whose position is NaN.

    Raises
    ------
    BadInput
        The file cannot be read, or lacks names or positions.
    """
    check_readable(path)
    try:
        with (
            warnings.catch_warnings(action="ignore", category=AstropyUserWarning),
            closing(fits.open(path, memmap=False)) as hdus,
        ):
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
            for table in tables:
                if _NEEDED <= _has(table):
                    return _counterparts(table, _extents(tables))
            listed = "; ".join(map(_listed, tables))
    except UNREADABLE as error:
        raise BadInput(
            f"the catalogue {path} cannot be read: {error}\nGive a FITS file such as "
            "gll_psc_v30.fit; if it is one, copy it again."
        ) from error
    raise BadInput(
        f"{path} is no catalogue of the Fermi mission that is understood: no table has "
        f"the columns {', '.join(sorted(_NEEDED))}; received {listed or 'no table'}.\n"
        "Give a file such as gll_psc_v30.fit (4FGL) or gll_psch_v13.fit (3FHL)."
    )


def _counterparts(table: Any, extents: Mapping[str, float]) -> Counterparts:
    has, data = _has(table), table.data
    data = data[np.isfinite(data[_RA]) & np.isfinite(data[_DEC])]
    place = SkyCoord(data[_RA], data[_DEC], unit="deg").galactic
    error = np.asarray(data[_ERROR], np.float64)
    class_column = next((name for name in _CLASSES if name in has), None)
    classes = _text(data[class_column]) if class_column else np.full(len(data), "")
    extended = _text(data[_EXTENDED]) if _EXTENDED in has else np.full(len(data), "")
    header = table.header
    return Counterparts(
        title=f"{header.get('CDS-NAME', '')} {header.get('VERSION', '')}".strip(),
        names=_text(data[_NAME]),
        classes=classes,
        vectors=unit_vectors(place.l.deg, place.b.deg),
        r95=np.where(np.isfinite(error) & (error > 0), error, 0.0),
        extent=np.array([extents.get(str(name), 0.0) for name in extended]),
    )


def _extents(tables: list[Any]) -> dict[str, float]:
    """Return the semi-major axes of extended sources in deg, by name."""
    return {
        str(name): float(size)
        for table in tables
        if {_NAME, "Model_SemiMajor"} <= _has(table)
        for name, size in zip(
            _text(table.data[_NAME]), table.data["Model_SemiMajor"], strict=True
        )
        if np.isfinite(size)
    }


def _text(column: Any) -> NDArray[np.str_]:
    return np.char.strip(np.asarray(column, str))


def _has(table: Any) -> set[str]:
    return set(table.columns.names)


def _listed(table: Any) -> str:
    return f"{table.name or 'a table'} with {', '.join(table.columns.names[:8])}"
