"""What a real Triton's networks say of sources arrives in the catalogue."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable

from amphitrite.api import run
from amphitrite.errors import BadInput, SpecMismatch
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys import asked
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.catalogue import ASSOCIATION_COLUMNS
from amphitrite.surveys.asid.page import ASKED, DESCRIBED, HEADS_MODEL, LOCATION
from amphitrite.surveys.asid.prepare.patches import unit_vectors
from amphitrite.triton.connection import Connection

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CIRCLE = {"lon": 120.0, "lat": 3.0, "radius": 7.0}
LON = CIRCLE["lon"] + np.array([0.0, 2.0, -3.0, 1.0])
LAT = CIRCLE["lat"] + np.array([0.0, 2.0, -1.0, -3.0])
ENERGIES = np.geomspace(100, 100_000, 13)


@pytest.fixture(scope="module")
def events(write_sky, tmp_path_factory):
    path = tmp_path_factory.mktemp("sky") / "e.fits"
    return write_sky(path, unit_vectors(LON, LAT), **CIRCLE)


@pytest.fixture(scope="module")
def table(events, asid_server, tmp_path_factory):
    """The catalogue of the events without an option."""
    with Connection(asid_server.grpc_url) as connection:
        return run("asid", [events], connection)


def write_exposure(path, exposure, *, nside=128):
    """Write an exposure map, cm2 s, of all energies; by Galactic latitude, deg."""
    from astropy_healpix import healpy

    _, lat = healpy.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    columns = [
        fits.Column(f"ENERGY{n}", "D", "cm2 s", array=exposure(lat))
        for n in range(1, len(ENERGIES) + 1)
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="HPXEXPOSURES")
    hdu.header.update(
        {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": nside, "COORDSYS": "GAL"}
    )
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", array=ENERGIES)], name="ENERGIES"
    )
    fits.HDUList([fits.PrimaryHDU(), hdu, energies]).writeto(path)
    return path


def write_catalogue(path, *, names, lon, lat, r95):
    """Write a catalogue as the mission does; classes are made up of the names."""
    icrs = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    columns = [
        fits.Column("Source_Name", "18A", array=names),
        fits.Column("RAJ2000", "E", "deg", array=icrs.ra.deg),
        fits.Column("DEJ2000", "E", "deg", array=icrs.dec.deg),
        fits.Column("Conf_95_SemiMajor", "E", "deg", array=r95),
        fits.Column("CLASS1", "5A", array=[name[-3:].lower() for name in names]),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="LAT_Point_Source_Catalog")
    hdu.header["CDS-NAME"] = "4FGL"
    hdu.writeto(path)
    return path


def test_a_source_has_what_the_networks_say(table, heads):
    score = np.asarray(table["score"], float)
    np.testing.assert_allclose(
        table["p_fake"], 1 / (1 + np.exp(10 * (score - 0.2))), rtol=1e-5
    )
    sigma = np.sqrt(np.mean(np.sum(heads.offset_variance, axis=0)))
    np.testing.assert_allclose(table["r68"].value, heads.radii[0] * sigma, rtol=1e-5)
    np.testing.assert_allclose(table["r95"].value, heads.radii[1] * sigma, rtol=1e-5)
    flux = table["flux1000"].value
    error = flux * np.log(10) * np.sqrt(sum(heads.flux_variance))
    np.testing.assert_allclose(table["flux1000_err"].value, error, rtol=1e-5)
    dex = np.interp(np.log10(flux), [-10, -9], [0.1, 0.02])
    np.testing.assert_allclose(
        table["flux1000_sys"].value, flux * np.log(10) * dex, rtol=1e-5
    )
    assert table["flux1000"].unit == "cm-2 s-1"


def test_the_offset_moves_a_source_to_lower_longitude_and_latitude(table, heads):
    # the order of the sources is that of right ascension
    found = unit_vectors(table["l"].to_value("deg"), table["b"].to_value("deg"))
    row = (unit_vectors(LON, LAT) @ found.T).argmax(axis=1)
    dx = (table["l"].to_value("deg")[row] - LON) * np.cos(np.radians(LAT))
    dy = table["b"].to_value("deg")[row] - LAT
    # 0.04 deg along the row, in which longitude falls, and -0.04 along the column; the
    # mean of four peaks is off by some 0.014 / sqrt(4) deg
    assert np.mean(dx) == pytest.approx(-heads.offset[0], abs=0.02)
    assert np.mean(dy) == pytest.approx(heads.offset[1], abs=0.02)


def test_without_an_exposure_there_is_one_warning(events, connection, caplog):
    with caplog.at_level("WARNING", logger="amphitrite"):
        run("asid", [events], connection)
    assert [
        r.getMessage() for r in caplog.records if "--exposure" in r.getMessage()
    ] == [
        "no map of the exposure is given (--exposure): fluxes are for 2.68e+11 cm2 s "
        "above 1 GeV, that of the training, and flagged exposure_assumed"
    ]


def test_flux_is_for_the_exposure_of_the_source(
    events, connection, table, heads, tmp_path
):
    def varied(lat):
        return 1e11 * np.exp(0.05 * lat)

    path = write_exposure(tmp_path / "exposure.fits", varied)
    found = run("asid", [events], connection, exposure=path)
    assert not any("exposure_assumed" in flags for flags in found["flags"])
    counts = table["flux1000"].value * heads.effective(heads.exposure)
    # cells of 0.46 deg: latitudes to 0.33 deg, of 5 % each, and the mean of 12 planes
    np.testing.assert_allclose(
        found["flux1000"].value * varied(found["b"].value), counts, rtol=0.02
    )
    assert found.meta["EXPMAP"] == "exposure.fits"


def test_where_the_exposure_is_not_known_that_of_the_training_is_assumed(
    events, connection, tmp_path, caplog
):
    path = write_exposure(
        tmp_path / "exposure.fits", lambda lat: np.where(lat > 2.0, 2e11, 0.0)
    )
    with caplog.at_level("WARNING", logger="amphitrite"):
        found = run("asid", [events], connection, exposure=path)
    assumed = np.array(["exposure_assumed" in flags for flags in found["flags"]])
    high = found["b"].value > 3.0
    low = found["b"].value < 1.0
    assert high.any()
    assert low.any()
    assert not assumed[high].any()
    assert assumed[low].all()
    (said,) = (r.getMessage() for r in caplog.records if "expos" in r.getMessage())
    assert f"has none at {assumed.sum()} of {len(found)} sources: their" in said


@pytest.mark.parametrize("peaks", ["server", "client"])
def test_likely_fluctuations_are_left_out(events, connection, table, peaks):
    limit = float(np.median(table["p_fake"]))
    found = run("asid", [events], connection, max_p_fake=limit, peaks=peaks)
    kept = table[table["p_fake"] <= limit]
    assert 0 < len(kept) < len(table)
    assert list(found["name"]) == list(kept["name"])
    assert found.meta["NFAKES"] == len(table) - len(kept)
    everything = run("asid", [events], connection, max_p_fake=1.0, peaks=peaks)
    assert list(everything["name"]) == list(table["name"])


def test_counterparts_are_named(events, connection, table, tmp_path):
    path = write_catalogue(
        tmp_path / "known.fits",
        names=["4FGL J0001.0 PSR", "4FGL J0002.0 BLL", "4FGL J0003.0 FAR"],
        lon=[LON[0], LON[1], LON[2]],
        lat=[LAT[0], LAT[1], LAT[2] + 1.0],
        r95=[0.05, np.nan, 0.1],
    )
    out = tmp_path / "catalogue.fits"
    found = run("asid", [events], connection, associate=path, output=out)
    assert found.colnames == [
        *table.colnames,
        *(column.name for column in ASSOCIATION_COLUMNS),
    ]
    named = found[found["assoc_name"] != ""]
    assert set(named["assoc_name"]) == {"4FGL J0001.0 PSR", "4FGL J0002.0 BLL"}
    assert set(named["assoc_class"]) == {"psr", "bll"}
    assert (named["assoc_separation"].value < 0.15).all()
    rest = found[found["assoc_name"] == ""]
    assert len(rest) == len(table) - 2
    assert np.isnan(rest["assoc_separation"].value).all()
    assert QTable.read(out).colnames == found.colnames
    assert fits.getheader(out)["ASSOC"] == "4FGL"


def test_an_aid_is_no_output(events, connection, tmp_path):
    path = write_exposure(tmp_path / "e.fits", lambda lat: 1e11 + 0 * lat)
    with pytest.raises(BadInput, match="a name of its own"):
        run("asid", [events], connection, exposure=path, output=path)


def test_a_patch_costs_the_networks_its_peaks_only(connection):
    """A place without a peak is NaN whatever stands in it, and changes nothing."""
    model = connection.model(HEADS_MODEL)
    rng = np.random.default_rng(4)
    valid = rng.random((3, 11)) < 0.4
    valid[1] = False
    tensors = {
        "cutouts": rng.poisson(1.0, (3, 11, 20, 20, 3)).astype(np.float32),
        "valid": valid,
        "auxiliary": rng.uniform(0, 1, (3, 11, 5)).astype(np.float32),
        "exposure": rng.uniform(1e11, 2e11, (3, len(BANDS))).astype(np.float32),
    }
    answer = model.infer(tensors)
    tensors["cutouts"][~valid] = 1e30
    tensors["auxiliary"][~valid] = 1e30
    again = model.infer(tensors)
    for tensor in DESCRIBED:
        values = answer[tensor.name]
        assert np.isfinite(values[valid]).all()
        assert np.isnan(values[~valid]).all()
        np.testing.assert_array_equal(again[tensor.name], values)


def test_a_request_without_any_peak_is_answered(connection):
    answer = connection.model(HEADS_MODEL).infer(
        {
            "cutouts": np.zeros((1, 2, 20, 20, 3), np.float32),
            "valid": np.zeros((1, 2), bool),
            "auxiliary": np.zeros((1, 2, 5), np.float32),
            "exposure": np.ones((1, 5), np.float32),
        }
    )
    for tensor in DESCRIBED:
        assert np.isnan(answer[tensor.name]).all()


def test_a_member_replaced_by_itself_is_refused_by_name(
    asid_repository, server_environment, heads, tmp_path
):
    from amphitrite_export.publishing.publish import publish
    from amphitrite_export.surveys.asid.hooks import hooks

    shutil.copytree(asid_repository, tmp_path / "repository")
    location = heads.artefact(LOCATION, offset=(0.5, 0.5))
    publish([location], tmp_path / "alone", hooks=[hooks()])
    shutil.rmtree(tmp_path / "repository" / "asid_location")
    shutil.copytree(
        tmp_path / "alone" / "asid_location", tmp_path / "repository" / "asid_location"
    )
    with (
        LocalTriton(
            tmp_path / "repository", asked("asid"), environment=server_environment
        ) as server,
        Connection(server.grpc_url) as connection,
    ):
        for spec in ASKED:
            with pytest.raises(
                SpecMismatch, match="'asid_location' was replaced without"
            ):
                connection.model(spec)
