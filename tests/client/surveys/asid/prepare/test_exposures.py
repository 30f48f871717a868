"""Exposure maps on images and HEALPix cells, and what is no exposure."""

import gzip

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy_healpix import healpy

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS, EXPOSURE_WEIGHTS
from amphitrite.surveys.asid.prepare import exposures
from amphitrite.surveys.asid.prepare.patches import unit_vectors

NSIDE = 16
ENERGIES = np.geomspace(200.0, 30_000.0, 20)


def effective_area(energy):
    """Return an exposure that grows as the logarithm of energy, cm2 s."""
    return 1e11 * np.log10(energy)


def energies(values=ENERGIES, *, unit=None):
    return fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", unit, array=values)], name="ENERGIES"
    )


@pytest.fixture
def write_healpix(tmp_path):
    """Write a map (n_energies, n_cells) as gtexpcube2 does."""

    def write(
        planes,
        *,
        tables=None,
        order="RING",
        coordsys="GAL",
        index=None,
        unit=None,
        cards=None,
    ):
        columns = [
            fits.Column(f"ENERGY{n}", "D", unit, array=plane)
            for n, plane in enumerate(planes, start=1)
        ]
        if index is not None:
            columns.insert(0, fits.Column("PIX", "K", array=index))
        hdu = fits.BinTableHDU.from_columns(columns, name="HPXEXPOSURES")
        hdu.header.update(
            {
                "PIXTYPE": "HEALPIX",
                "ORDERING": order,
                "NSIDE": NSIDE,
                "COORDSYS": coordsys,
            }
        )
        hdu.header.update(cards or {})
        if coordsys is None:
            del hdu.header["COORDSYS"]
        path = tmp_path / "exposure.fits"
        tables = [energies()] if tables is None else tables
        fits.HDUList([fits.PrimaryHDU(), hdu, *tables]).writeto(path, overwrite=True)
        return path

    return write


@pytest.fixture
def write_image(tmp_path):
    """Write a cube (n_energies, ny, nx) of 1 deg about the Galactic centre."""

    def write(cube, *, ctype=("GLON-CAR", "GLAT-CAR"), unit=None, tables=None):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = list(ctype)
        wcs.wcs.crpix = [cube.shape[2] / 2 + 0.5, cube.shape[1] / 2 + 0.5]
        wcs.wcs.cdelt = [-1.0, 1.0]
        header = wcs.to_header()
        if unit:
            header["BUNIT"] = unit
        path = tmp_path / "cube.fits"
        tables = [energies()] if tables is None else tables
        hdus = fits.HDUList([fits.PrimaryHDU(cube, header), *tables])
        hdus.writeto(path, overwrite=True)
        return path

    return write


def everywhere(values, n=12 * NSIDE**2):
    return np.repeat(np.asarray(values)[:, None], n, axis=1)


def means():
    """Return the mean of `effective_area` over each band by a fine sum."""
    found = []
    for band in BANDS:
        energy = np.geomspace(band.low, band.high, 10_001)
        weight = energy**-1.4  # photons of E^-2.4 in equal steps of log E
        found.append((weight * effective_area(energy)).sum() / weight.sum())
    return found


def test_each_band_has_its_mean(write_healpix, write_image):
    vectors = unit_vectors(np.array([0.0, 120.0, 300.0]), np.array([0.0, 60.0, -80.0]))
    whole = exposures.read(write_healpix(everywhere(effective_area(ENERGIES))))
    # sixteen points of a band stand for it
    np.testing.assert_allclose(whole.at(vectors), [means()] * 3, rtol=1e-3)
    assert whole.missing == ()
    cube = effective_area(ENERGIES)[:, None, None] * np.ones((1, 20, 30))
    part = exposures.read(write_image(cube)).at(vectors)
    np.testing.assert_allclose(part[0], means(), rtol=1e-3)
    assert np.isnan(part[1:]).all()


def test_between_energies_it_goes_as_their_logarithm(write_healpix):
    few = np.array([200.0, 2000.0, 30_000.0])
    path = write_healpix(everywhere(effective_area(few)), tables=[energies(few)])
    # the exposure is one of the logarithm, which three points then hold as well
    found = exposures.read(path).at(np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found, [means()], rtol=1e-3)


@pytest.mark.parametrize("order", ["RING", "NESTED"])
@pytest.mark.parametrize("coordsys", ["GAL", "CEL"])
def test_a_direction_has_its_own_cells_exposure(write_healpix, order, coordsys):
    lon, lat = healpy.pix2ang(
        NSIDE, np.arange(12 * NSIDE**2), lonlat=True, nest=order == "NESTED"
    )
    plane = 1e11 * (2 + np.sin(np.radians(lat)))
    path = write_healpix([plane] * 20, order=order, coordsys=coordsys)
    found = exposures.read(path)
    frame = {"GAL": "galactic", "CEL": "icrs"}[coordsys]
    place = SkyCoord(lon, lat, unit="deg", frame=frame).galactic
    at = found.at(unit_vectors(place.l.deg, place.b.deg))
    np.testing.assert_allclose(at[:, 0], plane, rtol=1e-6)


