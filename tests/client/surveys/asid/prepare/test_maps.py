"""Files of gammapy: a whole dataset (MapDataset.write), or one map (Map.write).

They are written here with astropy, in the layout of gammapy 2.1, and by gammapy itself
where it is installed.
"""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.prepare import exposures, inputs, maps
from amphitrite.surveys.asid.prepare.patches import unit_vectors

NSIDE = 8
EDGES = np.geomspace(1.0, 20.0, 5)  # GeV
TRUE = np.geomspace(0.5, 50.0, 7)
CENTRE = unit_vectors(np.array([0.3]), np.array([0.3]))


def bands(name, edges, *, true=False):
    """Return a table of energies in GeV, with those in the middle."""
    low, high = edges[:-1], edges[1:]
    names = ("ENERGY_TRUE", "ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX")
    names = names if true else ("ENERGY", "E_MIN", "E_MAX")
    columns = [fits.Column("CHANNEL", "K", array=np.arange(len(low)))]
    for column, values in zip(names, (np.sqrt(low * high), low, high), strict=True):
        columns.append(fits.Column(column, "D", "GeV", array=values))
    return fits.BinTableHDU.from_columns(columns, name=f"{name}_BANDS")


def image(name, values, unit=""):
    """Return a map of 20 x 20 pixels of 0.5 deg with these values in its planes."""
    planes = np.ones((1, 20, 20)) * np.asarray(values)[:, None, None]
    hdu = fits.ImageHDU(planes.astype(np.asarray(values).dtype), name=name)
    hdu.header.update(
        {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRPIX1": 10.5, "CRPIX2": 10.5}
        | {"CDELT1": -0.5, "CDELT2": 0.5, "CUNIT1": "deg", "CUNIT2": "deg"}
        | {"BUNIT": unit, "BANDSHDU": f"{name}_BANDS"}
    )
    return hdu


def healpix(name, values, unit=""):
    """Return a map of the whole sky with these values in its planes."""
    n = 12 * NSIDE**2
    columns = [
        fits.Column(f"CHANNEL{number}", "E", array=np.full(n, value))
        for number, value in enumerate(values, start=1)
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header.update(
        {"PIXTYPE": "HEALPIX", "ORDERING": "NESTED", "NSIDE": NSIDE}
        | {"COORDSYS": "GAL", "INDXSCHM": "IMPLICIT"}
        | {"BUNIT": unit, "BANDSHDU": f"{name}_BANDS"}
    )
    return hdu


def area(gev):
    """Return an exposure that grows as the logarithm of energy, m2 s."""
    return 1e7 * np.log10(1e3 * gev)


@pytest.fixture(params=[image, healpix])
def kind(request):
    return request.param


@pytest.fixture
def write(tmp_path, kind):
    """Write the maps of a dataset, in some order."""
    middle = np.sqrt(TRUE[:-1] * TRUE[1:])
    parts = {
        "COUNTS": [kind("COUNTS", [1, 0, 2, 0]), bands("COUNTS", EDGES)],
        "EXPOSURE": [
            kind("EXPOSURE", area(middle), "m2 s"),
            bands("EXPOSURE", TRUE, true=True),
        ],
        "BACKGROUND": [kind("BACKGROUND", [0.5] * 4), bands("BACKGROUND", EDGES)],
    }

    def write(*names):
        hdus = [hdu for name in names for hdu in parts[name]]
        path = tmp_path / "dataset.fits"
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
        return path

    return write


@pytest.mark.parametrize(
    "names",
    [("COUNTS", "EXPOSURE", "BACKGROUND"), ("BACKGROUND", "EXPOSURE", "COUNTS")],
)
def test_counts_and_exposure_of_one_file_both_serve(write, kind, names):
    path = write(*names)

    photons = inputs.read([path])
    found = exposures.read(path)

    pixels = 400 if kind is image else 12 * NSIDE**2
    assert len(photons) + photons.n_outside == 3 * pixels
    # the channels end at 1, 2.1, 4.5, 9.5 and 20 GeV: the first holds most of 1-2 GeV
    in_bands = [np.count_nonzero(photons.bands == n) for n in range(len(BANDS))]
    assert in_bands[2] == pixels
    (at,) = found.at(CENTRE)
    means = []
    for band in BANDS:
        gev = np.geomspace(max(band.low / 1e3, 0.734), band.high / 1e3, 10_001)
        weight = gev**-1.4
        means.append((weight * area(gev)).sum() / weight.sum() * 1e4)
    # float32 and sixteen nodes of a band; the lowest band is below the energies
    np.testing.assert_allclose(at[:4], means[:4], rtol=1e-3)


def test_a_map_of_exposure_alone_is_read(write):
    (at,) = exposures.read(write("EXPOSURE")).at(CENTRE)
    assert np.isfinite(at[:4]).all()


def test_counts_are_never_taken_for_an_exposure(write):
    with pytest.raises(BadInput, match="or only counts and background"):
        exposures.read(write("COUNTS", "BACKGROUND"))


def test_a_map_may_name_a_table_that_is_not_there(write, tmp_path):
    path = write("EXPOSURE")
    with fits.open(path) as hdus:
        fits.HDUList(hdus[:2]).writeto(tmp_path / "bare.fits")
        assert maps.bands_table(hdus, hdus[1]).name == "EXPOSURE_BANDS"
    with pytest.raises(BadInput, match="no table ENERGIES, and its map names no other"):
        exposures.read(tmp_path / "bare.fits")


GAMMAPY = """
import sys
import numpy as np
from astropy import units
from gammapy.datasets import MapDataset
from gammapy.maps import Map, MapAxis, WcsGeom
energy = MapAxis.from_energy_edges([1, 2, 7, 20] * units.GeV, name="energy")
true = MapAxis.from_energy_edges(
    np.geomspace(0.3, 30, 12) * units.GeV, name="energy_true"
)
place = {"skydir": (70, 40), "frame": "galactic", "width": (8, 8), "proj": "CAR"}
geometry = WcsGeom.create(**place, binsz=0.2, axes=[energy])
coarse = WcsGeom.create(**place, binsz=0.5, axes=[true])
counts = np.random.default_rng(1).poisson(2, geometry.data_shape)
np.save(sys.argv[1] + "/counts.npy", counts)
MapDataset(
    counts=Map.from_geom(geometry, data=counts),
    exposure=Map.from_geom(coarse, data=np.full(coarse.data_shape, 3e11), unit="cm2 s"),
    background=Map.from_geom(geometry, data=np.full(geometry.data_shape, 1.5)),
).write(sys.argv[1] + "/dataset.fits")
"""


def test_a_dataset_that_gammapy_itself_writes_is_read(tmp_path):
    if importlib.util.find_spec("gammapy") is None:
        pytest.skip("gammapy is not installed")
    command = [sys.executable, "-W", "ignore", "-c", GAMMAPY, str(tmp_path)]
    subprocess.run(command, check=True)
    counts = np.load(tmp_path / "counts.npy")
    photons = inputs.read([tmp_path / "dataset.fits"])
    # the bands come from the highest to the lowest
    found = [np.count_nonzero(photons.bands == n) for n in (2, 1, 0)]
    np.testing.assert_array_equal(found, counts.sum(axis=(1, 2)))
    values = exposures.read(tmp_path / "dataset.fits").values
    np.testing.assert_allclose(values[np.isfinite(values)], 3e11, rtol=1e-6)
