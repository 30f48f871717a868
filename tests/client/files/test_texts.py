"""Names of any bytes survive in every format, and no spreadsheet calculates them."""

import csv
import os

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable
from astropy.table import QTable

from amphitrite.files import catalogues, texts
from amphitrite.files.columns import Column

COLUMNS = (
    Column("name", "str", "", "meta.id", "Name"),
    Column("flux", "float32", "ct", "phot.count", "Counts"),
)
LATIN = os.fsdecode(b"x_\xe9.fits")
NAMES = ["Ä é.fits", LATIN, "\x1b[31mred", "=1+1", "two\nlines", "a,b\"c'd", "-12.5"]


@pytest.fixture(params=sorted(catalogues._WRITERS))
def written(request, tmp_path):
    """Write a catalogue of odd names, with provenance of odd names."""
    table = catalogues.table(COLUMNS, {"name": NAMES, "flux": range(len(NAMES))})
    provenance = {f"INPUT{n}": name for n, name in enumerate(NAMES, start=1)}
    path = tmp_path / f"c{request.param}"
    catalogues.write(table, path, provenance=provenance)
    assert list(table["name"]) == NAMES
    return path


def test_every_row_can_be_read_again(written):
    formats = {
        **{".fits": "fits", ".fit": "fits", ".vot": "votable", ".xml": "votable"},
        ".dat": "ascii.fixed_width_two_line",
    }
    options = {"encoding": "utf-8"} if written.suffix in {".csv", ".ecsv"} else {}
    kind = formats.get(written.suffix, written.suffix[1:])
    found = QTable.read(written, format=kind, **options)
    names = [str(name) for name in found["name"]]
    assert len(set(names)) == len(NAMES)
    assert names[5] == NAMES[5]
    assert not any("\x1b" in name for name in names)
    np.testing.assert_array_equal(
        np.asarray(getattr(found["flux"], "value", found["flux"])), range(len(NAMES))
    )


def test_provenance_names_every_input(written):
    kept = {
        **dict.fromkeys([".fits", ".fit"], _from_fits),
        **dict.fromkeys([".vot", ".xml"], _from_votable),
        ".ecsv": lambda path: QTable.read(path).meta,
        ".parquet": lambda path: QTable.read(path).meta,
    }
    if written.suffix not in kept:
        return  # .csv and .dat hold values alone
    found = kept[written.suffix](written)
    assert len({found[f"INPUT{n}"] for n in range(1, len(NAMES) + 1)}) == len(NAMES)
    assert found["INPUT6"] == NAMES[5]
    assert "\\" in found["INPUT2"]


def _from_fits(path):
    with fits.open(path) as hdus:
        hdus.verify("exception")
        return dict(hdus[0].header)


def _from_votable(path):
    infos = votable.parse(path).resources[0].infos
    return {info.name: info.value for info in infos}


def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path):
    names = ["=1+1", "@SUM(A1)", "+x", "-x", "\tx", "-12.5", "+3", "TIC 7", "a=b"]
    table = catalogues.table(COLUMNS, {"name": names, "flux": np.zeros(len(names))})
    catalogues.write(table, tmp_path / "c.csv")
    with (tmp_path / "c.csv").open(newline="") as file:
        cells = [row["name"] for row in csv.DictReader(file)]
    assert cells == [*(f"'{name}" for name in names[:4]), "\\tx", *names[5:]]


def test_a_table_with_changed_texts_is_another():
    table = catalogues.table(COLUMNS, {"name": ["a"], "flux": [1.0]})
    upper = texts.with_texts(table, str.upper)
    assert (upper["name"][0], table["name"][0]) == ("A", "a")
    assert upper["name"].info.description == "Name"
    assert upper["name"].info.meta == {"ucd": "meta.id"}
    assert upper["flux"].unit == "ct"


def test_texts_that_need_no_change_keep_their_width():
    table = catalogues.table(COLUMNS, {"name": ["long name", "b"], "flux": [1.0, 2.0]})
    assert texts.with_texts(table[1:], texts.line_text)["name"].dtype == "U9"


def test_parquet_keeps_units(tmp_path):
    table = catalogues.table(COLUMNS, {"name": ["a"], "flux": [1.0]})
    catalogues.write(table, tmp_path / "c.parquet")
    assert pq.read_table(tmp_path / "c.parquet").num_rows == 1
