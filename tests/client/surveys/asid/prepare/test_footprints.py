import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK5, ICRS, Galactic, SkyCoord
from astropy.wcs import WCS

from amphitrite.surveys.asid.prepare.footprints import (
    Circle,
    HealpixFootprint,
    Overlap,
    WcsFootprint,
    WholeSky,
    near_edge,
    to_galactic,
)
from amphitrite.surveys.asid.prepare.patches import angles, unit_vectors


@pytest.fixture
def directions():
    random = np.random.default_rng(0)
    lon = random.uniform(0, 360, 20_000)
    lat = np.degrees(np.arcsin(random.uniform(-1, 1, 20_000)))
    return unit_vectors(lon, lat)


def separation(vectors, lon, lat):
    return np.degrees(
        np.arccos(np.clip(vectors @ unit_vectors(np.array(lon), np.array(lat)), -1, 1))
    )


def image(*, shape=(100, 200), **keywords):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [shape[1] / 2 + 0.5, shape[0] / 2 + 0.5]
    wcs.wcs.cdelt = [-0.1, 0.1]
    for key, value in keywords.items():
        setattr(wcs.wcs, key, value)
    wcs.wcs.set()
    return WcsFootprint(wcs, np.ones(shape, dtype=bool))


def test_the_whole_sky_holds_everything(directions):
    assert WholeSky().contains(directions).all()
    assert WholeSky().contains(directions.reshape(100, 200, 3)).shape == (100, 200)
    assert not near_edge(WholeSky(), directions).any()


@pytest.mark.parametrize("radius", [0.5, 15.0, 120.0])
def test_a_circle_holds_what_is_within_its_radius(directions, radius):
    expected = separation(directions, 30, -60) <= radius

    inside = Circle(30, -60, radius).contains(directions.astype(np.float32))

    # Directions within an arc second of the rim may go either way in float32.
    clear = np.abs(separation(directions, 30, -60) - radius) > 1e-3
    np.testing.assert_array_equal(inside[clear], expected[clear])


def test_a_circle_of_180_deg_holds_everything(directions):
    antipode = -unit_vectors(np.array([30.0]), np.array([-60.0]))

    assert Circle(30, -60, 180).contains(np.concatenate([directions, antipode])).all()


def test_an_overlap_holds_what_all_its_parts_hold(directions):
    one, two = Circle(0, 0, 30), Circle(40, 0, 30)

    both = Overlap((one, two)).contains(directions)

    np.testing.assert_array_equal(
        both, one.contains(directions) & two.contains(directions)
    )
    assert both.any()


@pytest.mark.parametrize("frame", [ICRS(), Galactic(), FK5(equinox="J1975")])
def test_frames_are_turned_as_astropy_does(frame):
    sky = SkyCoord([10, 200, 359], [-80, 5, 60], unit="deg", frame=frame)

    turned = sky.cartesian.xyz.value.T @ to_galactic(frame).T

    # 1e-12 rad is far below a micro arc second.
    np.testing.assert_allclose(
        turned, sky.galactic.cartesian.xyz.value.T, rtol=0, atol=1e-12
    )


def test_an_image_holds_its_pixels(directions):
    footprint = image()
    lon, lat = angles(directions)
    lon = (lon + 180) % 360 - 180

    inside = footprint.contains(directions)

    np.testing.assert_array_equal(inside, (np.abs(lon) < 10) & (np.abs(lat) < 5))
    assert inside.any()


def test_pixels_without_sky_are_outside():
    footprint = image()
    footprint.pixels[:, :100] = False  # the larger longitudes

    inside = footprint.contains(unit_vectors(np.array([5.0, -5.0]), np.zeros(2)))

    assert inside.tolist() == [False, True]


