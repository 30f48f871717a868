"""Counterparts in catalogues of the mission, of the versions that there are."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.interpret import associations
from amphitrite.surveys.asid.prepare.patches import unit_vectors

# A radius of 99.9 % of a circular normal distribution over one of 95 %.
LARGER = 1.5186


@pytest.fixture
def write(tmp_path):
    """Write a catalogue of sources at Galactic longitudes, on the equator."""

    def write(
        lon, *, r95=0.05, classes=("CLASS1", ["psr"]), extended=None, drop=(), more=()
    ):
        lon = np.asarray(lon, float)
        n = len(lon)
        icrs = SkyCoord(lon, np.zeros(n), unit="deg", frame="galactic").icrs
        columns = {
            "Source_Name": ("18A", [f"4FGL J{i:04d}.0 " for i in range(n)]),
            "RAJ2000": ("D", icrs.ra.deg),
            "DEJ2000": ("D", icrs.dec.deg),
            "Conf_95_SemiMajor": ("E", np.broadcast_to(r95, n)),
        }
        if classes:
            columns[classes[0]] = ("5A", (list(classes[1]) * n)[:n])
        if extended:
            columns["Extended_Source_Name"] = ("18A", extended)
        table = fits.BinTableHDU.from_columns(
            [
                fits.Column(name, code, array=array)
                for name, (code, array) in columns.items()
                if name not in drop
            ],
            name="LAT_Point_Source_Catalog",
        )
        table.header["CDS-NAME"] = "4FGL"
        table.header["VERSION"] = "v30"
        path = tmp_path / "catalogue.fits"
        hdus = fits.HDUList([fits.PrimaryHDU(), table, *more])
        hdus.writeto(path, overwrite=True)
        return path

    return write


def at(lon):
    lon = np.asarray(lon, float)
    return unit_vectors(lon, np.zeros(len(lon)))


def test_the_nearest_one_that_the_errors_allow_is_named(write):
    known = associations.read(write([10.0, 10.1, 50.0]))
    names, separation, classes = known.of(at([10.02, 10.09, 30.0]), np.full(3, 0.05))
    assert names.tolist() == ["4FGL J0000.0", "4FGL J0001.0", ""]
    np.testing.assert_allclose(separation, [0.02, 0.01, np.nan], atol=1e-6)
    assert classes.tolist() == ["psr", "psr", ""]
    assert known.title == "4FGL v30"


@pytest.mark.parametrize(("r95", "theirs"), [(0.03, 0.04), (0.05, 0.0)])
def test_the_limit_is_the_sum_of_both_errors_in_quadrature(write, r95, theirs):
    known = associations.read(write([0.0], r95=theirs))
    limit = LARGER * np.hypot(r95, theirs)
    names, _, _ = known.of(at([0.999 * limit, 1.001 * limit]), np.full(2, r95))
    assert names.tolist() == ["4FGL J0000.0", ""]


def test_each_source_has_its_own_limit(write):
    known = associations.read(write([0.0]))
    names, _, _ = known.of(at([0.2, 0.2]), np.array([0.02, 0.2]))
    assert names.tolist() == ["", "4FGL J0000.0"]


def test_what_is_extended_may_be_anywhere_in_it(write):
    sizes = fits.BinTableHDU.from_columns(
        [
            fits.Column("Source_Name", "17A", array=["Wide"]),
            fits.Column("Model_SemiMajor", "E", "deg", array=[1.0]),
        ],
        name="ExtendedSources",
    )
    path = write([0.0, 20.0], r95=np.nan, extended=["Wide", ""], more=[sizes])
    known = associations.read(path)
    assert known.extent.tolist() == [1.0, 0.0]
    names, _, _ = known.of(at([0.9, 20.9]), np.full(2, 0.05))
    assert names.tolist() == ["4FGL J0000.0", ""]


@pytest.mark.parametrize("classes", [("CLASS1", ["bll"]), ("CLASS", ["bll"]), None])
def test_versions_name_the_class_in_their_own_way(write, classes):
    known = associations.read(write([0.0], classes=classes))
    _, _, found = known.of(at([0.0]), np.array([0.05]))
    assert found.tolist() == (["bll"] if classes else [""])


def test_no_source_has_no_counterpart(write):
    known = associations.read(write([0.0]))
    names, separation, classes = known.of(at([]), np.zeros(0))
    assert len(names) == len(separation) == len(classes) == 0
    nobody = associations.read(write([]))
    names, separation, _ = nobody.of(at([1.0]), np.array([0.1]))
    assert names.tolist() == [""]
    assert np.isnan(separation).all()


def test_a_source_without_a_position_is_left_out(write, tmp_path):
    path = write([10.0, 20.0, 30.0])
    with fits.open(path) as hdus:
        hdus[1].data["RAJ2000"][0] = np.nan
        hdus[1].data["DEJ2000"][2] = np.nan
        hdus.writeto(tmp_path / "some.fits")
    known = associations.read(tmp_path / "some.fits")
    assert known.names.tolist() == ["4FGL J0001.0"]
    names, _, _ = known.of(at([10.0, 20.0, 30.0]), np.full(3, 0.05))
    assert names.tolist() == ["", "4FGL J0001.0", ""]


def test_a_catalogue_of_another_kind_is_refused_by_its_columns(write, tmp_path):
    with pytest.raises(
        BadInput, match=r"no table has the columns Conf_95_SemiMajor, DEJ2000, RAJ2000"
    ):
        associations.read(write([0.0], drop=["RAJ2000"]))
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "image.fits")
    with pytest.raises(BadInput, match=r"received no table\.\nGive a file such as"):
        associations.read(tmp_path / "image.fits")
    (tmp_path / "list.csv").write_text("name,ra,dec\n")
    with pytest.raises(BadInput, match=r"list\.csv cannot be read"):
        associations.read(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("file", "title", "vela", "n_extended"),
    [
        ("gll_psc_v30.fit.gz", "4FGL v30", "4FGL J0835.3-4510", 78),
        ("gll_psch_v13.fit.gz", "3FHL v13", "3FHL J0835.3-4510", 48),
    ],
)
def test_the_missions_catalogues_are_read(file, title, vela, n_extended, real_data):
    known = associations.read(real_data / "gamma" / file)
    assert known.title == title
    assert np.count_nonzero(known.extent) == n_extended
    place = SkyCoord("08h35m20.7s", "-45d10m35s").galactic
    vectors = unit_vectors(np.array([place.l.deg]), np.array([place.b.deg]))
    (name,), (separation,), (kind,) = known.of(vectors, np.array([0.03]))
    assert (name, kind) == (vela, "PSR")
    assert separation < 0.02
