"""Files of every format give their columns and what is said of them."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest
from astropy.table import Table

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare import contents as module
from amphitrite.surveys.emri.prepare.contents import contents

ONE, TWO = np.arange(6.0) * 1e-21, np.arange(6.0, 12) * 1e-21


def test_hdf5_with_a_dataset_for_each_channel(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["Mission"] = "TianQin"
        group = file.create_group("strain")
        group.attrs["dt"] = np.array([30.0])
        for name, values in (("I", ONE), ("II", TWO)):
            group[name] = values
            group[name].attrs["unit"] = b"strain"
        file["note"] = "words"
    found = contents(path)
    assert found.attributes == {"mission": "TianQin"}
    assert set(found.columns) == {"strain/I", "strain/II"}
    np.testing.assert_array_equal(found.columns["strain/II"].values, TWO)
    assert found.columns["strain/I"].attributes == {"dt": 30.0, "unit": "strain"}


def test_hdf5_with_a_compound_table(tmp_path):
    path = tmp_path / "a.h5"
    table = np.zeros(6, [("t", "f8"), ("I", "f8"), ("II", "f4")])
    table["I"], table["II"] = ONE, TWO
    with h5py.File(path, "w") as file:
        file["data"] = table
    found = contents(path)
    assert set(found.columns) == {"t", "I", "II"}
    np.testing.assert_array_equal(found.columns["I"].values, ONE)


@pytest.mark.parametrize("turn", [False, True])
def test_a_dataset_with_two_rows_or_columns_has_two_columns(tmp_path, turn):
    path = tmp_path / "a.h5"
    rows = np.stack([ONE, TWO])
    with h5py.File(path, "w") as file:
        file["strain"] = rows.T if turn else rows
    found = contents(path)
    np.testing.assert_array_equal(found.columns["strain[2]"].values, TWO)


def test_archives_of_numpy(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, I=ONE, II=TWO, dt=30.0, t0=100)
    found = contents(path)
    np.testing.assert_array_equal(found.columns["I"].values, ONE)
    assert found.attributes == {"dt": 30.0, "t0": 100}


@pytest.mark.parametrize("packed", [False, True])
def test_fits_tables(tmp_path, packed):
    path = tmp_path / "a.fits"
    table = Table({"TIME": np.arange(6) * 30.0, "I": ONE, "II": TWO})
    table["TIME"].unit = "s"
    table.meta["TIMESYS"] = "TDB"
    table.write(path)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = contents(path)
    assert set(found.columns) == {"TIME", "I", "II"}
    np.testing.assert_array_equal(found.columns["I"].values, ONE)
    assert found.columns["TIME"].attributes == {"unit": "s"}
    assert found.attributes["timesys"] == "TDB"


def truncated(path):
    with h5py.File(path, "w") as file:
        file["I"] = np.arange(10_000.0)
    path.write_bytes(path.read_bytes()[:-2000])


def objects(path):
    with path.open("wb") as file:
        np.savez(file, I=np.array([{}], dtype=object))


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("a.h5", truncated, "cannot be read as HDF5: .*truncated file"),
        ("a.h5", lambda path: path.write_bytes(b"x" * 99), "is no HDF5 file"),
        ("a.npz", lambda path: path.write_bytes(b"PK\3\4" + bytes(99)), "of numpy"),
        ("a.npz", objects, "cannot be read as an archive of numpy: .*pickle"),
        ("a.fits", lambda path: path.write_bytes(b"<html>"), "it is a web page"),
        ("a.fits", lambda path: path.write_bytes(b""), "it is empty"),
        (
            "a.fits",
            lambda path: Table({"I": ONE}).write(path),
            "no table with columns of strain",
        ),
        ("a.txt", lambda path: path.write_text("0 1e-21 2e-21\n"), "a.txt"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path, name, write, said):
    path = tmp_path / name
    write(path)
    with pytest.raises(BadInput, match=said):
        contents(path)


def test_no_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        contents(tmp_path / "none.h5")


def test_a_column_that_would_fill_the_memory_is_refused(tmp_path):
    """Datasets may be declared without being stored."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("I", (10**13,), "f8", chunks=(1000,))
    with pytest.raises(BadInput, match="I has 10,000,000,000,000 numbers"):
        contents(path)


def test_the_limit_holds_for_all_formats(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_NUMBERS", 5)
    np.savez(tmp_path / "a.npz", I=ONE)
    Table({"I": ONE, "II": TWO}).write(tmp_path / "a.fits")
    for name in ("a.npz", "a.fits"):
        with pytest.raises(BadInput, match="I has 6 numbers, more than the 5"):
            contents(tmp_path / name)