def test_an_equatorial_image_holds_its_pixels(directions):
    footprint = image(ctype=["RA---TAN", "DEC--TAN"], crval=[83.6, 22.0])
    sky = SkyCoord(*angles(directions), unit="deg", frame="galactic").icrs
    offset = sky.transform_to(SkyCoord(83.6, 22.0, unit="deg").skyoffset_frame())
    # Gnomonic coordinates, in deg, of the directions in front.
    x = np.degrees(np.tan(offset.lon.rad))
    y = np.degrees(np.tan(offset.lat.rad) / np.cos(offset.lon.rad))
    front = np.abs(offset.lon.wrap_at(180 * u.deg).deg) < 90
    expected = front & (np.abs(x) < 10) & (np.abs(y) < 5)

    np.testing.assert_array_equal(footprint.contains(directions), expected)
    assert expected.sum() > 50


def test_an_image_of_the_far_side_of_its_reference_is_whole():
    # Columns from l = 190 down to 170, with the reference at l = 0.
    footprint = image(crpix=[1900.5, 50.5])

    inside = footprint.contains(
        unit_vectors(np.array([189.0, 181.0, 179.0, 171.0, 169.0]), np.zeros(5))
    )

    assert inside.tolist() == [True, True, True, True, False]


def test_an_all_sky_image_holds_everything(directions):
    footprint = image(shape=(180, 360), cdelt=[-1, 1])
    seams = unit_vectors(np.array([180, 180 - 1e-9, 180 + 1e-9, 0]), np.zeros(4))

    assert footprint.contains(directions).all()
    assert footprint.contains(seams).all()


@pytest.mark.parametrize("order", ["ring", "nested"])
def test_a_map_holds_its_cells(directions, order):
    cells = np.zeros(12, dtype=bool)
    cells[:4] = True  # the four cells around the north pole, in both orders
    footprint = HealpixFootprint(1, order, cells, np.eye(3))
    _, lat = angles(directions)

    inside = footprint.contains(directions)

    # Their corners: every direction above 41.8 deg, none below the equator.
    assert inside[lat > 41.9].all()
    assert not inside[lat < 0].any()
    assert inside.mean() == pytest.approx(1 / 3, abs=0.02)


def test_a_map_in_another_frame_is_turned(directions):
    cells = np.zeros(12, dtype=bool)
    cells[:4] = True
    footprint = HealpixFootprint(1, "ring", cells, to_galactic(ICRS()))
    pole = SkyCoord(0, 90, unit="deg").galactic

    vector = unit_vectors(np.array([pole.l.deg]), np.array([pole.b.deg]))

    assert footprint.contains(vector).all()
    assert not footprint.contains(-vector).any()


@pytest.mark.parametrize("degrees", [0.1, 0.6, 2.0])
def test_the_edge_of_a_circle_is_near_within_the_distance(degrees):
    circle = Circle(120, 40, 10)
    random = np.random.default_rng(1)
    lon, lat = random.uniform(105, 135, 4000), random.uniform(28, 52, 4000)
    vectors = unit_vectors(lon, lat)
    from_edge = 10 - separation(vectors, 120, 40)

    near = near_edge(circle, vectors, degrees=degrees)

    assert near[from_edge < 0.99 * degrees].all()
    assert not near[from_edge > degrees + 1e-3].any()
    assert near.any()
    assert not near.all()


@pytest.mark.parametrize("lat", [-90.0, 90.0, 0.0])
def test_the_edge_is_found_wherever_the_direction_is(lat):
    vector = unit_vectors(np.array([0.0]), np.array([lat]))
    aside = Circle(0, lat - 9.5 * np.sign(lat or 1), 10)

    assert near_edge(aside, vector).all()
    assert not near_edge(Circle(0, lat, 10), vector).any()


def test_a_hole_within_the_distance_is_near():
    footprint = image()
    footprint.pixels[45:50, 100:105] = False  # half a degree wide, beside l = b = 0
    at = unit_vectors(np.array([0.3, 1.5]), np.array([0.0, 0.0]))

    assert near_edge(footprint, at).tolist() == [True, False]


def test_no_directions_give_no_flags():
    assert near_edge(image(), np.empty((0, 3))).shape == (0,)
