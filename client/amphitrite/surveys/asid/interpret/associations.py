"""Counterparts of detected sources in a catalogue of known sources.

Two entries count as one source if their separation is at most their positional errors
at 99.9 %, added in quadrature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

# Ratio of the radii that hold 99.9 % and 95 % of a circular normal distribution.
_LARGER: Final = float(np.sqrt(np.log(1e-3) / np.log(0.05)))


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
    choices : mapping of str to str
        What was decided for the user, as FITS cards.
    """

    title: str
    names: NDArray[np.str_]
    classes: NDArray[np.str_]
    vectors: NDArray[np.float64]
    r95: NDArray[np.float64]
    extent: NDArray[np.float64]
    choices: Mapping[str, str] = field(default_factory=dict)

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
