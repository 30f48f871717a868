"""The missions whose light curves are read: their stars, times and sectors.

The first days of the sectors are those of the mission's page of observing dates at
HEASARC (https://heasarc.gsfc.nasa.gov/docs/tess/sector.html), those of the quarters of
https://keplergo.github.io/KeplerScienceWebsite/the-kepler-mission.html; the data of
quarter 8 begin after a safe mode, on 2011 January 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ORDINAL_JD: Final = 1721424.5  # Julian Date at the beginning of `date.fromordinal(0)`


@dataclass(frozen=True)
class Mission:
    """A mission.

    Parameters
    ----------
    name : str
        What it is called.
    catalogue, number, magnitude : str
        The catalogue of its stars, and keywords of a star's number and magnitude.
    zero : float
        Julian Date from which its files count times.
    lifetime : (float, float)
        Julian Dates between which all of its observations lie.
    sector : str
        What its sectors are called: sector, quarter or campaign.
    longest : float
        Length in days that no sector reaches.
    begins : tuple of str
        First days of its sectors and, last, the day on which the last one ends; empty
        if they are not known.
    first : int
        Number of the first sector.
    """

    name: str
    catalogue: str
    number: str
    magnitude: str
    zero: float
    lifetime: tuple[float, float]
    sector: str
    longest: float
    begins: tuple[str, ...] = ()
    first: int = 1

    def sectors(self, jd: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the numbers of the sectors in which times lie; 0 if not known."""
        days = [date.fromisoformat(day).toordinal() for day in self.begins]
        edges = np.array(days) + _ORDINAL_JD
        at = np.searchsorted(edges, jd, side="right")
        known = (at > 0) & (at < len(edges))
        return np.where(known, at - 1 + self.first, 0)


TESS: Final = Mission(
    *("TESS", "TIC", "TICID", "TESSMAG", 2457000.0),
    lifetime=(2458226.5, 2467000.0),  # from the launch, 2018 April 18
    sector="sector",
    longest=31.0,
    begins=(
        *("2018-07-25", "2018-08-23", "2018-09-20", "2018-10-18", "2018-11-15"),
        *("2018-12-12", "2019-01-07", "2019-02-02", "2019-02-28", "2019-03-26"),
        *("2019-04-23", "2019-05-21", "2019-06-19", "2019-07-18", "2019-08-15"),
        *("2019-09-11", "2019-10-07", "2019-11-03", "2019-11-28", "2019-12-24"),
        *("2020-01-21", "2020-02-19", "2020-03-18", "2020-04-16", "2020-05-14"),
        *("2020-06-09", "2020-07-05", "2020-07-31", "2020-08-26", "2020-09-23"),
        *("2020-10-22", "2020-11-19", "2020-12-18", "2021-01-14", "2021-02-09"),
        *("2021-03-07", "2021-04-02", "2021-04-29", "2021-05-27", "2021-06-24"),
        *("2021-07-23", "2021-08-20", "2021-09-16", "2021-10-12", "2021-11-06"),
        *("2021-12-02", "2021-12-30", "2022-01-28", "2022-02-26", "2022-03-26"),
        *("2022-04-22", "2022-05-18", "2022-06-13", "2022-07-09", "2022-08-05"),
        *("2022-09-01", "2022-09-30", "2022-10-29", "2022-11-26", "2022-12-23"),
        *("2023-01-18", "2023-02-12", "2023-03-10", "2023-04-06", "2023-05-04"),
        *("2023-06-02", "2023-07-01", "2023-07-29", "2023-08-25", "2023-09-20"),
        *("2023-10-16", "2023-11-11", "2023-12-07", "2024-01-03", "2024-01-30"),
        *("2024-02-26", "2024-03-26", "2024-04-23", "2024-05-21", "2024-06-18"),
        *("2024-07-15", "2024-08-10", "2024-09-05", "2024-10-01"),
    ),
)
_SPACECRAFT: Final = (
    2454897.5,
    2458422.5,
)  # launched 2009 March 7, off 2018 October 30
KEPLER: Final = Mission(
    *("Kepler", "KIC", "KEPLERID", "KEPMAG", 2454833.0),
    lifetime=_SPACECRAFT,
    sector="quarter",
    longest=100.0,
    first=0,
    begins=(
        *("2009-05-02", "2009-05-13", "2009-06-20", "2009-09-18", "2009-12-19"),
        *("2010-03-20", "2010-06-24", "2010-09-23", "2011-01-06", "2011-03-19"),
        *("2011-06-28", "2011-09-29", "2012-01-05", "2012-03-29", "2012-06-28"),
        *("2012-10-05", "2013-01-12", "2013-04-09", "2013-05-12"),
    ),
)
K2: Final = Mission(
    *("K2", "EPIC", "KEPLERID", "KEPMAG", 2454833.0),
    lifetime=_SPACECRAFT,
    sector="campaign",
    longest=100.0,
)
MISSIONS: Final = (TESS, KEPLER, K2)
