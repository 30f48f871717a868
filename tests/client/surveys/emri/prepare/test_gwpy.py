"""Files that gwpy writes are read with their values, times and zero point.

gwpy sets warnings and units of astropy for the whole process, so it writes them in a
process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.prepare.strain_files import GPS_ZERO, read

pytestmark = [
    pytest.mark.skipif(find_spec("gwpy") is None, reason="needs gwpy (dev extra)"),
    pytest.mark.timeout(300),
]

START = 1_400_000_010
WRITE = f"""
import sys
from pathlib import Path

import numpy as np
from astropy import units
from gwpy.timeseries import TimeSeries, TimeSeriesDict

folder = Path(sys.argv[1])
values = np.load(folder / "values.npy")


def series(step=30, unit="strain", start={START}):
    return TimeSeriesDict(
        (name, TimeSeries(row, t0=start, dt=step, name=name, unit=unit))
        for name, row in zip(("I", "II"), values)
    )


def write(name, written=None, **options):
    written = series() if written is None else written
    written.write(folder / name, format="hdf5", **options)


write("plain.h5")
write("group.h5", group="tianqin/strain")
write("bare.h5", series(unit=None))
write("ten.h5", series(step=10.0))
write("hertz.h5", series(step=1 / ((1 / 30) * units.Hz)))
write("minutes.h5", series(step=0.5 * units.min))
write("metres.h5", series(unit="m"))
late = series(start={START} + 30)
write("apart.h5", TimeSeriesDict(I=series()["I"], II=late["II"]))
series()["I"].write(folder / "paths.h5", format="hdf5", path="tianqin/h1")
series()["II"].write(
    folder / "paths.h5", format="hdf5", path="tianqin/h2", append=True
)
# a stretch of a longer series
write("cropped.h5", series().crop({START} + 300, {START} + 3300))
"""


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(5).standard_normal((2, 400)) * 1e-21


@pytest.fixture(scope="module")
def folder(tmp_path_factory, values):
    """Return a folder with files that gwpy has written."""
    made = tmp_path_factory.mktemp("gwpy")
    np.save(made / "values.npy", values)
    subprocess.run([sys.executable, "-W", "ignore", "-c", WRITE, str(made)], check=True)
    return made


@pytest.mark.parametrize("name", ["plain", "group", "bare", "hertz"])
def test_a_dictionary_of_series(folder, values, name):
    found = read(folder / f"{name}.h5")
    np.testing.assert_array_equal(found.values, values)
    assert (found.start, found.zero) == (START, GPS_ZERO)


def test_series_at_paths(folder, values):
    for channels in (("h1", "h2"), ("tianqin/h1", "tianqin/h2")):
        found = read(folder / "paths.h5", channels)
        np.testing.assert_array_equal(found.values, values)
        assert (found.start, found.zero) == (START, GPS_ZERO)


def test_a_stretch_starts_later(folder, values):
    found = read(folder / "cropped.h5")
    np.testing.assert_array_equal(found.values, values[:, 10:110])
    assert (found.start, found.zero) == (START + 300, GPS_ZERO)


def test_faster_sampling_is_decimated(folder):
    found = read(folder / "ten.h5")
    # the first of 400 and every third after it
    assert found.n == 134
    assert (found.start, found.zero) == (START, GPS_ZERO)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("minutes", "times are in 'min'; write t0 and dt in seconds"),
        ("metres", "I is in 'm'; strain has no unit"),
        ("apart", r"differ in t0/.*: 1400000010 and 1400000040"),
    ],
)
def test_what_is_no_strain_is_refused(folder, name, said):
    with pytest.raises(BadInput, match=said):
        read(folder / f"{name}.h5")
