"""Strain becomes a list of triggers through a real Triton."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from itertools import count, pairwise

import numpy as np
import pytest
import typer
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time

from amphitrite.commands.emri import emri
from amphitrite.engine.control import Control, Limits
from amphitrite.errors import BadInput
from amphitrite.files.folders import MARKER
from amphitrite.surveys.emri.options import Options
from amphitrite.surveys.emri.prepare.noise_curve import SKY_AVERAGE, tianqin
from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite.surveys.emri.run import run
from amphitrite.surveys.emri.sampling import N_SAMPLES, SAMPLE_SECONDS, SEGMENT_SECONDS

from .conftest import DRIFT, FIRST, FREQUENCY, LAST, NOISE, write

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

T0 = 1.4e9  # GPS seconds of the stream's first sample


def search(connection, inputs, out, *, control=None, **options):
    return run([*inputs], nullcontext(connection), out, Options(**options), control)


def assert_same_rows(table, expected):
    assert table.colnames == expected.colnames
    for column in expected.colnames:
        np.testing.assert_array_equal(table[column], expected[column])


@pytest.fixture(scope="module")
def whole(stream, emri_server, tmp_path_factory):
    """Return the result of the whole stream, and its file."""
    from amphitrite.triton.connection import Connection

    out = tmp_path_factory.mktemp("whole") / "triggers.fits"
    with Connection(emri_server.grpc_url) as connection:
        return search(connection, [stream], out)


def test_a_loud_signal_is_a_trigger(whole):
    (row,) = whole.table
    start, end = (row[name].to_value("s") - T0 for name in ("start", "end"))
    assert start < FIRST * SAMPLE_SECONDS + SEGMENT_SECONDS / 2
    assert end > LAST * SAMPLE_SECONDS - SEGMENT_SECONDS / 2
    assert row["n_segments"] == 3
    # the loudest segment is the one that holds the signal whole
    assert row["frequency"].to_value("Hz") == pytest.approx(FREQUENCY, rel=0.01)
    # two bins over a segment
    assert row["drift"].to_value("Hz/s") == pytest.approx(DRIFT, abs=4e-12)
    for name in ("level_1", "level_2"):
        assert row[name] == pytest.approx(1, abs=0.02)
    assert row["start_time"] == Time(T0 + start, format="gps").utc.isot[:19]
    assert (row["flags"], row["model"]) == ("loudest", "emri 1")
    assert row["fap"] == 1 / len(NOISE)
    assert (whole.n_segments, whole.n_triggers, whole.n_files) == (9, 1, 1)
    assert whole.days == pytest.approx(5 * SEGMENT_SECONDS / 86_400)


def test_the_threshold_is_that_of_the_stored_noise(whole):
    assert whole.threshold == pytest.approx(np.quantile(NOISE, 0.999), abs=0.001)


def test_the_header_tells_where_it_comes_from(whole):
    header = fits.getheader(whole.out)
    assert (header["MODEL"], header["INPUT1"]) == ("emri", "strain.h5")
    assert (header["NSEGMENT"], header["OVERLAP"], header["FAP"]) == (9, 0.5, 0.001)
    assert header["PSD"].startswith("TianQin's design")
    assert (header["NNOISE"], header["CHANNELS"]) == (20_000, "I,II")
    table = fits.getheader(whole.out, 1)
    assert (table["TIMESYS"], table["TIMEUNIT"]) == ("TAI", "s")


def test_the_whole_and_its_parts_give_the_same(strain, whole, connection, tmp_path):
    cuts = [0, 150_001, 700_000, strain.shape[1]]
    for number, (a, b) in enumerate(pairwise(cuts)):
        name = tmp_path / f"{'zyx'[number]}.h5"  # not in the order of time
        write(name, strain[:, a:b], t0=T0 + a * SAMPLE_SECONDS)
    result = search(connection, [tmp_path], tmp_path / "triggers.fits")
    assert_same_rows(result.table, whole.table)
    assert result.n_files == 3
    header = fits.getheader(tmp_path / "triggers.fits")
    assert [header[f"INPUT{n}"] for n in (1, 2, 3)] == ["x.h5", "y.h5", "z.h5"]


def test_worker_processes_give_the_same(stream, whole, connection, tmp_path):
    control = Control(limits=Limits(workers=2, in_flight=8))
    result = search(connection, [stream], tmp_path / "t.fits", control=control)
    assert_same_rows(result.table, whole.table)


@pytest.mark.parametrize("suffix", [".vot", ".ecsv", ".csv", ".parquet"])
def test_every_format_holds_all_columns(stream, whole, connection, tmp_path, suffix):
    out = tmp_path / f"triggers{suffix}"
    table = search(connection, [stream], out).table
    read_back = QTable.read(out)
    assert read_back.colnames == table.colnames
    np.testing.assert_array_equal(np.asarray(read_back["trigger"]), [1])


def test_whitened_strain_is_searched_as_it_is(strain, whole, connection, tmp_path):
    path = write(tmp_path / "white.h5", whiten(strain), gps=False)
    with pytest.raises(BadInput, match=r"seems to be whitened. Give --whitened"):
        search(connection, [path], tmp_path / "t.ecsv")
    result = search(connection, [path], tmp_path / "t.ecsv", whitened=True)
    (row,), (expected,) = result.table, whole.table
    # blocks are whitened with other surroundings than the whole: a little of the noise
    assert row["statistic"] == pytest.approx(expected["statistic"], rel=0.01)
    assert row["start_time"] == ""
    assert Table.read(tmp_path / "t.ecsv").meta["TIMEZERO"] == "not stated"


@pytest.mark.parametrize("psd", ["estimate", "file"])
def test_other_noise_curves(strain, stream, whole, connection, tmp_path, psd):
    if psd == "file":
        frequency = np.geomspace(1e-5, 0.1, 1000)
        psd = tmp_path / "curve.txt"
        np.savetxt(psd, np.stack([frequency, tianqin(frequency)], axis=1))
    result = search(connection, [stream], tmp_path / "t.fits", psd=str(psd))
    (row,), (expected,) = result.table, whole.table
    assert row["statistic"] == pytest.approx(expected["statistic"], rel=0.1)
    header = fits.getheader(tmp_path / "t.fits")
    if psd == "estimate":
        assert "hides itself" in header["CHOICE1"]
    else:
        assert header["PSD"].startswith("curve.txt sha256:")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1e20, r"amplitude of 1e\+20"),
        (np.sqrt(SKY_AVERAGE), "averaged over the sky"),
    ],
)
def test_strain_of_another_unit_is_refused(strain, connection, tmp_path, factor, said):
    path = write(tmp_path / "a.h5", strain[:, : N_SAMPLES + 9] * factor)
    with pytest.raises(BadInput, match=said):
        search(connection, [path], tmp_path / "t.fits")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]


def test_a_long_gap_parts_the_stream_and_a_short_one_is_flagged(
    strain, connection, tmp_path
):
    holed = strain.copy()
    holed[:, N_SAMPLES + 100 : N_SAMPLES + 6000] = np.nan  # two days
    for at in range(FIRST + 20_000, LAST - 20_000, 20_000):
        holed[0, at : at + 1200] = np.nan  # more than 5 % of a segment
    path = write(tmp_path / "a.h5", holed)
    result = search(connection, [path], tmp_path / "t.fits")
    (row,) = result.table
    assert "gaps" in row["flags"].split(",")
    assert result.n_segments == 2 + 7
    assert "missing and were bridged" in fits.getheader(tmp_path / "t.fits")["CHOICE1"]


def test_a_bad_file_is_left_out(strain, connection, tmp_path):
    for number in range(2):
        part = strain[:, number * N_SAMPLES : (number + 1) * N_SAMPLES]
        t0 = number * N_SAMPLES * SAMPLE_SECONDS
        write(tmp_path / f"{number}.h5", part, t0=t0)
    content = (tmp_path / "1.h5").read_bytes()
    (tmp_path / "1.h5").write_bytes(content[:50_000])
    result = search(connection, [tmp_path], tmp_path / "t.fits")
    assert [name.rsplit("/", 1)[-1] for name in result.summary.skipped] == ["1.h5"]
    assert result.n_segments == 1
    with pytest.raises(BadInput, match="cannot be read as HDF5"):
        search(connection, [tmp_path / "1.h5"], tmp_path / "u.fits")


@pytest.mark.parametrize(
    ("fap", "said"),
    [(1e-5, "needs 1,000,000 segments of noise"), (0.5, "must be below 0.02")],
)
def test_a_probability_that_the_noise_run_cannot_give(
    stream, connection, tmp_path, fap, said
):
    with pytest.raises(BadInput, match=said):
        search(connection, [stream], tmp_path / "t.fits", fap=fap)
    assert list(tmp_path.iterdir()) == []


def test_a_noise_run_of_ones_own(stream, connection, tmp_path):
    """The rule's statistic of noise that is whitened is -0.06 and scatters by 0.02."""
    control = Control(limits=Limits(workers=2))
    out = tmp_path / "t.fits"
    result = search(connection, [stream], out, fap=0.2, calibrate=56, control=control)
    assert fits.getheader(out)["NNOISE"] == 56
    assert result.threshold == pytest.approx(-0.06 + 0.84 * 0.02, abs=0.015)
    assert set(result.seconds) == {
        *("reading", "calibrating", "searching", "measuring", "writing"),
    }


