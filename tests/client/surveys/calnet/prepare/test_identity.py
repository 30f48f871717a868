"""Stars and sectors are found wherever a file says them."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.prepare import identity
from amphitrite.surveys.calnet.prepare.headers import Headers
from amphitrite.surveys.calnet.prepare.identity import BY_DATE, OBJECT, sectors, star
from amphitrite.surveys.calnet.prepare.missions import K2, KEPLER, TESS

PATH = Path("a.fits")


def headers(primary, table=None):
    return Headers(fits.Header(primary), fits.Header(table or {}))


@pytest.mark.parametrize(
    ("primary", "table", "mission", "number", "notes"),
    [
        ({"TICID": 5}, {}, TESS, 5, ()),
        ({}, {"TICID": "5"}, TESS, 5, ()),
        ({"TICID": "TIC 117544915"}, {}, TESS, 117544915, ()),
        ({"TICID": 5.0, "OBJECT": "TIC 6"}, {}, TESS, 5, ()),
        ({"TELESCOP": "Kepler", "KEPLERID": 7}, {}, KEPLER, 7, ()),
        ({"TELESCOP": "Kepler", "MISSION": "K2"}, {"KEPLERID": 8}, K2, 8, ()),
        ({"MISSION": "TESS", "OBJECT": "117544915"}, {}, TESS, 117544915, (OBJECT,)),
        (
            {"TELESCOP": "TESS", "OBJECT": "TIC117544915"},
            {},
            TESS,
            117544915,
            (OBJECT,),
        ),
        ({"OBJECT": "tic 9"}, {}, TESS, 9, (OBJECT,)),
        ({"OBJECT": "KIC 757076"}, {}, KEPLER, 757076, (OBJECT,)),
        ({"MISSION": "K2", "OBJECT": "EPIC 206103150"}, {}, K2, 206103150, (OBJECT,)),
        ({"MISSION": "Kepler", "OBJECT": "00757076"}, {}, KEPLER, 757076, (OBJECT,)),
    ],
)
def test_a_star_is_found(primary, table, mission, number, notes):
    assert star(headers(primary, table), PATH) == (mission, number, notes)


@pytest.mark.parametrize(
    "primary",
    [
        {},
        {"OBJECT": "117544915"},  # a number of which catalogue?
        {"MISSION": "TESS", "OBJECT": "WASP-100"},
        {"MISSION": "TESS", "OBJECT": "TIC 0"},
        {"TELESCOP": "CHEOPS", "OBJECT": "117544915"},
        {"MISSION": "TESS", "KEPLERID": 5},
        {"TICID": 10**19},
    ],
)
def test_a_file_of_no_star_says_what_to_write(primary):
    with pytest.raises(
        BadInput, match=r"a\.fits does not say which star .*TICID.*OBJE"
    ):
        star(headers(primary), PATH)


def days(*stretches):
    return 2457000 + np.concatenate([np.arange(a, b, 0.1) for a, b in stretches])


@pytest.mark.parametrize(
    ("mission", "jd", "stated", "found"),
    [
        # the orbits of sectors 1, 2 and 6, by the times of their first and last points
        (TESS, days((1325.3, 1338.5), (1339.7, 1353.2)), 7, (7,)),
        (TESS, days((1325.3, 1353.2), (1354.1, 1381.5)), 2, (1, 2)),
        (TESS, days((1325.3, 1353.2), (1468.3, 1490.0)), 6, (1, 6)),
        (TESS, days((1325.3, 1353.2), (1354.1, 1381.5)), None, (1, 2)),
        # later than the known dates
        (TESS, days((1325.3, 1353.2), (5000, 5020)), 1, (0, 1)),
        # quarters 1 and 2: 2009 May 13 is BJD 2454965
        (KEPLER, days((-2035, -2002), (-1997, -1909)), 2, (1, 2)),
        # no dates of campaigns are known
        (K2, days((0, 80), (200, 280)), 5, (0,)),
    ],
)
def test_sectors_are_stated_or_those_of_the_dates(mission, jd, stated, found):
    numbers, notes = sectors(headers({"SECTOR": stated}), mission, jd)
    assert numbers == found
    assert notes == ((BY_DATE,) if jd[-1] - jd[0] > 31 else ())


def test_a_stated_list_of_sectors_counts():
    jd = days((1325.3, 1353.2), (1354.1, 1381.5))
    assert sectors(headers({"SECTOR": "1,2"}), TESS, jd) == ((1, 2), ())


def test_sectors_follow_each_other():
    for mission in identity.MISSIONS:
        assert list(mission.begins) == sorted(set(mission.begins))
    assert TESS.sectors(np.array([2458324.4, 2458324.6, 2460584.4])).tolist() == [
        0,
        1,
        83,
    ]
