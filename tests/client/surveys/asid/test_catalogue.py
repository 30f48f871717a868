"""Rows of the catalogue, without a server."""

import re
from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from amphitrite.files import catalogues
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.catalogue import (
    COLUMNS,
    FLAGS,
    flux_columns,
    interpret,
    names,
    radius_columns,
)
from amphitrite.surveys.asid.interpret.detections import Detections
from amphitrite.surveys.asid.learned import Calibration
from amphitrite.surveys.asid.prepare.footprints import Circle, WholeSky
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.photons import Photons

WHOLE = dict.fromkeys(BANDS, 1.0)
CALIBRATION = Calibration(
    exposure=np.full(5, 1e11, np.float32),
    candidate_score=0.05,
    fake_thresholds={"11111": 0.3},
    radii=(1.5, 2.6),
    flux_error=np.array([[0.01, 0.5], [0.01, 0.5]]),
    systematic={
        "plane": np.array([[-9.0], [0.3]]),
        "off_plane": np.array([[-10.0, -8.0], [0.2, 0.1]]),
    },
)


def detections(lon, lat, *, many=False, moved=0.0):
    """Return detections; the networks move all of them north by so many degrees."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    n = len(lon)
    return Detections(
        vectors=unit_vectors(lon, lat),
        sources=unit_vectors(lon, lat + moved),
        score=np.linspace(0.9, 0.5, n).astype(np.float32),
        patch=np.arange(n, dtype=np.int32),
        depth=np.full(n, 3.0),
        many=np.full(n, many),
        log10_flux=np.linspace(-10, -8, n),
        flux_variance=np.full(n, 0.01),
        p_fake=np.linspace(0, 0.3, n),
        offset_variance=np.full(n, 0.04),
    )


def rows_of(
    found,
    footprint=None,
    coverage=WHOLE,
    *,
    factor=1.0,
    assumed=False,
    pixel_degrees=0.0,
):
    n = len(found)
    photons = Photons(
        np.zeros((0, 3), np.float32),
        np.zeros(0, np.uint8),
        coverage,
        footprint or WholeSky(),
        pixel_degrees=pixel_degrees,
    )
    return interpret(
        found,
        photons,
        calibration=CALIBRATION,
        correction=(np.full(n, factor), np.full(n, assumed)),
    )


def test_rows_are_sorted_and_in_both_frames():
    rng = np.random.default_rng(3)
    found = detections(rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50))
    rows = rows_of(found)
    assert set(rows) == {column.name for column in COLUMNS}
    assert (np.diff(rows["ra"]) >= 0).all()
    equatorial = SkyCoord(rows["ra"], rows["dec"], unit="deg")
    galactic = SkyCoord(rows["l"], rows["b"], unit="deg", frame="galactic")
    assert equatorial.separation(galactic).arcsec.max() < 1e-6
    np.testing.assert_array_equal(rows["score"][np.argsort(rows["patch"])], found.score)
    assert set(rows["flags"]) == {""}


def test_flags_say_what_is_wrong_with_a_row():
    footprint = Circle(10.0, 20.0, 5.0)
    found = detections([10.0, 10.0, 10.0], [20.0, 24.7, 24.9], many=True)
    bands = {BANDS[0]: 1.0, BANDS[1]: 0.4}
    rows = rows_of(found, footprint, bands, assumed=True, pixel_degrees=0.46)
    at_edge = rows["b"] > 24
    common = "partial_band,missing_band,many_peaks,coarse_pixels,exposure_assumed"
    assert rows["flags"][~at_edge].tolist() == [common]
    assert set(rows["flags"][at_edge]) == {f"edge,confused,{common}"}
    assert rows["flags"][at_edge][0].split(",") == list(FLAGS)


def test_sources_are_confused_within_half_a_degree():
    rows = rows_of(detections([0, 0, 0, 50, 50], [0, 0.4, 0.95, 0, 0.6]))
    confused = rows["b"][[bool(flags) for flags in rows["flags"]]]
    np.testing.assert_allclose(np.sort(confused), [0, 0.4], atol=1e-9)
    assert set(rows["flags"]) == {"", "confused"}


def test_the_position_is_where_the_networks_put_it():
    found = detections([30.0], [10.0], moved=0.2)
    rows = rows_of(found)
    lon, lat = angles(found.sources)
    np.testing.assert_allclose([rows["l"][0], rows["b"][0]], [lon[0], lat[0]])
    assert rows["b"][0] == pytest.approx(10.2)
    # of a sigma of 0.2 deg
    assert rows["r68"][0] == pytest.approx(0.2 * 1.5)
    assert rows["r95"][0] == pytest.approx(0.2 * 2.6)


def test_flux_and_its_errors_follow_the_exposure():
    found = detections([30.0, 31.0, 32.0], [11.0, 12.0, 13.0])
    rows = rows_of(found, factor=2.0)
    order = np.argsort(rows["patch"])
    flux = rows["flux1000"][order]
    np.testing.assert_allclose(flux, 2 * 10.0**found.log10_flux)
    np.testing.assert_allclose(
        rows["flux1000_err"][order], flux * np.log(10) * 0.1, rtol=1e-12
    )
    dex = np.interp(np.log10(flux), [-10, -8], [0.2, 0.1])
    np.testing.assert_allclose(rows["flux1000_sys"][order], flux * np.log(10) * dex)


def test_no_detection_is_a_table_with_all_columns():
    table = catalogues.table(COLUMNS, rows_of(detections([], [])))
    assert len(table) == 0
    assert table.colnames == [column.name for column in COLUMNS]


@pytest.mark.parametrize(
    ("ra", "dec", "name"),
    [
        (83.6287, 22.0147, "AMP J0534.5+2200"),
        (359.9999, -0.0001, "AMP J2359.9-0000"),
        (0.0, 0.0, "AMP J0000.0+0000"),
        (187.5, -89.9999, "AMP J1230.0-8959"),
        (15.0, 12.5, "AMP J0100.0+1230"),
        # 02h 13m 59.97s is 13.9995 minutes
        (33.499875, 5.999, "AMP J0213.9+0559"),
    ],
)
def test_names_are_cut_off_not_rounded(ra, dec, name):
    assert names(np.array([ra]), np.array([dec])).tolist() == [name]


def test_names_are_unique():
    ra, dec = np.full(3, 10.001), np.array([5.001, 5.002, 40.0])
    assert names(ra, dec).tolist() == [
        "AMP J0040.0+0500a",
        "AMP J0040.0+0500b",
        "AMP J0040.0+4000",
    ]


def test_names_agree_with_astropy():
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)
    place = SkyCoord(ra, dec, unit="deg")
    hours, minutes, seconds = place.ra.hms
    sign, degrees, arcmin, _ = place.dec.signed_dms
    for row, name in enumerate(names(ra, dec)):
        found = re.fullmatch(r"AMP J(\d\d)(\d\d)\.(\d)([+-])(\d\d)(\d\d)[a-z]?", name)
        h, m, tenth, s, d, a = found.groups()
        assert (int(h), int(m)) == (hours[row], minutes[row])
        assert int(tenth) == int(seconds[row] // 6)
        assert s == ("-" if sign[row] < 0 else "+")
        assert (int(d), int(a)) == (degrees[row], arcmin[row])


def test_radii_hold_their_share_of_a_circular_normal_distribution():
    rng = np.random.default_rng(3)
    distance = np.hypot(*rng.normal(0, 0.1, (2, 200_000)))
    columns = radius_columns(
        np.array([0.01]), replace(CALIBRATION, radii=(1.5096, 2.4477))
    )
    # a share of 200,000 draws is sure to 0.1 %
    assert np.mean(distance < columns["r68"][0]) == pytest.approx(0.68, abs=0.005)
    assert np.mean(distance < columns["r95"][0]) == pytest.approx(0.95, abs=0.003)


def test_an_error_of_flux_is_that_of_many_draws():
    rng = np.random.default_rng(4)
    draws = 10.0 ** rng.normal(-9.0, 0.02, 200_000)
    columns = flux_columns(
        *(np.array([-9.0]), np.array([0.02**2]), np.array([45.0])),
        calibration=CALIBRATION,
    )
    assert columns["flux1000"][0] == pytest.approx(1e-9)
    # to first order in a sigma of 5 %
    assert columns["flux1000_err"][0] == pytest.approx(draws.std(), rel=0.01)
    assert columns["flux1000_sys"][0] == pytest.approx(1e-9 * np.log(10) * 0.15)
