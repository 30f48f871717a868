"""What a file says of its clusters: one entry for each, or one for all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.page import CONCENTRATION, ELLIPTICITY, LOG_MASS
from amphitrite.surveys.darkcnn.prepare.cluster import Said, attributes_of

NAMES: Final = ("cluster_id", "clusterid", "id", "ids", "name", "names")
REDSHIFTS: Final = ("redshift", "z", "zcluster", "z_cluster", "zlens", "z_lens")
SOURCES: Final = ("z_source", "zsource", "source_redshift")
_ATTRIBUTES: Final = {
    LOG_MASS: (LOG_MASS, "logm200", "log_mass", "mass"),
    CONCENTRATION: (CONCENTRATION, "xrayconc", "xray_conc"),
    ELLIPTICITY: (ELLIPTICITY, "bcg_e"),
}
_COMPONENTS: Final = ("bcg_e1", "bcg_e2")


class Entries:
    """Named columns of plain values, asked for by cluster.

    Parameters
    ----------
    columns : mapping of str to sequence, array or value
        By name in any case of letters.  A sequence or an array has an entry for each
        cluster; anything else is said of all.
    n : int
        Number of clusters.
    file : str
        The file, for messages.
    """

    def __init__(self, columns: Mapping[str, Any], n: int, file: str) -> None:
        self._columns = {str(key).lower(): value for key, value in columns.items()}
        self._n = n
        self._file = file

    def value(self, number: int, *names: str) -> Said | None:
        """Return what is said of a cluster under the first name that says anything.

        Parameters
        ----------
        number : int
            The cluster, from 0 on.
        *names : str
            Names in small letters.

        Returns
        -------
        str, int, float or None
            None where there is no such column, or no plain value in it.

        Raises
        ------
        BadInput
            The column has not an entry for each cluster.
        """
        for name in names:
            column: Any = self._columns.get(name)
            if _is_many(column):
                if len(column) != self._n:
                    raise BadInput(
                        f"{self._file} has {self._n} clusters, and {len(column)} "
                        f"entries of '{name}'; there must be one for each"
                    )
                column = column[number]
            if (found := plain(column)) is not None:
                return found
        return None

    def number(self, number: int, *names: str) -> float | None:
        """Return a finite number that is said of a cluster; None without one."""
        said = self.value(number, *names)
        try:
            found = math.nan if said is None else float(said)
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) else None

    def text(self, number: int, *names: str) -> str:
        """Return what is said of a cluster as text; empty where nothing is."""
        found = self.value(number, *names)
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        return "" if found is None else str(found).strip()

    def attributes(self, number: int) -> dict[str, float]:
        """Return the attributes of a cluster that are known; see `attributes_of`."""
        stated = {
            name: found
            for name, names in _ATTRIBUTES.items()
            if (found := self.number(number, *names)) is not None
        }
        parts = [self.number(number, name) for name in _COMPONENTS]
        if ELLIPTICITY not in stated and None not in parts:
            stated[ELLIPTICITY] = math.hypot(*(part or 0.0 for part in parts))
        return attributes_of(stated)

    def others(self, number: int) -> dict[str, Said]:
        """Return all plain values that are said of a cluster, by name."""
        found = {}
        for name, column in self._columns.items():
            if not _is_many(column) or len(column) == self._n:
                value = self.value(number, name)
                if value is not None:
                    found[name] = value
        return found


def plain(value: Any) -> Said | None:
    """Return a number or a text of Python; None for anything else.

    Parameters
    ----------
    value : object
        Also a scalar of numpy, or an array of one item.
    """
    if isinstance(value, np.ndarray | np.generic):
        if value.size != 1 or value.dtype.names:
            return None
        try:
            value = value.item()
        except (ValueError, SystemError):  # text of no characters
            return None
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, int):
        return int(value) if value.bit_length() < 64 else None
    return value if isinstance(value, str | float) else None


def _is_many(column: Any) -> bool:
    """Return whether a column has entries of its own for each cluster."""
    if isinstance(column, np.ndarray):
        return column.ndim > 0
    return isinstance(column, Sequence) and not isinstance(column, str | bytes)