def test_the_other_network_is_asked(stream, connection, tmp_path):
    out = tmp_path / "t.fits"
    (row,) = search(connection, [stream], out, model="emri_table3").table
    assert row["model"] == "emri_table3 1"
    assert fits.getheader(out)["MODEL"] == "emri_table3"


def test_pictures_are_drawn(stream, connection, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    plots = tmp_path / "plots"
    search(connection, [stream], tmp_path / "t.fits", plots=plots)
    names = {path.name for path in plots.iterdir()}
    assert names == {MARKER, "stream.png", "trigger_0001.png"}


def test_more_overlap_gives_more_segments(stream, connection, tmp_path):
    result = search(connection, [stream], tmp_path / "t.fits", overlap=0.9)
    assert (result.n_segments, result.n_triggers) == (42, 1)


class Stop(Exception):
    """What a test ends a run with."""


def test_a_resumed_run_gives_the_same_rows(stream, connection, whole, tmp_path):
    @contextmanager
    def progress(what, total):
        steps = count(1)

        def advance(step):
            if what == "searching" and next(steps) == 2:
                raise Stop

        yield advance

    out = tmp_path / "t.fits"
    with pytest.raises(Stop) as stopped:
        search(connection, [stream], out, control=Control(progress=progress))
    assert "--resume" in stopped.value.__notes__[0]
    with pytest.raises(BadInput, match="overlap"):
        search(connection, [stream], out, control=Control(resume=True), overlap=0.25)
    again = search(connection, [stream], out, control=Control(resume=True))
    assert again.summary.resumed >= 1
    assert_same_rows(again.table, whole.table)


def test_the_command_says_what_it_did(stream, emri_server, tmp_path, capsys):
    app = typer.Typer()
    app.command()(emri)
    out = tmp_path / "t.ecsv"
    arguments = [stream, "-o", out, "--server", emri_server.grpc_url, "--json"]
    assert not app([*map(str, arguments)], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert (said["triggers"], said["segments"], said["files"]) == (1, 9, 1)
    assert said["false_alarms_expected"] == pytest.approx(0.009)
    other = [stream, "-o", out, "--overwrite", "--server", emri_server.grpc_url]
    assert not app([*map(str, other)], standalone_mode=False)
    assert "1 triggers (statistic above" in capsys.readouterr().out
