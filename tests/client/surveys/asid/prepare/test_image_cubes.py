import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from amphitrite.errors import BadInput
from amphitrite.files.wcs import celestial_wcs
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import inputs
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors
from amphitrite.surveys.asid.prepare.scatter import MOST_COUNTS

LIMITS = ((1000, 2000), (2000, 7000))


@pytest.fixture
def counts():
    return np.random.default_rng(2).poisson(3, (2, 8, 12)).astype(np.int32)


def binned(photons, path, shape):
    """Count the photons of each band in the pixels of the file, by astropy."""
    wcs = celestial_wcs(fits.getheader(path))
    lon, lat = angles(photons.vectors)
    x, y = wcs.world_to_pixel(SkyCoord(lon, lat, unit="deg", frame="galactic"))
    image = np.zeros((len(BANDS), *shape), dtype=int)
    np.add.at(image, (photons.bands, np.rint(y).astype(int), np.rint(x).astype(int)), 1)
    return image


def test_counts_are_conserved_in_every_pixel(write_cube, counts):
    path = write_cube(counts, LIMITS)

    photons = inputs.read([path])

    assert len(photons) == counts.sum()
    image = binned(photons, path, counts.shape[1:])
    np.testing.assert_array_equal(image[2], counts[0])
    np.testing.assert_array_equal(image[1], counts[1])
    assert photons.coverage == {BANDS[1]: 1, BANDS[2]: 1}


def test_the_longer_side_of_a_pixel_is_told(write_cube, counts):
    path = write_cube(counts, LIMITS, cdelt=(-0.3, 0.7))
    assert inputs.read([path]).pixel_degrees == pytest.approx(0.7)


@pytest.mark.parametrize(
    "wcs",
    [
        {"ctype": ("RA---TAN", "DEC--TAN"), "crval": (83.6, 22.0)},
        {"ctype": ("RA---AIT", "DEC--AIT"), "crval": (266.4, -28.9)},
        {"ctype": ("GLON-CAR", "GLAT-CAR"), "cdelt": (-0.3, 0.7)},
        {"ctype": ("GLON-ZEA", "GLAT-ZEA"), "crval": (12.0, 90.0)},
        {"ctype": ("GLON-CAR", "GLAT-CAR"), "crval": (359.9, 0.0)},
    ],
    ids=["equatorial", "aitoff", "non-square", "pole", "wrap"],
)
def test_any_projection_frame_and_pixel_conserves_counts(write_cube, counts, wcs):
    path = write_cube(counts, LIMITS, **wcs)

    photons = inputs.read([path])

    image = binned(photons, path, counts.shape[1:])
    np.testing.assert_array_equal(image[2], counts[0])
    np.testing.assert_array_equal(image[1], counts[1])
    assert photons.footprint.contains(photons.vectors).all()


def test_photons_are_uniform_inside_their_pixel(write_cube):
    counts = np.zeros((1, 5, 5), dtype=np.int32)
    counts[0, 2, 3] = 40_000
    path = write_cube(counts, [(2000, 7000)], cdelt=(-0.4, 0.2))

    lon, lat = angles(inputs.read([path]).vectors)

    x, y = (lon - 359.6) / 0.4, lat / 0.2
    for offset in (x, y):
        assert np.abs(offset).max() <= 0.5 + 1e-5
        # Five standard errors of the mean and of the variance of a uniform draw.
        assert abs(offset.mean()) < 5 * np.sqrt(1 / 12 / 40_000)
        assert abs(offset.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / 40_000)
    assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(40_000)


def test_the_same_file_gives_the_same_photons(write_cube, counts):
    one = inputs.read([write_cube(counts, name="one.fits")])
    again = inputs.read([write_cube(counts, name="copy.fits")])
    counts[0, 0, 0] += 1
    other = inputs.read([write_cube(counts, name="other.fits")])

    np.testing.assert_array_equal(one.vectors, again.vectors)
    assert not (one.vectors[-9:] == other.vectors[-9:]).all(axis=1).any()


def test_the_channels_of_a_band_are_added(write_cube):
    counts = np.ones((4, 3, 3), dtype=np.int16)
    limits = [(500, 700), (700, 1000), (1000, 2000), (30_000, 50_000)]

    photons = inputs.read([write_cube(counts, limits)])

    assert [photons.bands.tolist().count(index) for index in range(5)] == [
        0,
        0,
        9,
        18,
        0,
    ]
    assert photons.n_outside == 9


def test_a_channel_from_2_to_20_gev_goes_to_the_2_to_7_band(write_cube):
    counts = np.ones((1, 3, 3), dtype=np.int16)

    photons = inputs.read([write_cube(counts, [(2000, 20_000)])])

    assert set(photons.bands) == {1}
    assert photons.coverage == {BANDS[1]: 1}


