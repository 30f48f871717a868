"""Strain is read with its times and units, or refused by name."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from astropy.table import Table

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.strain_files import GPS_ZERO, read

N = 400
RNG = np.random.default_rng(5)
ONE, TWO = RNG.standard_normal((2, N)) * 1e-21


def write(path, columns=None, attributes=None, **shared):
    """Write HDF5 with a dataset for each channel, and attributes of each or all."""
    with h5py.File(path, "w") as file:
        file.attrs.update(shared)
        for name, values in (columns or {"I": ONE, "II": TWO}).items():
            file[name] = values
            file[name].attrs.update((attributes or {}).get(name, {}))
    return path


def test_datasets_with_attributes(tmp_path):
    found = read(write(tmp_path / "a.h5", dt=30.0, t0=90.0))
    np.testing.assert_array_equal(found.values, [ONE, TWO])
    assert (found.start, found.zero, found.n) == (90, "", N)
    assert found.name.endswith("a.h5")


@pytest.mark.parametrize(
    "stated", [{"fs": 1 / 30}, {"sample_rate": 1 / 30}, {"dx": 30}, {"delta_t": 30.0}]
)
def test_sampling_under_other_names(tmp_path, stated):
    assert read(write(tmp_path / "a.h5", **stated)).n == N


def test_channels_of_other_names(tmp_path):
    path = write(tmp_path / "a.h5", {"obs/h1": ONE, "obs/H2": TWO, "III": ONE}, dt=30)
    np.testing.assert_array_equal(read(path, ("h1", "h2")).values, [ONE, TWO])
    np.testing.assert_array_equal(read(path, ("obs/h1", "III")).values, [ONE, ONE])


def test_the_layout_of_gwpy_counts_gps_seconds(tmp_path):
    said = {"x0": 1e9, "dx": 30.0, "xunit": "s", "unit": "strain"}
    found = read(write(tmp_path / "a.h5", attributes={"I": said, "II": said}))
    assert found.start == 1e9
    assert found.zero == GPS_ZERO


def test_a_fits_table_with_a_zero_point(tmp_path):
    path = tmp_path / "a.fits"
    table = Table({"TIME": 60 + np.arange(N) * 30.0, "I": ONE, "II": TWO})
    table.meta.update(MJDREF=51544, TIMESYS="TDB")
    table.write(path)
    found = read(path)
    assert found.start == 60
    assert found.zero == "2000-01-01T00:00:00.000 TDB"
    np.testing.assert_array_equal(found.values, [ONE, TWO])


def test_faster_sampling_is_decimated(tmp_path):
    """A wave of 4 mHz, sampled every 10 s."""
    time = np.arange(6000) * 10.0
    wave = np.sin(2 * np.pi * 4e-3 * time)
    found = read(write(tmp_path / "a.h5", {"I": wave, "II": 2 * wave}, dt=10.0))
    assert found.n == 2000
    np.testing.assert_allclose(found.values[0, 50:-50], wave[::3][50:-50], atol=2e-3)


def test_times_that_leave_samples_out_give_nan(tmp_path):
    kept = np.ones(N, bool)
    kept[100:120] = False
    time = (np.arange(N) * 30.0)[kept]
    columns = {"t": time, "I": ONE[kept], "II": TWO[kept]}
    found = read(write(tmp_path / "a.h5", columns))
    assert found.n == N
    np.testing.assert_array_equal(np.isnan(found.values[0]), ~kept)
    np.testing.assert_array_equal(found.values[1, kept], TWO[kept])


def test_rounded_times_are_even(tmp_path):
    time = 1e9 + np.round(np.arange(N) * 30.0 + RNG.uniform(-0.2, 0.2, N), 1)
    found = read(write(tmp_path / "a.h5", {"t": time, "I": ONE, "II": TWO}))
    np.testing.assert_array_equal(found.values, [ONE, TWO])


@pytest.mark.parametrize("step", [45.0, 29.5])
def test_even_times_of_another_step_are_refused(tmp_path, step):
    columns = {"t": np.arange(N) * step, "I": ONE, "II": TWO}
    with pytest.raises(BadInput, match=f"a sample every {step:g} s; the network"):
        read(write(tmp_path / "a.h5", columns))


def times(change):
    """Return columns whose times were changed."""
    time = np.arange(N) * 30.0
    change(time)
    return {"t": time, "I": ONE, "II": TWO}


def jump_back(time):
    time[200:] -= 600


def drift(time):
    time[200:] += 15


NAN = np.full(N, np.nan)


@pytest.mark.parametrize(
    ("columns", "stated", "said"),
    [
        ({"I": ONE}, {"dt": 30}, "has no channel 'II'; its columns are: I. Name those"),
        ({"a": ONE, "b": TWO, "c": ONE}, {"dt": 30}, "its columns are: a, b, c"),
        ({"x/I": ONE, "y/I": ONE, "II": TWO}, {"dt": 30}, "several channels 'I': x/I"),
        ({"I": ONE, "II": TWO[:-1]}, {"dt": 30}, "I has 400 samples and II 399"),
        ({"I": ONE, "II": np.arange(N)}, {"dt": 30}, "II holds whole numbers .int64."),
        ({"I": ONE * 1j, "II": TWO}, {"dt": 30}, "I holds complex numbers"),
        ({"I": ONE, "II": TWO * 0}, {"dt": 30}, "II is 0 throughout"),
        ({"I": ONE * 0 + 1, "II": TWO}, {"dt": 30}, "I is 1 throughout"),
        (None, {}, "does not say how far apart its samples are"),
        (None, {"dt": 45}, "a sample every 45 s; the network knows one every 30 s"),
        (None, {"dt": -30}, "must be positive"),
        (None, {"fs": 0.0}, "does not say how far apart"),
        (times(jump_back), {}, "jumps back after sample 199 .* 5970 s to 5400 s"),
        (times(drift), {}, "times are not even: sample"),
        ({"t": ONE[:5], "I": ONE, "II": TWO}, {}, "one number for each sample"),
        ({"t": NAN, "I": ONE, "II": TWO}, {}, "two or more finite numbers"),
    ],
)
def test_what_is_no_strain_is_refused(tmp_path, columns, stated, said):
    path = write(tmp_path / "a.h5", columns, **stated)
    with pytest.raises(BadInput, match=said):
        read(path)


def test_a_unit_is_refused(tmp_path):
    said = {"unit": "m"}
    path = write(tmp_path / "a.h5", attributes={"I": {}, "II": said}, dt=30)
    with pytest.raises(BadInput, match="II is in 'm'; strain has no unit"):
        read(path)


def test_channels_of_different_times_are_refused(tmp_path):
    path = write(tmp_path / "a.h5", attributes={"I": {"t0": 0}, "II": {"t0": 9}}, dt=30)
    with pytest.raises(BadInput, match=r"I and II differ in t0/.*: 0 and 9"):
        read(path)


def test_a_channel_without_any_number_is_for_the_stream_to_judge(tmp_path):
    found = read(write(tmp_path / "a.h5", {"I": NAN, "II": TWO}, dt=30))
    assert np.isnan(found.values[0]).all()