@pytest.mark.parametrize("cards", [{"EQUINOX": 2000.0}, {"RADECSYS": "FK5"}])
def test_cells_with_an_equator_and_no_frame_are_celestial(write_healpix, caplog, cards):
    plane = np.linspace(1e11, 2e11, 12 * NSIDE**2)
    stated = exposures.read(write_healpix([plane] * 20, coordsys="CEL"))
    found = exposures.read(write_healpix([plane] * 20, coordsys=None, cards=cards))
    vectors = unit_vectors(np.array([0.0, 120.0]), np.array([0.0, 60.0]))
    np.testing.assert_array_equal(found.at(vectors), stated.at(vectors))
    assert (stated.choices, found.choices) == ({}, {"EXPFRAME": "CEL"})
    assert found.filled(np.ones(5)).choices == found.choices
    (record,) = caplog.records
    assert "states no COORDSYS; taken to be in celestial coordinates" in record.message


def test_cells_without_any_frame_are_refused(write_healpix):
    path = write_healpix(everywhere(np.full(20, 1e11)), coordsys=None)
    with pytest.raises(BadInput, match="received COORDSYS = None"):
        exposures.read(path)


def test_the_case_of_an_exposure_without_a_frame(beside_data):
    path = beside_data("cases/hpx_exposure_no_coordsys/exposure.fits")
    place = SkyCoord(150.5, 30.5, unit="deg").galactic
    (found,) = exposures.read(path).at(unit_vectors(place.l.deg, place.b.deg)[None])
    # as it was made; cells of 7 deg change it by 5 %, the other frame by 14 % and more
    made = 4e11 * (1 + 0.5 * np.sin(np.radians(30.5)))
    np.testing.assert_allclose(found, made, rtol=0.05)


def test_an_image_is_read_from_its_own_pixels(write_image):
    column = np.arange(30, dtype=float)
    cube = 1e11 * (1 + column) * np.ones((20, 20, 1))
    found = exposures.read(write_image(cube, unit="cm^2 s"))
    # longitude falls with the column; the centre is between columns 14 and 15
    lon = np.array([5.5, -3.5])
    at = found.at(unit_vectors(lon, np.full(2, 2.5)))[:, 0]
    np.testing.assert_allclose(at, 1e11 * (1 + np.array([9, 18])), rtol=1e-6)


def test_units_are_converted(write_image, write_healpix):
    cube = np.full((20, 4, 4), 1e7)
    at = exposures.read(write_image(cube, unit="m2 s")).at(np.array([[1.0, 0, 0]]))
    np.testing.assert_allclose(at, 1e11, rtol=1e-6)
    path = write_healpix(
        everywhere(np.full(20, 1e11)),
        tables=[energies(ENERGIES / 1e3, unit="GeV")],
        unit="cm2 s",
    )
    assert exposures.read(path).missing == ()


def test_a_map_may_list_a_part_of_its_cells(write_healpix):
    index = np.arange(100, 140)
    path = write_healpix(everywhere(np.full(20, 1e11), len(index)), index=index)
    found = exposures.read(path)
    vectors = np.stack(healpy.pix2vec(NSIDE, np.array([99, 100, 139, 140])), axis=-1)
    assert np.isfinite(found.at(vectors)[:, 0]).tolist() == [False, True, True, False]


@pytest.mark.parametrize("nothing", [0.0, np.nan, -1.6375e30])
def test_where_there_is_no_exposure_it_is_not_known(write_healpix, nothing):
    planes = everywhere(np.full(20, 1e11))
    planes[:, 5] = nothing
    found = exposures.read(write_healpix(planes))
    vectors = np.stack(healpy.pix2vec(NSIDE, np.array([4, 5])), axis=-1)
    assert np.isnan(found.at(vectors)).all(axis=1).tolist() == [False, True]