@pytest.mark.parametrize("unit", ["keV", "MeV", "GeV"])
def test_energies_are_converted_by_their_unit(write_cube, counts, unit):
    from_mev = (u.MeV).to(unit)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(name, "D", unit, array=np.array(limits) * from_mev)
            for name, limits in (("E_MIN", [1000, 2000]), ("E_MAX", [2000, 7000]))
        ],
        name="EBOUNDS",
    )

    photons = inputs.read([write_cube(counts, tables=[table])])

    assert photons.coverage == {BANDS[1]: 1, BANDS[2]: 1}


def test_pixels_that_are_nan_show_no_sky(write_cube, counts):
    counts = counts.astype(np.float32)
    counts[:, :, :6] = np.nan

    photons = inputs.read([write_cube(counts)])

    assert len(photons) == np.nansum(counts)
    # The first columns are at the larger longitudes; the others end at l = -3.
    there = unit_vectors(np.array([0.1, -0.1, -2.9, -3.1]), np.zeros(4))
    assert photons.footprint.contains(there).tolist() == [False, True, True, False]


def test_no_counts_at_all_give_no_photons(write_cube):
    photons = inputs.read([write_cube(np.zeros((2, 4, 4), dtype=np.int32))])

    assert len(photons) == 0
    assert len(photons.coverage) == 2


def test_a_scaled_image_in_an_extension_is_read(tmp_path, write_cube, counts):
    with fits.open(write_cube(counts)) as hdus:
        image = fits.ImageHDU(hdus[0].data.astype(np.uint16), hdus[0].header, "COUNTS")
        path = tmp_path / "extension.fits"
        fits.HDUList([fits.PrimaryHDU(), image, hdus["EBOUNDS"]]).writeto(path)

    assert len(inputs.read([path])) == counts.sum()


def test_an_all_sky_map_keeps_its_photons_on_the_sky(write_cube):
    # At 20 deg a pixel, rows are centred on the poles: half of them is off the sky.
    counts = np.ones((1, 10, 18), dtype=np.int32)
    path = write_cube(counts, [(2000, 7000)], cdelt=(-20.0, 20.0))

    photons = inputs.read([path])

    assert len(photons) == 180
    np.testing.assert_allclose(np.linalg.norm(photons.vectors, axis=1), 1, atol=1e-6)
    image = binned(photons, path, (10, 18))
    np.testing.assert_array_equal(image[1], counts[0])


def test_many_counts_off_the_sky_are_not_drawn_again_and_again(write_cube, monkeypatch):
    counts = np.zeros((1, 30, 60), dtype=np.int32)
    counts[0, 0, 0] = 10_000
    path = write_cube(
        counts, [(2000, 7000)], ctype=("GLON-AIT", "GLAT-AIT"), cdelt=(-8.0, 8.0)
    )
    drawn = []
    to_world = WCS.wcs_pix2world

    def counting(wcs, x, *rest):
        drawn.append(np.size(x))
        return to_world(wcs, x, *rest)

    monkeypatch.setattr(WCS, "wcs_pix2world", counting)
    with pytest.raises(BadInput, match="counts in pixels off the sky: received pixel"):
        inputs.read([path])
    # each photon a few times, and then the pixel alone
    assert sum(drawn) < 30 * 10_000


def test_counts_off_the_sky_are_refused(write_cube):
    counts = np.ones((1, 30, 60), dtype=np.int32)
    path = write_cube(
        counts, [(2000, 7000)], ctype=("GLON-AIT", "GLAT-AIT"), cdelt=(-8.0, 8.0)
    )

    with pytest.raises(BadInput, match="counts in pixels off the sky: received pixel"):
        inputs.read([path])


def test_a_pixel_on_the_rim_of_the_sky_keeps_its_photons_there(write_cube):
    counts = np.zeros((1, 30, 60), dtype=np.int32)
    path = write_cube(
        counts,
        [(2000, 7000)],
        name="empty.fits",
        ctype=("GLON-AIT", "GLAT-AIT"),
        cdelt=(-8.0, 8.0),
    )
    wcs = celestial_wcs(fits.getheader(path))
    y, x = np.indices((30, 60))
    corners = [
        np.isfinite(wcs.wcs_pix2world(np.c_[(x + dx).ravel(), (y + dy).ravel()], 0))
        for dx in (-0.4, 0.4)
        for dy in (-0.4, 0.4)
    ]
    on = np.array([corner.all(axis=1) for corner in corners])
    rim = on.any(axis=0) & ~on.all(axis=0)
    counts[0][rim.reshape(30, 60)] = 5
    path = write_cube(
        counts, [(2000, 7000)], ctype=("GLON-AIT", "GLAT-AIT"), cdelt=(-8.0, 8.0)
    )

    photons = inputs.read([path])

    assert rim.sum() > 20
    np.testing.assert_array_equal(binned(photons, path, (30, 60))[1], counts[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1.0, r"counts in channel 2 of .* negative: received -1"),
        (0.5, r"counts in channel 2 of .* not whole numbers: received 0\.5"),
        (np.inf, r"counts in channel 2 of .* infinite"),
        (np.nan, r"1 pixels of .* are NaN in some energy channels only"),
        (1e12, r"too many counts: received 1e\+12"),
        (2e7, r"has 2e\+07 counts in one pixel.*more than 1e\+07"),
    ],
)
def test_values_that_are_no_counts_are_refused(write_cube, counts, value, message):
    counts = counts.astype(np.float64)
    counts[1, 4, 5] = value

    with pytest.raises(BadInput, match=message):
        inputs.read([write_cube(counts)])


