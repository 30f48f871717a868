"""Simulated strain as files, read as a user's are; and the table of its signals."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from astropy.io.votable.ucd import check_ucd
from astropy.table import QTable

from amphitrite.files import catalogues
from amphitrite.surveys.emri.prepare.strain_files import read
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite_training.surveys.emri.simulate import files
from amphitrite_training.surveys.emri.simulate.inspirals import Population, draw
from amphitrite_training.surveys.emri.simulate.streams import Placed, stream


@pytest.fixture(scope="module")
def strain():
    return stream(5000, seed=1)


@pytest.fixture(scope="module")
def placed():
    rng = np.random.default_rng(2)
    return [Placed(draw(rng, Population()), first, 40.0) for first in (100, 300_000)]


def test_the_client_reads_what_was_simulated(strain, tmp_path):
    files.write_stream(tmp_path / "strain.h5", strain, 1.5e8)
    found = read(tmp_path / "strain.h5")
    np.testing.assert_array_equal(found.values, strain)
    assert (found.start, found.zero) == (1.5e8, "")


def test_a_file_says_what_it_is(strain, tmp_path):
    files.write_stream(tmp_path / "strain.h5", strain, 60.0)
    with h5py.File(tmp_path / "strain.h5") as file:
        assert file.attrs["origin"].startswith("SIMULATED")
        assert set(file) == {"I", "II"}
        for channel in file.values():
            said = dict(channel.attrs)
            assert said == {"dt": 30.0, "t0": 60.0, "unit": "strain"}
            assert channel.dtype == np.float64
            assert channel.compression is None


def test_a_file_is_replaced(strain, tmp_path):
    for part in (strain, strain[:, :400]):
        files.write_stream(tmp_path / "strain.h5", part, 0.0)
    assert read(tmp_path / "strain.h5").n == 400
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_cannot_be_written_is_an_error_of_the_system(strain, tmp_path):
    with pytest.raises(OSError, match=r"strain\.h5"):
        files.write_stream(tmp_path / "missing" / "strain.h5", strain, 0.0)


def test_the_truth_is_a_table(placed):
    table = files.truth(placed, 1000.0)
    assert list(table["name"]) == ["simulated 1", "simulated 2"]
    assert table["start"].to_value("s").tolist() == [4000, 9_001_000]
    np.testing.assert_array_equal(
        (table["end"] - table["start"]).to_value("s"), N_SAMPLES * 30.0
    )
    assert table["snr"].tolist() == [40, 40]
    assert table["mass"].to_value("Msun").tolist() == [
        one.inspiral.mass for one in placed
    ]
    assert table["frequency"].to_value("Hz").tolist() == [
        2 * one.inspiral.frequency for one in placed
    ]
    for name in ("spin", "eccentricity"):
        expected = [getattr(one.inspiral, name) for one in placed]
        assert table[name].tolist() == expected
    assert table.meta["OBJECT"] == files.SIMULATED


def test_no_signal_is_a_table_too():
    assert len(files.truth([], 0.0)) == 0


def test_the_truth_is_written_and_read(placed, tmp_path):
    table = files.truth(placed, 0.0)
    catalogues.write(table, tmp_path / "truth.ecsv")
    found = QTable.read(tmp_path / "truth.ecsv")
    assert found["end"].unit == "s"
    assert found["mass"].to_value("Msun").tolist() == table["mass"].value.tolist()
    assert found.meta["OBJECT"] == files.SIMULATED


@pytest.mark.parametrize("column", files.TRUTH, ids=lambda column: column.name)
def test_columns_are_declared_in_full(column):
    assert column.description
    if column.ucd:
        assert check_ucd(column.ucd, check_controlled_vocabulary=True)
