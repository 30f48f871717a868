"""A cluster's maps in FITS: an image, a cube, or an image for each channel."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare.fits_maps import read
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.scales import kpc_per_arcsec

MAP = np.random.default_rng(6).random((12, 14)).astype(np.float32)
CARDS = {"BUNIT": "Msun/kpc2", "REDSHIFT": 0.2, "OBJECT": "A 1689", "PIXELKPC": 20.0}


def header(*, arcsec=None, shift=0.0, **cards):
    """Return cards, with coordinates of pixels of some size."""
    found = fits.Header()
    if arcsec:
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval, wcs.wcs.crpix = [197.9, -1.3], [7.0 + shift, 6.0]
        wcs.wcs.cdelt = [-arcsec / 3600, arcsec / 3600]
        found.update(wcs.to_header())
    found.update(cards)
    return found


@pytest.fixture
def write(tmp_path):
    def write(*hdus, name="a1689.fits"):
        fits.HDUList(list(hdus)).writeto(tmp_path / name, overwrite=True)
        return tmp_path / name

    return write


def only(path, reading=None):
    source = read(path, reading or Reading())
    assert source.n == 1
    return source.cluster(0)


def test_an_image(write):
    cluster = only(
        write(fits.PrimaryHDU(MAP, header(**CARDS, BCG_E=0.2, LOGM200=15.1)))
    )
    assert (cluster.name, cluster.redshift, cluster.unit) == (
        "A 1689",
        0.2,
        "Msun/kpc2",
    )
    np.testing.assert_array_equal(cluster.maps["total"], MAP)
    assert cluster.pixel_kpc == (20, 20)
    assert cluster.attributes == {"log_m200": 15.1, "bcg_ellipticity": 0.2}


def test_a_packed_image_with_coordinates(write):
    cards = {"REDSHIFT": 0.2, "ZSOURCE": 1.1, "BUNIT": "kappa"}
    path = write(fits.PrimaryHDU(MAP, header(arcsec=5.0, **cards)))
    packed = path.with_name("kappa.map.fits.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    cluster = only(packed)
    assert cluster.name == "kappa"
    assert cluster.source_redshift == 1.1
    # wcslib keeps degrees, whose rounding shows in the last digits
    length = 5 * kpc_per_arcsec(0.2)
    assert cluster.pixel_kpc == pytest.approx((length, length), rel=1e-9)


@pytest.mark.parametrize("last", [False, True])
def test_a_cube(write, last):
    cube = np.stack([MAP, MAP + 1, MAP + 2], axis=-1 if last else 0)
    cluster = only(write(fits.PrimaryHDU(), fits.ImageHDU(cube, header(**CARDS))))
    for number, channel in enumerate(("total", "xray", "stars")):
        np.testing.assert_array_equal(cluster.maps[channel], MAP + number)
    assert (cluster.name, cluster.unit) == ("A 1689", "Msun/kpc2")


def test_a_cube_of_two(write):
    path = write(fits.PrimaryHDU(np.stack([MAP, MAP + 1]), header(**CARDS)))
    with pytest.raises(BadInput, match="has 2 channels, and does not say which"):
        only(path)
    cluster = only(path, Reading(channels=("stars", "total")))
    np.testing.assert_array_equal(cluster.maps["total"], MAP + 1)


def test_an_image_for_each_channel_with_a_mask(write):
    mask = np.zeros(MAP.shape, np.uint8)
    mask[3, 4] = 1
    said = header(**{key: CARDS[key] for key in ("REDSHIFT", "PIXELKPC")})
    cluster = only(
        write(
            fits.PrimaryHDU(header=said),
            fits.ImageHDU(MAP + 2, name="STARS"),
            fits.ImageHDU(MAP, name="KAPPA"),
            fits.ImageHDU(MAP * 9, name="WHT"),
            fits.ImageHDU(mask, name="MASK"),
        )
    )
    assert set(cluster.maps) == {"total", "stars"}
    assert cluster.unit == "kappa"
    assert np.isnan(cluster.maps["total"][3, 4])
    assert np.isnan(cluster.maps["stars"]).sum() == 1
    assert cluster.maps["stars"][0, 0] == MAP[0, 0] + 2


def test_the_primary_image_is_all_mass_beside_named_channels(write):
    path = write(
        fits.PrimaryHDU(MAP, header(**CARDS)), fits.ImageHDU(MAP + 1, name="XRAY")
    )
    cluster = only(path)
    np.testing.assert_array_equal(cluster.maps["total"], MAP)
    assert list(sorted(cluster.maps)) == ["total", "xray"]
    # Where an HDU is named, it is all mass, and alone.
    cluster = only(path.with_name("a1689.fits[XRAY]"))
    np.testing.assert_array_equal(cluster.maps["total"], MAP + 1)


def test_what_the_user_states_counts_first(write):
    path = write(fits.PrimaryHDU(MAP, header(arcsec=5.0, **CARDS)))
    reading = Reading(unit="kappa", redshift=0.4, pixel_kpc=7.0, source_redshift=1.0)
    cluster = only(path, reading)
    assert (cluster.unit, cluster.redshift) == ("kappa", 0.4)
    assert (cluster.pixel_kpc, cluster.source_redshift) == ((7, 7), 1)


def test_the_brightest_galaxy(write):
    cards = {**CARDS, "BCG_RA": 197.9, "BCG_DEC": -1.3}
    cluster = only(write(fits.PrimaryHDU(MAP, header(arcsec=5.0, **cards))))
    # CRPIX counts from 1; wcslib iterates to 1e-9 of a pixel at least.
    assert cluster.bcg == pytest.approx((6, 5), abs=1e-6)
    cards = {**CARDS, "BCG_X": 3.0, "BCG_Y": 4.5}
    assert only(write(fits.PrimaryHDU(MAP, header(**cards)))).bcg == (2, 3.5)
    assert only(write(fits.PrimaryHDU(MAP, header(**CARDS)))).bcg is None


def test_channels_on_other_grids_are_refused(write):
    total = fits.ImageHDU(MAP, header(arcsec=5.0, **CARDS), name="TOTAL")
    shifted = fits.ImageHDU(MAP, header(arcsec=5.0, shift=1.0), name="STARS")
    with pytest.raises(
        BadInput, match="bands total and stars differ in WCS by up to 1"
    ):
        only(write(fits.PrimaryHDU(), total, shifted))
    small = fits.ImageHDU(MAP[:-1], name="STARS")
    with pytest.raises(BadInput, match=r"differ in shape: \(11, 14\), \(12, 14\)"):
        only(write(fits.PrimaryHDU(), total, small))
    mask = fits.ImageHDU(np.zeros((3, 3), np.uint8), name="MASK")
    with pytest.raises(
        BadInput, match=r"the mask of .* has shape \(3, 3\), and the map"
    ):
        only(write(fits.PrimaryHDU(), total, mask))


@pytest.mark.parametrize(
    ("data", "left_out", "said"),
    [
        (MAP, "REDSHIFT", "has no redshift"),
        (MAP, "PIXELKPC", "does not say how large its pixels are"),
        (MAP[:5], "", r"has shape \(5, 14\)"),
        (np.zeros((5, 12, 14)), "", r"have shape \(5, 12, 14\); needed are"),
        (np.zeros((2, 2, 12, 14)), "", "holds no two-dimensional image"),
        (None, "", "holds no two-dimensional image"),
    ],
)
def test_what_cannot_be_used_is_refused(write, data, left_out, said):
    cards = {key: value for key, value in CARDS.items() if key != left_out}
    with pytest.raises(BadInput, match=said):
        only(write(fits.PrimaryHDU(data, header(**cards))))


@pytest.mark.parametrize("shape", [(12, 14), (3, 30, 30)])
def test_a_truncated_file_is_refused(write, shape):
    path = write(fits.PrimaryHDU(np.zeros(shape), header(**CARDS)))
    path.write_bytes(path.read_bytes()[: 2880 + 500])
    with pytest.raises(BadInput, match=r"is truncated|is damaged"):
        only(path)


def test_other_files(tmp_path):
    path = tmp_path / "a.fits"
    with pytest.raises(BadInput, match="there is no file"):
        only(path)
    path.write_bytes(b"<html>")
    with pytest.raises(BadInput, match="it is a web page"):
        only(path)


def test_what_else_the_cards_say_is_kept(write):
    primary = fits.PrimaryHDU(header=header(SIGMA=0.1, RUN="A", EXTRA=True, MINE=1))
    primary.header["COMMENT"] = "nothing"
    image = fits.ImageHDU(MAP, header(**CARDS, MINE=2), name="TOTAL")
    found = only(write(primary, image)).others
    assert (found["sigma"], found["run"], found["extra"]) == (0.1, "A", 1)
    assert found["mine"] == 1  # the first image counts
    assert found["redshift"] == 0.2
    assert "comment" not in found