def test_a_band_off_the_energies_is_missing_and_can_be_filled(write_healpix):
    high = np.array([10_000.0, 20_000.0])
    path = write_healpix(everywhere([2e11, 2e11]), tables=[energies(high)])
    found = exposures.read(path)
    assert found.missing == BANDS[1:]
    typical = np.array([4e11, 3e11, 2e11, 1e11, 5e10])
    filled = found.filled(typical)
    assert filled.missing == ()
    at = filled.at(np.array([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(at, [typical / 2], rtol=1e-6)


def test_nothing_is_read_of_energies_that_no_band_uses(write_healpix):
    wide = np.geomspace(10, 1e6, 30)
    planes = everywhere(effective_area(wide))
    planes[[0, -1]] = np.nan
    found = exposures.read(write_healpix(planes, tables=[energies(wide)]))
    assert np.isfinite(found.values).all()


def test_the_weights_are_of_the_bands_above_1_gev():
    assert sum(EXPOSURE_WEIGHTS) == pytest.approx(1)
    assert [weight > 0 for weight in EXPOSURE_WEIGHTS] == [True] * 3 + [False] * 2
    # most photons above 1 GeV are between 1 and 2 GeV
    assert max(EXPOSURE_WEIGHTS) == EXPOSURE_WEIGHTS[2] > 0.6


def test_a_negative_exposure_is_refused(write_healpix):
    planes = everywhere(np.full(20, 1e11))
    planes[3, 7:9] = -5.0
    with pytest.raises(BadInput, match=r"holds 2 negative values; the lowest is -5\."):
        exposures.read(write_healpix(planes))


@pytest.mark.parametrize("value", [0.0, 37.0, np.nan])
def test_what_is_far_too_small_is_no_exposure(write_healpix, value):
    with pytest.raises(BadInput, match="is no exposure map of the Fermi LAT in its"):
        exposures.read(write_healpix(everywhere(np.full(20, value))))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([], "it has no table ENERGIES"),
        ([energies(ENERGIES[:5])], "do not belong to its 20 planes: received 5 from"),
        ([energies(ENERGIES[::-1])], "do not belong to its 20 planes: received 20"),
    ],
)
def test_planes_need_an_energy_each(write_healpix, tables, message):
    path = write_healpix(everywhere(np.full(20, 1e11)), tables=tables)
    with pytest.raises(BadInput, match=message):
        exposures.read(path)


@pytest.mark.parametrize(
    ("ctype", "message"),
    [
        (("GLAT-CAR", "GLON-CAR"), r"longitude and then latitude.*'GLAT-CAR', CTYPE2"),
        (("HPLN-CAR", "HPLT-CAR"), r"that are not known: received CTYPE1 = 'HPLN-CAR'"),
    ],
)
def test_coordinates_that_would_be_misread_are_refused(write_image, ctype, message):
    cube = np.full((20, 4, 4), 1e11)
    with pytest.raises(BadInput, match=message):
        exposures.read(write_image(cube, ctype=ctype))


def test_a_damaged_map_is_refused(write_image):
    cube = np.full((20, 4, 4), 1e11)
    empty = fits.BinTableHDU.from_columns([], name="ENERGIES")
    with pytest.raises(BadInput, match=r"cannot be read: .*\nGive a FITS file as"):
        exposures.read(write_image(cube, tables=[empty]))
    path = write_image(cube)
    card = path.read_bytes().index(b"CTYPE1  = 'GLON-CAR'")
    content = bytearray(path.read_bytes())
    content[card + 10 : card + 20] = b"GLON-CAR '"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"cannot be read: "):
        exposures.read(path)
    whole = write_image(cube).read_bytes()
    path.write_bytes(whole[: 3 * 2880])
    with pytest.raises(BadInput, match=r"cannot be read: "):
        exposures.read(path)


def test_what_is_not_an_exposure_is_refused(write_image, tmp_path):
    cube = np.full((20, 4, 4), 1e11)
    with pytest.raises(BadInput, match="is no map of exposure: received the unit 'ct'"):
        exposures.read(write_image(cube, unit="ct"))
    with pytest.raises(BadInput, match=r"coordinates, .* axes: received CTYPE1"):
        exposures.read(write_image(cube, ctype=("X", "Y")))
    fits.PrimaryHDU(cube[0]).writeto(tmp_path / "plane.fits")
    with pytest.raises(BadInput, match="holds no exposure at several energies"):
        exposures.read(tmp_path / "plane.fits")
    (tmp_path / "text.fits").write_text("no FITS at all")
    with pytest.raises(BadInput, match=r"text.fits cannot be read: .*\nGive a FITS"):
        exposures.read(tmp_path / "text.fits")
    with pytest.raises(BadInput, match="missing"):
        exposures.read(tmp_path / "missing.fits")


def test_a_gzipped_map_is_read(write_image, tmp_path):
    path = write_image(np.full((20, 4, 4), 1e11))
    packed = tmp_path / "cube.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert exposures.read(packed).missing == ()


def test_a_real_map_is_read(gamma_data):
    path = gamma_data / "3fhl_gc" / "fermi-3fhl-gc-exposure-cube.fits.gz"
    found = exposures.read(path)
    # from 10 GeV on, so that only a part of the highest band is there
    assert found.missing == BANDS[1:]
    (centre,) = found.at(unit_vectors(np.array([0.0]), np.array([0.0])))
    assert centre[0] == pytest.approx(3.2e11, rel=0.02)
    with pytest.raises(BadInput, match="no table ENERGIES"):
        exposures.read(gamma_data / "3fhl_gc" / "fermi-3fhl-gc-counts-cube.fits.gz")
