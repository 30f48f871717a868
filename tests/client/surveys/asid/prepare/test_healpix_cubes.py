import astropy_healpix
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import ICRS, Galactic, SkyCoord
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import inputs
from amphitrite.surveys.asid.prepare.footprints import HealpixFootprint, WholeSky
from amphitrite.surveys.asid.prepare.patches import angles

NSIDE = 4
N_CELLS = 12 * NSIDE**2


@pytest.fixture
def counts():
    return np.random.default_rng(4).poisson(3, (2, N_CELLS)).astype(np.int32)


def binned(photons, *, nside=NSIDE, order="ring", frame=None):
    """Count the photons of each band in the cells, by astropy."""
    lon, lat = angles(photons.vectors)
    sky = SkyCoord(lon, lat, unit="deg", frame="galactic")
    cells = astropy_healpix.HEALPix(
        nside, order, frame=Galactic() if frame is None else frame
    )
    image = np.zeros((len(BANDS), 12 * nside**2), dtype=int)
    np.add.at(image, (photons.bands, cells.skycoord_to_healpix(sky)), 1)
    return image


def assert_same_counts(photons, counts, **cells):
    image = binned(photons, **cells)
    np.testing.assert_array_equal(image[2], counts[0])
    np.testing.assert_array_equal(image[1], counts[1])


@pytest.mark.parametrize("order", ["RING", "NESTED"])
@pytest.mark.parametrize(
    ("coordsys", "frame"), [("GAL", Galactic()), ("CEL", ICRS()), ("EQU", ICRS())]
)
def test_counts_are_conserved_in_every_cell(
    write_healpix, counts, order, coordsys, frame
):
    path = write_healpix(counts, nside=NSIDE, order=order, coordsys=coordsys)

    photons = inputs.read([path])

    assert len(photons) == counts.sum()
    assert_same_counts(photons, counts, order=order.lower(), frame=frame)
    assert photons.footprint == WholeSky()
    # all cells are as large
    assert photons.pixel_degrees**2 * N_CELLS == pytest.approx(129_600 / np.pi)


@pytest.mark.parametrize("name", ["PIX", "PIXEL", "HPX_INDEX"])
def test_cells_may_be_listed(write_healpix, counts, name):
    index = np.random.default_rng(0).permutation(N_CELLS)[:50]
    path = write_healpix(
        counts[:, index], nside=NSIDE, index=index, index_name=name, coordsys="C"
    )

    photons = inputs.read([path])

    expected = np.zeros_like(counts)
    expected[:, index] = counts[:, index]
    assert_same_counts(photons, expected, frame=ICRS())
    assert isinstance(photons.footprint, HealpixFootprint)
    assert photons.footprint.contains(photons.vectors).all()
    cells = astropy_healpix.HEALPix(NSIDE, "ring", frame=ICRS())
    centres = cells.healpix_to_skycoord(np.arange(N_CELLS)).galactic.cartesian.xyz.T
    shown = photons.footprint.contains(u.Quantity(centres).value)
    np.testing.assert_array_equal(np.flatnonzero(shown), np.sort(index))


def test_photons_are_uniform_inside_their_cell(write_healpix):
    counts = np.zeros((1, N_CELLS), dtype=np.int32)
    counts[0, 70] = 64_000
    path = write_healpix(counts, [(2000, 7000)], nside=NSIDE, order="NESTED")

    photons = inputs.read([path])

    # Sub-cells have equal areas: 64 of them hold 1000 photons each; chi-square has
    # 63 degrees of freedom and exceeds 120 with a probability of 1e-5.
    fine = binned(photons, nside=8 * NSIDE, order="nested")[1][64 * 70 : 64 * 71]
    assert fine.sum() == 64_000
    assert ((fine - 1000) ** 2 / 1000).sum() < 120


@pytest.mark.parametrize("missing", [np.nan, -1.6375e30])
def test_cells_without_sky_are_left_out(write_healpix, counts, missing):
    counts = counts.astype(float)
    counts[:, 100:] = missing

    photons = inputs.read([write_healpix(counts, nside=NSIDE)])

    assert len(photons) == counts[:, :100].sum()
    assert np.flatnonzero(photons.footprint.cells).tolist() == list(range(100))


