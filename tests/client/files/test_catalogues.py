import os
import stat

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits, votable
from astropy.io.votable.ucd import check_ucd
from astropy.table import QTable, Table

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import catalogues
from amphitrite.files.columns import Column
from amphitrite.files.texts import fits_text
from amphitrite.surveys.morpheus.catalogue import COLUMNS

SUFFIXES = (".fits", ".fit", ".vot", ".xml", ".ecsv", ".csv", ".dat", ".parquet")
PROVENANCE = {
    "CREATOR": "amphitrite 1.2.3",
    "DATE": "2024-01-02T03:04:05",
    "COMMAND": "amphitrite morpheus h.fits j.fits v.fits z.fits -o 'my results/é' "
    + "--stride 3 " * 12,
    "MODELSUM": "sha256:" + "ab" * 32,
    "MODELVER": 2,
    "input H": "h.fits",
}


def names(folder):
    return [path.name for path in folder.iterdir()]


def rows(n):
    rng = np.random.default_rng(5)
    data = {}
    for column in COLUMNS:
        if column.dtype == "str":
            data[column.name] = rng.choice(["disk", "point_source"], n)
        elif column.dtype.startswith("int"):
            data[column.name] = rng.integers(0, 100, n)
        else:
            data[column.name] = rng.random(n)
    if n:
        data["ra"][0] = np.nan
    return data


@pytest.fixture(params=[3, 1, 0], ids=lambda n: f"{n} rows")
def catalogue(request):
    return catalogues.table(COLUMNS, rows(request.param))


class TestTable:
    def test_columns(self, catalogue):
        assert catalogue.colnames == [column.name for column in COLUMNS]
        for column in COLUMNS:
            got = catalogue[column.name]
            assert got.dtype.kind == np.dtype(column.dtype).kind
            assert column.dtype == "str" or got.dtype.name == column.dtype
            assert got.info.description == column.description
            frame = {"frame": column.frame} if column.frame else {}
            assert got.info.meta == {"ucd": column.ucd, **frame}
        assert catalogue["ra"].unit == u.deg
        assert catalogue["area"].unit == u.pix**2
        assert catalogue["p_disk"].info.unit is None

    def test_without_data(self):
        empty = catalogues.table(COLUMNS, {}, {"survey": "morpheus"})
        assert len(empty) == 0
        assert empty.colnames == [column.name for column in COLUMNS]
        assert empty.meta == {"survey": "morpheus"}

    def test_wrong_names(self):
        data = rows(2)
        data["extra"] = data.pop("ra")
        with pytest.raises(ValueError, match=r"\['ra'\], not declared: \['extra'\]"):
            catalogues.table(COLUMNS, data)

    def test_pandas(self):
        frame = catalogues.table(COLUMNS, rows(3)).to_pandas()
        assert list(frame.columns) == [column.name for column in COLUMNS]


def test_ucds_are_of_the_controlled_vocabulary():
    for column in COLUMNS:
        assert check_ucd(
            column.ucd, check_controlled_vocabulary=True, has_colon=False
        ), column


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_values_units_and_descriptions_survive(tmp_path, catalogue, suffix):
    path = tmp_path / f"catalogue{suffix}"
    catalogues.write(catalogue, path, provenance=PROVENANCE)
    assert names(tmp_path) == [path.name]
    formats = {".parquet": "parquet", ".dat": "ascii.fixed_width_two_line"}
    options = {"format": formats[suffix]} if suffix in formats else {}
    got = QTable.read(path, **options)
    assert got.colnames == catalogue.colnames
    assert len(got) == len(catalogue)
    for column in COLUMNS:
        back = got[column.name]
        want = catalogue[column.name]
        if suffix in (".csv", ".dat"):
            back, want = np.asarray(back), getattr(want, "value", np.asarray(want))
        else:
            assert back.info.unit == want.info.unit
            assert back.info.description == column.description
        if not len(want):
            continue
        if column.dtype == "str":
            assert [*back] == [*want]
        else:
            # CSV knows no float32: the shortest text that tells two of them apart.
            np.testing.assert_array_equal(back.astype(want.dtype), want)
    if suffix in (".ecsv", ".parquet"):
        assert got["ra"].info.meta["ucd"] == "pos.eq.ra;meta.main"
        assert got.meta == PROVENANCE


@pytest.mark.parametrize("name", ["Ä é.fits", "x_\udce9.fits", "two\nlines.fits"])
def test_a_table_s_own_metadata_reach_the_header_of_a_fits_file(
    tmp_path, catalogue, name
):
    path = tmp_path / "catalogue.fits"
    catalogue.meta = {"INPUT1": name, "NFILES": 1}
    catalogues.write(catalogue, path)
    header = fits.getheader(path, 1)
    assert header["INPUT1"] == fits_text(name)
    assert header["NFILES"] == 1
    assert catalogue.meta == {"INPUT1": name, "NFILES": 1}


