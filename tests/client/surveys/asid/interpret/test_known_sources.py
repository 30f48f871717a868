"""Catalogues of the mission, of the versions that there are."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.interpret import known_sources
from amphitrite.surveys.asid.prepare.patches import unit_vectors

# A radius of 95 % of a circular normal distribution over one of 68 %.
WIDER = 1.6215


def at(lon):
    lon = np.asarray(lon, float)
    return unit_vectors(lon, np.zeros(len(lon)))


@pytest.mark.parametrize("classes", [("CLASS1", ["bll"]), ("CLASS", ["bll"]), None])
def test_versions_name_the_class_in_their_own_way(write, classes):
    known = known_sources.read(write([0.0], classes=classes))
    _, _, found = known.of(at([0.0]), np.array([0.05]))
    assert found.tolist() == (["bll"] if classes else [""])


def test_a_source_without_a_position_is_left_out(write, tmp_path):
    path = write([10.0, 20.0, 30.0])
    with fits.open(path) as hdus:
        hdus[1].data["RAJ2000"][0] = np.nan
        hdus[1].data["DEJ2000"][2] = np.nan
        hdus.writeto(tmp_path / "some.fits")
    known = known_sources.read(tmp_path / "some.fits")
    assert known.names.tolist() == ["4FGL J0001.0"]
    names, _, _ = known.of(at([10.0, 20.0, 30.0]), np.full(3, 0.05))
    assert names.tolist() == ["", "4FGL J0001.0", ""]


def test_a_catalogue_of_another_kind_is_refused_by_its_columns(write, tmp_path):
    with pytest.raises(
        BadInput,
        match="no table has the columns Source_Name, RAJ2000, DEJ2000; received LAT",
    ):
        known_sources.read(write([0.0], drop=["RAJ2000"]))
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "image.fits")
    with pytest.raises(BadInput, match=r"received no table\.\nGive a file such as"):
        known_sources.read(tmp_path / "image.fits")
    (tmp_path / "list.csv").write_text("name,ra,dec\n")
    with pytest.raises(BadInput, match=r"list\.csv cannot be read"):
        known_sources.read(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("file", "title", "vela", "n_extended"),
    [
        ("gll_psc_v30.fit.gz", "4FGL v30", "4FGL J0835.3-4510", 78),
        ("gll_psch_v13.fit.gz", "3FHL v13", "3FHL J0835.3-4510", 48),
    ],
)
def test_the_missions_catalogues_are_read(file, title, vela, n_extended, real_data):
    known = known_sources.read(real_data / "gamma" / file)
    assert known.title == title
    assert np.count_nonzero(known.extent) == n_extended
    place = SkyCoord("08h35m20.7s", "-45d10m35s").galactic
    vectors = unit_vectors(np.array([place.l.deg]), np.array([place.b.deg]))
    (name,), (separation,), (kind,) = known.of(vectors, np.array([0.03]))
    assert (name, kind) == (vela, "PSR")
    assert separation < 0.02


@pytest.fixture
def rename(write, tmp_path):
    """Write a catalogue whose columns have other names, or units."""

    def rename(names, *, drop=(), units=None):
        with fits.open(write([10.0, 20.0], drop=drop)) as hdus:
            columns = [
                fits.Column(
                    names.get(column.name, column.name),
                    column.format,
                    (units or {}).get(column.name),
                    array=column.array,
                )
                for column in hdus[1].columns
            ]
            table = fits.BinTableHDU.from_columns(columns, name="2FHL Source Catalog")
            path = tmp_path / "renamed.fits"
            fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
        return path

    return rename


@pytest.mark.parametrize(
    "names",
    [
        {"Conf_95_SemiMajor": "Pos_err_95", "CLASS1": "CLASS"},  # 2FHL
        {"RAJ2000": "RA", "DEJ2000": "DEC"},  # 1FGL
        {"Source_Name": "source_name", "RAJ2000": "raj2000", "CLASS1": "class1"},
    ],
)
def test_columns_have_had_several_names(rename, write, caplog, names):
    known = known_sources.read(rename(names))
    usual = known_sources.read(write([10.0, 20.0]))
    assert known.names.tolist() == usual.names.tolist()
    assert known.classes.tolist() == usual.classes.tolist() == ["psr", "psr"]
    np.testing.assert_array_equal(known.vectors, usual.vectors)
    np.testing.assert_array_equal(known.r95, usual.r95)
    assert known.choices == {}
    assert not caplog.records


def test_radii_of_68_percent_are_scaled(rename, caplog):
    known = known_sources.read(rename({"Conf_95_SemiMajor": "Pos_err_68"}))
    np.testing.assert_allclose(known.r95, 0.05 * WIDER, rtol=1e-4)
    assert known.choices == {"ASSOCR95": "1.6215 Pos_err_68"}
    assert "those of 68 % (Pos_err_68) are scaled by 1.6215" in caplog.text


def test_positions_without_errors_are_taken_to_be_exact(rename, caplog):
    path = rename({"Source_Name": "PSR_Name"}, drop=["Conf_95_SemiMajor"])
    known = known_sources.read(path)
    assert known.r95.tolist() == [0, 0]
    assert known.choices == {"ASSOCR95": "0"}
    assert "has no errors of positions; they are taken to be exact" in caplog.text


def test_radii_in_other_units_are_converted(rename):
    known = known_sources.read(rename({}, units={"Conf_95_SemiMajor": "arcmin"}))
    np.testing.assert_allclose(known.r95, 0.05 / 60, rtol=1e-6)


def test_an_extended_source_may_be_listed_by_its_own_name(write, tmp_path):
    """As in 2FHL, whose table of extended sources stands without errors."""
    sizes = fits.BinTableHDU.from_columns(
        [
            fits.Column("Source_Name", "18A", array=["4FGL J0001.0"]),
            fits.Column("RAJ2000", "D", "deg", array=[1.0]),
            fits.Column("DEJ2000", "D", "deg", array=[1.0]),
            fits.Column("Model_SemiMajor", "E", "deg", array=[0.5]),
        ],
        name="Extended Sources",
    )
    path = write([0.0, 20.0], more=[sizes])
    swapped = tmp_path / "swapped.fits"
    with fits.open(path) as hdus:
        fits.HDUList([hdus[0], hdus[2], hdus[1]]).writeto(swapped)
    known = known_sources.read(swapped)
    assert known.names.tolist() == ["4FGL J0000.0", "4FGL J0001.0"]
    assert known.extent.tolist() == [0, 0.5]