def test_a_float32_map_of_healpy_is_read(write_healpix, counts):
    # healpy writes 1024 cells in a row, one column for each map.
    nside = 16
    counts = np.random.default_rng(1).poisson(2, (2, 12 * nside**2)).astype(float)
    counts[:, :9] = -1.6375e30
    columns = [
        fits.Column(name, "1024E", "counts", array=channel.reshape(-1, 1024))
        for name, channel in zip(("TEMPERATURE", "Q"), counts, strict=True)
    ]

    photons = inputs.read([write_healpix(counts, nside=nside, columns=columns)])

    counts[:, :9] = 0
    assert_same_counts(photons, counts, nside=nside)


def test_channels_may_share_one_column(write_healpix, counts):
    columns = [fits.Column("SPECTRUM", "2J", array=counts.T)]

    photons = inputs.read([write_healpix(counts, nside=NSIDE, columns=columns)])

    assert_same_counts(photons, counts)


def test_other_columns_beside_the_channels_are_left_alone(write_healpix, counts):
    columns = [
        fits.Column("CHANNEL1", "J", array=counts[0]),
        fits.Column("CHANNEL2", "J", array=counts[1]),
        fits.Column("EXPOSURE", "E", "cm2 s", array=np.full(N_CELLS, 1e11)),
    ]

    photons = inputs.read([write_healpix(counts, nside=NSIDE, columns=columns)])

    assert_same_counts(photons, counts)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"NSIDE": None}, "received NSIDE = None"),
        ({"NSIDE": 0}, "received NSIDE = 0"),
        ({"NSIDE": 8}, "NSIDE = 8 makes 768 cells"),
        ({"ORDERING": None}, "received ORDERING = None"),
        ({"ORDERING": "SPIRAL"}, "received ORDERING = 'SPIRAL'"),
        ({"COORDSYS": None}, "received COORDSYS = None"),
        ({"COORDSYS": "ECL"}, "received COORDSYS = 'ECL'"),
        ({"NSIDE": 3, "ORDERING": "NESTED"}, "no power of two"),
        ({"INDXSCHM": "SPARSE"}, "lists single counts"),
        ({"BUNIT": "cm2 s"}, "not a map of counts"),
        ({"TUNIT1": "1/(cm2 s sr)"}, "not a map of counts"),
    ],
)
def test_maps_that_are_not_understood_are_refused(
    write_healpix, counts, cards, message
):
    with pytest.raises(BadInput, match=message):
        inputs.read([write_healpix(counts, nside=NSIDE, cards=cards)])


@pytest.mark.parametrize(
    ("index", "message"),
    [([0, 1, N_CELLS], f"lists cell {N_CELLS}"), ([5, 7, 5], "more than once")],
)
def test_listed_cells_that_cannot_be_are_refused(write_healpix, counts, index, message):
    path = write_healpix(counts[:, :3], nside=NSIDE, index=index)

    with pytest.raises(BadInput, match=message):
        inputs.read([path])


@pytest.mark.parametrize(
    ("value", "message"),
    [(-2.0, "negative"), (0.25, "not whole numbers"), (np.nan, "NaN in some energy")],
)
def test_values_that_are_no_counts_are_refused(write_healpix, counts, value, message):
    counts = counts.astype(float)
    counts[1, 17] = value

    with pytest.raises(BadInput, match=message):
        inputs.read([write_healpix(counts, nside=NSIDE)])


def test_a_map_without_energies_is_refused(write_healpix, counts):
    with pytest.raises(BadInput, match=r"no EBOUNDS table; its HDUs are: PRIMARY, SKY"):
        inputs.read([write_healpix(counts, nside=NSIDE, tables=[])])


def test_a_map_of_nan_is_refused(write_healpix, counts):
    with pytest.raises(BadInput, match="shows no sky"):
        inputs.read([write_healpix(np.full((2, N_CELLS), np.nan), nside=NSIDE)])


def test_the_real_sky_from_2_to_20_gev(gamma_data, write_healpix):
    with np.load(gamma_data / "fermi_573w_hpx128.npz") as maps:
        counts = maps["fermidata_counts"].astype(np.int32)
    path = write_healpix(counts[None], [(2000, 20_000)], nside=128)

    photons = inputs.read([path])

    assert len(photons) == counts.sum() > 1_900_000
    assert photons.coverage == {BANDS[1]: 1}
    # Directions are rounded to float32, 0.1 arcsec, in cells of 0.46 deg: about 1e-5
    # of the photons cross into the next one.
    moved = np.abs(binned(photons, nside=128)[1] - counts).sum()
    assert moved < 1e-4 * counts.sum()
    assert photons.footprint == WholeSky()
