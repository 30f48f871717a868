"""Frames of positions and times, read back from catalogues by astropy."""

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits, votable
from astropy.table import QTable
from astropy.time import Time

from amphitrite.files import catalogues, frames
from amphitrite.files.columns import Column
from amphitrite.surveys.asid import catalogue as asid
from amphitrite.surveys.calnet import catalogue as calnet
from amphitrite.surveys.morpheus import catalogue as morpheus

SURVEYS = {"asid": asid, "calnet": calnet, "morpheus": morpheus}
# A place on the sky in two frames, that of the Crab pulsar, and an instant, the date
# 1339.197 of the TESS mission.
CRAB = SkyCoord(83.633, 22.0145, unit="deg", frame="icrs")
EPOCH = Time(2457000 + 1339.197, format="jd", scale="tdb")
VALUES = {
    **{"ra": CRAB.ra.deg, "dec": CRAB.dec.deg},
    **{"l": CRAB.galactic.l.deg, "b": CRAB.galactic.b.deg, "epoch": 1339.197},
}


@pytest.fixture(params=SURVEYS)
def columns(request):
    return SURVEYS[request.param].COLUMNS


def written(columns, path):
    data = {
        column.name: ["a"] if column.dtype == "str" else [VALUES.get(column.name, 0)]
        for column in columns
    }
    catalogues.write(catalogues.table(columns, data), path)
    return path


def check_sky(table, lon, lat, frame):
    found = SkyCoord(table[lon], table[lat], unit="deg", frame=frame)
    # rounding of coordinates in double precision, some 1e-13 deg
    assert found.separation(CRAB).max() < 1e-9 * u.deg


def check_time(time):
    # a day's fraction as a double, of some 1e-13 d after 1339
    assert abs(time - EPOCH).max() < 1e-9 * u.d
    assert time.scale == "tdb"


def test_a_votable_says_where_and_when(columns, tmp_path):
    path = written(columns, tmp_path / "catalogue.vot")
    assert "found no violations" in votable.validate(path, output=None)
    document = votable.parse(path, verify="exception")
    resource = document.resources[0]
    table = document.get_first_table()
    refs = {field.name: field.ref for field in table.fields if field.ref}
    skies = {system.ID: system for system in resource.coordinate_systems}
    times = {system.ID: system for system in resource.time_systems}
    assert {*skies, *times} == {*refs.values()}
    for lon, lat in [("ra", "dec"), ("l", "b")]:
        assert refs.get(lon) == refs.get(lat)
        if lon in refs:
            check_sky(table.array, lon, lat, skies[refs[lon]].system.lower())
    if "epoch" in refs:
        system = times[refs["epoch"]]
        assert system.refposition == "BARYCENTER"
        check_time(
            Time(
                table.array["epoch"].data,
                float(system.timeorigin),
                format="jd",
                scale=system.timescale.lower(),
            )
        )


def test_a_fits_table_says_where_and_when(columns, tmp_path):
    path = written(columns, tmp_path / "catalogue.fits")
    with fits.open(path) as hdus:
        hdus.verify("exception")
        header, table = hdus[1].header, hdus[1].data
        check_sky(table, "ra", "dec", header["RADESYS"].lower())
        assert ("MJDREFI" in header) == ("epoch" in table.names)
        if "epoch" in table.names:
            assert (header["TREFPOS"], header["TIMEUNIT"]) == ("BARYCENTER", "d")
            check_time(
                Time(
                    header["MJDREFI"] + table["epoch"],
                    header["MJDREFF"],
                    format="mjd",
                    scale=header["TIMESYS"].lower(),
                )
            )


def test_columns_stay_numbers_for_astropys_tables(columns, tmp_path):
    path = written(columns, tmp_path / "catalogue.fits")
    table = QTable.read(path)
    for name in {*VALUES} & {*table.colnames}:
        assert table[name][0].value == VALUES[name]


def test_positions_and_times_have_a_frame(columns):
    for column in columns:
        place = column.ucd.startswith(("pos.eq", "pos.galactic", "time.epoch"))
        assert bool(column.frame) == place, column.name


def test_without_frames_nothing_is_declared(tmp_path):
    columns = [Column("area", "int32", "pix2", "phys.angArea", "Pixels")]
    path = written(columns, tmp_path / "catalogue.fits")
    header = fits.getheader(path, 1)
    assert not {"RADESYS", "TIMESYS", "MJDREFI"} & {*header}
    path = written(columns, tmp_path / "catalogue.vot")
    assert "COOSYS" not in path.read_text()
    assert frames.fits_cards([]) == {}
