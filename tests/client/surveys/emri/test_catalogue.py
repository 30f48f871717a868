"""Rows of the list of triggers, without a server."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.time import Time

from amphitrite.files import catalogues
from amphitrite.surveys.emri.catalogue import (
    COLUMNS,
    FLAGS,
    Found,
    columns_for,
    interpret,
    moments,
)
from amphitrite.surveys.emri.interpret.maps import Track
from amphitrite.surveys.emri.interpret.triggers import Trigger
from amphitrite.surveys.emri.learned import NoiseRun
from amphitrite.surveys.emri.prepare.strain_files import GPS_ZERO

NOISE = NoiseRun(1000, np.array([5.0, 4.0, 3.0]))


def found(n=2):
    triggers = [
        Trigger(0, 2, 1, 100.0, 0.0, 1e7, 9.0),
        Trigger(7, 7, 7, 5e7, 5e7, 5.8e7, 3.5),
    ]
    tracks = [Track(1e-3, 2e-11, 12.0), None]
    level = np.array([[1.0, 1.05], [0.85, 1.0]])
    return Found(triggers[:n], tracks[:n], np.array([0.0, 0.2])[:n], level[:n])


def test_rows_hold_what_was_found():
    data = interpret(found(), noise=NOISE, zero="", model="emri 1")
    table = catalogues.table(COLUMNS, data)
    assert list(table.colnames) == [column.name for column in COLUMNS]
    first, second = table
    assert (first["start"].value, first["end"].value) == (0, 1e7)
    assert (first["start_time"], first["model"]) == ("", "emri 1")
    assert (first["n_segments"], second["n_segments"]) == (3, 1)
    assert (first["fap"], second["fap"]) == (0.001, 0.002)
    assert first["frequency"].to_value("mHz") == pytest.approx(1)
    assert np.isnan(second["frequency"].value)
    assert first["flags"] == "loudest"
    assert second["flags"] == "gaps,level,no_track"
    assert set(second["flags"].split(",")) <= set(FLAGS)


def test_no_trigger_gives_an_empty_table_with_all_columns(tmp_path):
    data = interpret(found(0), noise=NOISE, zero=GPS_ZERO, model="emri 1")
    table = catalogues.table(columns_for(GPS_ZERO), data)
    assert len(table) == 0
    assert list(table.colnames) == [column.name for column in COLUMNS]
    catalogues.write(table, tmp_path / "a.ecsv")


def test_moments_are_those_of_the_zero_point():
    # GPS seconds do not know the 18 leap seconds since 1980
    assert list(moments(np.array([0.0, 1.4e9]), GPS_ZERO)) == [
        "1980-01-06T00:00:00",
        str(Time(1.4e9, format="gps").utc.isot)[:19],
    ]
    assert list(moments(np.array([1.0]), "")) == [""]


def test_the_frame_of_the_times_is_declared(tmp_path):
    data = interpret(found(), noise=NOISE, zero=GPS_ZERO, model="emri 1")
    table = catalogues.table(columns_for(GPS_ZERO), data)
    catalogues.write(table, tmp_path / "a.fits")
    header = fits.getheader(tmp_path / "a.fits", 1)
    assert (header["TIMESYS"], header["TIMEUNIT"]) == ("TAI", "s")
    assert "TREFPOS" not in header  # nobody has said where the times are meant
    zero = Time(header["MJDREFI"], header["MJDREFF"], format="mjd", scale="tai")
    # a double of a Julian date is good to 40 microseconds
    gap = zero - Time("1980-01-06T00:00:19", scale="tai")
    assert abs(gap.sec) < 1e-4
    catalogues.write(table, tmp_path / "a.vot")
    document = votable.parse(str(tmp_path / "a.vot"))
    (system,) = document.resources[0].time_systems
    assert (system.timescale, system.refposition) == ("TAI", "UNKNOWN")
    fields = {field.name: field for field in document.get_first_table().fields}
    assert fields["start"].ref == fields["end"].ref == system.ID
    assert fields["frequency"].ref is None


def test_times_of_an_unknown_zero_point_have_no_frame(tmp_path):
    data = interpret(found(), noise=NOISE, zero="", model="emri 1")
    catalogues.write(catalogues.table(columns_for(""), data), tmp_path / "a.fits")
    header = fits.getheader(tmp_path / "a.fits", 1)
    assert "TIMESYS" not in header
    assert header["TUNIT2"] == "s"
