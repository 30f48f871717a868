"""Simulated files, read back by the client as a user's own would be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.files import catalogues
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import COUNTS
from amphitrite.surveys.asid.prepare import inputs
from amphitrite.surveys.asid.prepare.patches import Patch, angles, depth, unit_vectors
from amphitrite.surveys.asid.prepare.tiling import Tiles
from amphitrite_training.surveys.asid.simulate.files import (
    SIMULATED,
    TRUTH,
    truth,
    write_events,
    write_healpix_cube,
    write_wcs_cube,
)
from amphitrite_training.surveys.asid.simulate.photons import (
    Events,
    Region,
    draw_events,
)
from amphitrite_training.surveys.asid.simulate.population import CLASSES

REGION = Region(72.0, 38.0, 9.0)
PATCH = Patch(REGION.lon, REGION.lat)
EDGES = [300, 500, 1_000, 2_000, 7_000, 20_000]
# the same with channels within the bands, as cubes are usually made
FINE = [300, 400, 500, 700, 1_000, 1_400, 2_000, 3_700, 7_000, 12_000, 20_000]


@pytest.fixture(scope="module")
def events(sky):
    return draw_events(replace(sky, years=2.0), np.random.default_rng(1), REGION)


def per_band(events):
    return [
        int(((events.energy >= band.low) & (events.energy < band.high)).sum())
        for band in BANDS
    ]


def assert_same_counts(photons, events, *, reach):
    """Compare the counts of the patch with those of the events themselves.

    A binned photon is put back at random within its pixel, of size `reach` (deg): so
    only those as near to the patch's border may change sides.
    """
    counts = Tiles(photons).counts(PATCH)
    x, y = PATCH.offsets(events.vectors.astype(float))
    deep = depth(x, y)
    for tensor, band in zip(COUNTS, BANDS, strict=True):
        inside = (events.energy >= band.low) & (events.energy < band.high)
        n = int((inside & (deep > 0)).sum())
        at_border = int((inside & (np.abs(deep) < reach)).sum())
        # four standard deviations of that many changing sides at random, at most
        assert abs(counts[tensor.name].sum() - n) <= 4 * np.sqrt(at_border) + 1
        assert n > 100


def test_an_event_list_is_read_as_it_was_drawn(events, tmp_path):
    path = tmp_path / "events.fits"
    write_events(events, path, years=2.0, region=REGION)
    photons = inputs.read([path])
    assert len(photons) == len(events)
    assert photons.n_outside == 0
    assert np.bincount(photons.bands, minlength=5).tolist() == per_band(events)
    assert photons.coverage == dict.fromkeys(BANDS, 1.0)
    # In the list's order: single precision of an angle of 360 deg is 3e-5 deg.
    apart = np.linalg.norm(photons.vectors - events.vectors, axis=1)
    assert np.degrees(apart).max() < 1e-4
    inside = events.vectors[:100]
    assert photons.footprint.contains(inside).all()
    assert not photons.footprint.contains(-inside).any()


def test_an_event_list_says_what_it_is(events, tmp_path):
    path = tmp_path / "events.fits"
    write_events(events, path, years=2.0, region=REGION)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        table, good = hdus["EVENTS"], hdus["GTI"]
        assert table.header["OBJECT"] == SIMULATED
        assert table.header["TELESCOP"] == "GLAST"
        cuts = {
            table.header[f"DSTYP{n}"]: table.header[f"DSVAL{n}"]
            for n in range(1, table.header["NDSKEYS"] + 1)
        }
        assert cuts["ENERGY"] == "300:20000"
        assert cuts["ZENITH_ANGLE"] == "0:90"
        assert cuts["POS(RA,DEC)"].startswith("CIRCLE(")
        assert table.columns["ENERGY"].unit == "MeV"
        time = table.data["TIME"]
        assert (np.diff(time) >= 0).all()
        assert good.data["START"][0] <= time[0] <= time[-1] <= good.data["STOP"][0]
        # two years, of which the photons leave out little at either end
        year = 365.25 * 86_400
        assert time[-1] - time[0] == pytest.approx(2 * year, rel=1e-3)
        assert good.data["STOP"][0] - good.data["START"][0] == 2 * year
        kinds = table.data["EVENT_TYPE"]
        # the bits are counted from the right: PSF0 is bit 2
        np.testing.assert_array_equal(kinds[:, 31 - 2], events.event_type == 0)
        np.testing.assert_array_equal(kinds[:, 31 - 5], events.event_type == 3)
        assert table.data["EVENT_CLASS"][:, 31 - 7].all()


def test_the_columns_of_both_frames_agree(events, tmp_path):
    from astropy.coordinates import SkyCoord

    path = tmp_path / "events.fits"
    write_events(events, path, years=1.0, region=REGION)
    data = fits.getdata(path, "EVENTS")
    icrs = SkyCoord(data["RA"], data["DEC"], unit="deg", frame="icrs")
    galactic = SkyCoord(data["L"], data["B"], unit="deg", frame="galactic")
    assert icrs.separation(galactic).deg.max() < 1e-4


def test_a_list_of_no_photons_is_a_list(tmp_path):
    path = tmp_path / "none.fits"
    none = Events(
        np.zeros((0, 3), np.float32), np.zeros(0, np.float32), np.zeros(0, np.uint8)
    )
    write_events(none, path, years=1.0)
    assert len(inputs.read([path])) == 0


@pytest.mark.parametrize(
    ("frame", "pixel"),
    [("galactic", (0.1, 0.1)), ("icrs", (0.1, 0.1)), ("galactic", (0.16, 0.08))],
    ids=["galactic", "icrs", "oblong"],
)
@pytest.mark.parametrize("edges", [EDGES, FINE], ids=["bands", "channels"])
def test_a_cube_is_read_with_the_same_counts(events, tmp_path, frame, pixel, edges):
    path = tmp_path / "cube.fits"
    centre = (REGION.lon, REGION.lat)
    if frame == "icrs":
        from astropy.coordinates import SkyCoord

        icrs = SkyCoord(*centre, unit="deg", frame="galactic").icrs
        centre = (icrs.ra.deg, icrs.dec.deg)
    # 22 x 20 deg and more: degrees of longitude are short at these latitudes
    shape = (round(20 / pixel[1]), round(32 / pixel[0]))
    write_wcs_cube(
        events, path, edges=edges, frame=frame, centre=centre, shape=shape, pixel=pixel
    )
    photons = inputs.read([path])
    assert len(photons) == len(events)
    assert np.bincount(photons.bands, minlength=5).tolist() == per_band(events)
    assert photons.coverage == pytest.approx(dict.fromkeys(BANDS, 1.0))
    assert_same_counts(photons, events, reach=max(pixel))


def test_a_cube_leaves_out_what_is_beyond_it(events, tmp_path):
    path = tmp_path / "cube.fits"
    centre = (REGION.lon, REGION.lat)
    write_wcs_cube(
        events, path, edges=EDGES, centre=centre, shape=(40, 60), pixel=(0.1, 0.1)
    )
    lon, lat = angles(events.vectors)
    inside = (np.abs(lon - centre[0]) < 3) & (np.abs(lat - centre[1]) < 2)
    assert len(inputs.read([path])) == inside.sum()
    assert 0 < inside.sum() < len(events)


@pytest.mark.parametrize("order", ["ring", "nested"])
@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_a_healpix_cube_is_read_with_the_same_counts(events, tmp_path, order, frame):
    path = tmp_path / "hpx.fits"
    write_healpix_cube(
        events, path, edges=EDGES, nside=128, order=order, frame=frame, years=2.0
    )
    photons = inputs.read([path])
    assert len(photons) == len(events)
    assert np.bincount(photons.bands, minlength=5).tolist() == per_band(events)
    assert_same_counts(photons, events, reach=0.65)  # the diagonal of a pixel


def test_a_photon_is_in_its_own_pixel_of_a_cube(tmp_path):
    """One photon at an awkward place, in every kind of cube."""
    place = unit_vectors(np.array([359.97]), np.array([-0.42])).astype(np.float32)
    one = Events(place, np.array([3_000], np.float32), np.zeros(1, np.uint8))
    for name, write in (("wcs", write_wcs_cube), ("hpx", write_healpix_cube)):
        path = tmp_path / f"{name}.fits"
        write(one, path, edges=EDGES)
        (seen,) = inputs.read([path]).vectors
        apart = np.degrees(np.linalg.norm(seen - place[0]))
        assert apart < 0.65  # the diagonal of a HEALPix pixel of nside 128


def test_the_truth_is_the_sky_s(sky, tmp_path):
    known = truth(sky, REGION)
    assert isinstance(known, QTable)
    assert known.colnames == [column.name for column in TRUTH]
    flux = known["flux1000"].value
    assert (np.diff(flux) <= 0).all()
    vectors = unit_vectors(known["l"].value, known["b"].value)
    assert len(known) == REGION.holds(sky.vectors).sum()
    assert REGION.holds(vectors).all()
    assert set(known["class"]) <= set(CLASSES)
    from astropy.coordinates import SkyCoord

    icrs = SkyCoord(known["ra"], known["dec"])
    assert icrs.separation(
        SkyCoord(known["l"], known["b"], frame="galactic")
    ).deg.max() == pytest.approx(0, abs=1e-9)
    catalogues.write(known, tmp_path / "truth.fits")
    again = QTable.read(tmp_path / "truth.fits")
    np.testing.assert_array_equal(again["flux1000"].value, flux)
    assert again["flux1000"].unit == "cm-2 s-1"


def test_the_truth_of_the_whole_sky_is_all_of_it(sky):
    assert len(truth(sky)) == len(sky.population)