def test_too_many_counts_are_refused_before_they_take_memory(write_cube):
    counts = np.full((1, 30, 30), MOST_COUNTS // 800, dtype=np.int32)

    with pytest.raises(BadInput, match="too many counts"):
        inputs.read([write_cube(counts, [(2000, 7000)])])


def test_a_cube_of_nan_is_refused(write_cube):
    with pytest.raises(BadInput, match="shows no sky"):
        inputs.read([write_cube(np.full((2, 4, 4), np.nan))])


@pytest.mark.parametrize("unit", ["cm2 s", "ph cm-2 s-1 sr-1 MeV-1", "1/s"])
def test_maps_of_anything_else_are_refused(write_cube, counts, unit):
    with pytest.raises(BadInput, match="not a map of counts"):
        inputs.read([write_cube(counts, cards={"BUNIT": unit})])


@pytest.mark.parametrize("unit", ["", "ct", "counts", "photon", "count / pixel"])
def test_units_of_counts_are_taken(write_cube, counts, unit):
    photons = inputs.read([write_cube(counts, cards={"BUNIT": unit})])

    assert len(photons) == counts.sum()


def test_an_image_without_energies_is_refused(write_cube, counts):
    with pytest.raises(BadInput, match=r"has no energy axis: received .* \(8, 12\)"):
        inputs.read([write_cube(counts[0])])


def test_latitude_before_longitude_is_refused(write_cube, counts):
    path = write_cube(counts, LIMITS, ctype=("GLAT-CAR", "GLON-CAR"))
    with pytest.raises(BadInput, match=r"received CTYPE1 = 'GLAT-CAR'.*\n.* swapped"):
        inputs.read([path])


def test_a_cube_without_coordinates_is_refused(tmp_path, write_cube, counts):
    with fits.open(write_cube(counts)) as hdus:
        path = tmp_path / "plain.fits"
        fits.HDUList([fits.PrimaryHDU(counts), hdus["EBOUNDS"]]).writeto(path)

    with pytest.raises(BadInput, match="no celestial coordinates"):
        inputs.read([path])


def test_a_cube_in_unknown_coordinates_is_refused(write_cube, counts):
    path = write_cube(counts, ctype=("SLON-CAR", "SLAT-CAR"))

    with pytest.raises(BadInput, match=r"coordinates that are not known: .*SLON-CAR"):
        inputs.read([path])


def test_a_cube_compressed_by_tiles_is_read(tmp_path, write_cube, counts):
    with fits.open(write_cube(counts)) as hdus:
        image = fits.CompImageHDU(hdus[0].data, hdus[0].header)
        path = tmp_path / "packed.fits"
        fits.HDUList([fits.PrimaryHDU(), image, hdus["EBOUNDS"]]).writeto(path)

    assert len(inputs.read([path])) == counts.sum()


def test_channels_outside_the_bands_are_refused(write_cube, counts):
    limits = [(20_000, 50_000), (50_000, 1e6)]

    with pytest.raises(BadInput, match=r"received 20-50 GeV, 50-1000 GeV, needed"):
        inputs.read([write_cube(counts, limits)])


def test_a_truncated_cube_is_refused(write_cube):
    path = write_cube(np.ones((2, 100, 100), dtype=np.int32))
    path.write_bytes(path.read_bytes()[:40_000])

    with pytest.raises(BadInput, match="truncated"):
        inputs.read([path])


def test_the_real_cube_around_the_galactic_centre(gamma_data):
    path = gamma_data / "3fhl_gc" / "fermi-3fhl-gc-counts-cube.fits.gz"

    photons = inputs.read([path])

    counts = fits.getdata(path)
    # 10-14.3 GeV is in the 7-20 GeV band; so is most of 14.3-20.4 GeV (E^-2.4).
    assert len(photons) == counts[:2].sum()
    assert photons.n_outside == counts[2:].sum()
    assert set(photons.bands) == {0}
    np.testing.assert_array_equal(
        binned(photons, path, counts.shape[1:])[0], counts[:2].sum(axis=0)
    )
    # 1e-3 of a pixel is lost where photons lie on the line between two.
    assert photons.footprint.contains(photons.vectors).all()
    outside = unit_vectors(np.array([10.1, -10.1, 0, 0]), np.array([0, 0, 5.1, -5.1]))
    assert not photons.footprint.contains(outside).any()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("background-cube", "not whole numbers"),
        ("exposure-cube", "does not say which energies"),
        ("counts", "no energy axis"),
        ("psf-cube", "no EVENTS table, no image"),
    ],
)
def test_other_real_files_are_refused(gamma_data, name, message):
    with pytest.raises(BadInput, match=message):
        inputs.read([gamma_data / "3fhl_gc" / f"fermi-3fhl-gc-{name}.fits.gz"])