def test_fits_header(tmp_path, catalogue):
    path = tmp_path / "catalogue.fits"
    catalogues.write(catalogue, path, provenance=PROVENANCE)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        header = hdus[1].header
        assert hdus[1].name == "CATALOGUE"
        for number, column in enumerate(COLUMNS, start=1):
            assert header[f"TTYPE{number}"] == column.name
            assert header[f"TUCD{number}"] == column.ucd
            assert header[f"TCOMM{number}"] == column.description
            assert u.Unit(header.get(f"TUNIT{number}", "")) == u.Unit(column.unit)
        primary = hdus[0].header
        assert primary["CREATOR"] == "amphitrite 1.2.3"
        assert primary["MODELSUM"] == PROVENANCE["MODELSUM"]
        assert primary["MODELVER"] == 2
        assert primary["COMMAND"].startswith("amphitrite morpheus h.fits")
        assert "input H: h.fits" in list(primary["HISTORY"])


def test_votable_elements(tmp_path, catalogue):
    path = tmp_path / "catalogue.vot"
    catalogues.write(catalogue, path, provenance=PROVENANCE)
    document = votable.parse(path, verify="exception")
    fields = document.get_first_table().fields
    assert [field.ucd for field in fields] == [column.ucd for column in COLUMNS]
    assert [field.description for field in fields] == [c.description for c in COLUMNS]
    infos = {info.name: info.value for info in document.resources[0].infos}
    assert infos == {name: str(value) for name, value in PROVENANCE.items()}
    assert "found no violations" in votable.validate(path, output=None)


def test_nothing_but_what_was_passed(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    catalogue = catalogues.table(COLUMNS, rows(2))
    for suffix in SUFFIXES:
        path = tmp_path / f"catalogue{suffix}"
        catalogues.write(catalogue, path)
        content = path.read_bytes()
        assert b"somebody" not in content
        assert str(tmp_path).encode() not in content


@pytest.mark.parametrize("name", ["catalogue.txt", "catalogue", "catalogue.fits.gz"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(BadInput, match=r"known are .fits .fit .vot .xml .ecsv .csv"):
        catalogues.check_suffix(tmp_path / name)
    with pytest.raises(BadInput, match="stands for no known catalogue format"):
        catalogues.write(catalogues.table(COLUMNS, {}), tmp_path / name)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_known_suffix(suffix):
    catalogues.check_suffix(f"catalogue{suffix}")
    catalogues.check_suffix(f"catalogue{suffix.upper()}")


def test_replaces_a_file_and_respects_the_umask(tmp_path):
    path = tmp_path / "catalogue.ecsv"
    path.write_text("old")
    before = os.umask(0o027)
    try:
        catalogues.write(catalogues.table(COLUMNS, rows(2)), path)
    finally:
        os.umask(before)
    assert len(Table.read(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_unwritable(tmp_path):
    catalogue = catalogues.table(COLUMNS, {})
    with pytest.raises(OutputError, match=r"cannot write .*: No such file"):
        catalogues.write(catalogue, tmp_path / "none" / "catalogue.fits")
    (tmp_path / "folder.fits").mkdir()
    with pytest.raises(OutputError, match=r"folder\.fits is a folder"):
        catalogues.write(catalogue, tmp_path / "folder.fits")
    assert names(tmp_path) == ["folder.fits"]


class TestFurtherTables:
    def test_a_fits_file_holds_them_by_name(self, catalogue, tmp_path):
        path = tmp_path / "a.fits"
        columns = [Column("n", "int32", "kg", "meta.number", "Number of them")]
        second = catalogues.table(columns, {"n": [1, 2]}, {"SAID": "é"})
        catalogues.write(catalogue, path, more={"SECOND": second})
        with fits.open(path) as hdus:
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "CATALOGUE", "SECOND"]
            header = hdus["SECOND"].header
            assert (header["TUCD1"], header["TCOMM1"]) == (
                "meta.number",
                "Number of them",
            )
            assert header["SAID"] == fits_text("é")
        back = QTable.read(path, hdu="SECOND")
        np.testing.assert_array_equal(back["n"], [1, 2] * u.kg)

    @pytest.mark.parametrize("suffix", sorted(set(SUFFIXES) - {".fits", ".fit"}))
    def test_other_formats_hold_one(self, catalogue, tmp_path, suffix):
        path = tmp_path / f"a{suffix}"
        assert not catalogues.is_fits(path)
        with pytest.raises(BadInput, match="holds one table"):
            catalogues.write(catalogue, path, more={"SECOND": catalogue})
        assert names(tmp_path) == []
