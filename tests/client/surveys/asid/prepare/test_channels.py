from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare.channels import read_channels
from amphitrite.surveys.asid.prepare.coverage import Channel

PATH = Path("cube.fits")


def table(name="EBOUNDS", unit="MeV", **columns):
    return fits.BinTableHDU.from_columns(
        [fits.Column(key, "E", unit, array=values) for key, values in columns.items()],
        name=name,
    )


def read(*tables, n_channels=2):
    hdus = fits.HDUList([fits.PrimaryHDU(), *tables])
    return read_channels(hdus, hdus[0], n_channels=n_channels, path=PATH)


@pytest.mark.parametrize(("unit", "scale"), [("keV", 1e3), ("MeV", 1), ("GeV", 1e-3)])
def test_limits_are_converted_to_mev(unit, scale):
    limits = np.array([1000, 2000, 7000]) * scale

    channels = read(table(unit=unit, E_MIN=limits[:-1], E_MAX=limits[1:]))

    expected = [(1000, 2000), (2000, 7000)]
    # Limits are stored as float32.
    assert [(c.low, c.high) for c in channels] == [
        pytest.approx(pair, rel=1e-6) for pair in expected
    ]


def test_the_table_may_have_another_name():
    channels = read(table("SKYMAP_BANDS", E_MIN=[300, 500], E_MAX=[500, 1000]))

    assert channels == [Channel(300, 500), Channel(500, 1000)]


def test_ebounds_is_preferred():
    channels = read(
        table("OTHER", E_MIN=[1, 2], E_MAX=[2, 3]),
        table("EBOUNDS", E_MIN=[300, 500], E_MAX=[500, 1000]),
    )

    assert channels[0] == Channel(300, 500)


def test_edges_of_the_planes_are_taken():
    assert read(table("ENERGIES", Energy=[300, 500, 1000])) == [
        Channel(300, 500),
        Channel(500, 1000),
    ]


def test_channels_may_leave_gaps_and_come_in_any_order():
    channels = read(table(E_MIN=[2000, 300], E_MAX=[7000, 1000]))

    assert channels == [Channel(2000, 7000), Channel(300, 1000)]


def test_rounded_limits_do_not_overlap():
    limits = np.geomspace(300, 20_000, 12).astype(np.float32)
    upper = np.nextafter(limits[1:], np.float32(np.inf))

    assert len(read(table(E_MIN=limits[:-1], E_MAX=upper), n_channels=11)) == 11


def test_overlapping_channels_are_refused():
    with pytest.raises(BadInput, match=r"overlap: received 300-1000 MeV and 900-2000"):
        read(table(E_MIN=[900, 300], E_MAX=[2000, 1000]))


@pytest.mark.parametrize("unit", ["cm", "s", "GeV2", None])
def test_other_units_are_refused(unit):
    with pytest.raises(BadInput, match="not in a unit of energy: received"):
        read(table(unit=unit, E_MIN=[300, 500], E_MAX=[500, 1000]))


@pytest.mark.parametrize(
    ("low", "high"), [(500, 500), (500, 300), (np.nan, 500), (-1, 500), (300, np.inf)]
)
def test_limits_that_do_not_rise_are_refused(low, high):
    with pytest.raises(BadInput, match=r"channel 2 of cube\.fits has the limits"):
        read(table(E_MIN=[1000, low], E_MAX=[2000, high]))


def test_another_number_of_rows_than_planes_is_refused():
    with pytest.raises(BadInput, match="has 3 planes, but its table EBOUNDS has 2"):
        read(table(E_MIN=[300, 500], E_MAX=[500, 1000]), n_channels=3)


@pytest.mark.parametrize("tables", [[], [table("ENERGIES", Energy=[300, 500])]])
def test_planes_without_limits_are_refused(tables):
    with pytest.raises(BadInput, match="does not say which energies its 2 plane"):
        read(*tables)
