"""Light curves become a catalogue through a real Triton."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager, nullcontext
from itertools import count

import numpy as np
import pytest
import typer
from astropy.io import fits
from astropy.table import QTable

from amphitrite.commands.calnet import calnet
from amphitrite.engine.control import Control, Limits
from amphitrite.errors import BadInput, OutputError
from amphitrite.files.folders import MARKER
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.prepare.light_curves import read
from amphitrite.surveys.calnet.prepare.segments import segments
from amphitrite.surveys.calnet.run import run

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

N_STARS = 6
PERIOD = 1.5  # of the binaries, see `write_star`


@pytest.fixture(scope="module")
def folder(write_star, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lc")
    for number in range(1, N_STARS + 1):
        write_star(folder, number)
    write_star(folder, 2, sector=2)
    return folder


def search(connection, inputs, out, *, control=None, **options):
    return run([*inputs], nullcontext(connection), out, Options(**options), control)


def assert_same_rows(table, expected):
    assert table.colnames == expected.colnames
    for column in expected.colnames:
        np.testing.assert_array_equal(table[column], expected[column])


def test_binaries_are_found_with_their_periods(folder, connection, tmp_path):
    result = search(connection, [folder / "*.fits"], tmp_path / "eb.fits")
    table = result.table
    assert list(table["tic"]) == list(range(1, N_STARS + 1))
    binary = np.asarray(table["tic"]) % 2 == 0
    np.testing.assert_array_equal(table["p_eb"] >= 0.9, binary)
    assert (result.n_files, result.n_candidates) == (N_STARS + 1, N_STARS // 2)
    assert result.n_segments == N_STARS + 1
    np.testing.assert_allclose(table["period"][binary].value, 1.5, rtol=1e-3)
    # the deepest bin of 20 minutes is a little less deep than the middle
    np.testing.assert_allclose(table["depth"][binary], 0.2, rtol=0.05)
    assert all("periodogram" in flags for flags in table["flags"][~binary])
    assert np.isnan(table["bls_period"][~binary]).all()
    assert (table["sectors"][1], table["n_segments"][1]) == ("1,2", 2)


def test_a_score_that_is_just_the_threshold_reaches_it(folder, connection, tmp_path):
    files = [folder / "*0002_lc.fits"]
    (score,) = search(connection, files, tmp_path / "a.fits").table["p_eb"]
    threshold = float(score)
    result = search(connection, files, tmp_path / "b.fits", threshold=threshold)
    assert result.n_candidates == 1
    assert result.table["n_positive"][0] >= 1
    assert result.table["period"][0].value == pytest.approx(PERIOD, rel=1e-3)
    above = search(
        connection, files, tmp_path / "c.fits", threshold=np.nextafter(threshold, 1)
    )
    assert (above.n_candidates, above.table["n_positive"][0]) == (0, 0)
    assert above.table["flags"][0] == "periodogram"


def test_the_scores_are_those_of_the_rule(folder, connection, tmp_path, probability):
    table = search(connection, [folder / "*s0001*"], tmp_path / "eb.fits").table
    for path, score in zip(sorted(folder.glob("*s0001*")), table["p_eb"], strict=True):
        light_curve = read(path)
        (segment,) = segments(light_curve.time, light_curve.flux)
        # float32 in the graph, 4000 terms
        expected = probability(segment.light_curve.astype(float))
        assert score == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("suffix", [".vot", ".ecsv", ".csv", ".parquet"])
def test_every_format_holds_all_columns(folder, connection, tmp_path, suffix):
    out = tmp_path / f"eb{suffix}"
    table = search(connection, [folder / "*.fits"], out).table
    read_back = QTable.read(out)
    assert read_back.colnames == table.colnames
    np.testing.assert_array_equal(np.asarray(read_back["tic"]), table["tic"])


def test_the_header_tells_where_it_comes_from(folder, connection, tmp_path):
    out = tmp_path / "eb.fits"
    search(connection, [folder / "*.fits"], out, threshold=0.95)
    header = fits.getheader(out)
    assert header["MODEL"] == "calnet"
    assert (header["NFILES"], header["NSKIPPED"]) == (N_STARS + 1, 0)
    assert (header["THRESH"], header["INTERPOL"]) == (0.95, "pchip")
    assert header["INPUT1"] == "7 light curves"
    assert "INPUT2" not in header


def test_choices_made_in_reading_are_said_and_recorded(
    connection, write_star, tmp_path, caplog
):
    paths = [write_star(tmp_path, number) for number in (1, 2)]
    for path in paths:
        with fits.open(path, mode="update") as hdus:
            hdus[1].data["TIME"] += 2457000
    out = tmp_path / "eb.fits"
    control = Control(limits=Limits(workers=2))
    table = search(connection, paths, out, control=control).table
    said = "times are counted from JD 0 (full Julian Dates; no BJDREFI is stated)"
    said += f" (2 files, such as {paths[0].name})"
    assert [record.message for record in caplog.records].count(said) == 1
    assert fits.getheader(out)["CHOICE1"] == said
    assert "CHOICE2" not in fits.getheader(out)
    assert 1327 <= table["epoch"][1].value <= 1333


def test_worker_processes_give_the_same(folder, connection, tmp_path):
    one = search(connection, [folder / "*.fits"], tmp_path / "a.fits")
    control = Control(limits=Limits(workers=2, in_flight=8))
    two = search(connection, [folder / "*.fits"], tmp_path / "b.fits", control=control)
    assert_same_rows(two.table, one.table)


def test_unusable_files_are_listed_and_left_out(folder, connection, tmp_path):
    good = sorted(folder.glob("*s0001*"))
    bad = {
        "text.fits": b"no light curve\n",
        "empty.fits": b"",
        "cut.fits": good[0].read_bytes()[:40_000],
        "cut.fits.gz": gzip.compress(good[0].read_bytes())[:20_000],
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    given = [*(tmp_path / name for name in bad), *good]
    result = search(connection, given, tmp_path / "eb.fits")
    assert len(result.table) == N_STARS
    assert {key.rsplit("/", 1)[-1] for key in result.summary.skipped} == set(bad)
    assert fits.getheader(tmp_path / "eb.fits")["NSKIPPED"] == len(bad)
    assert_same_rows(
        result.table, search(connection, good, tmp_path / "good.fits").table
    )


def test_nothing_but_unusable_files_is_an_error(connection, tmp_path):
    (tmp_path / "a.fits").write_text("no light curve")
    with pytest.raises(BadInput, match=r"none of the 1 files .*is not a FITS file"):
        search(connection, [tmp_path / "a.fits"], tmp_path / "eb.fits")
    assert [path.name for path in tmp_path.iterdir()] == ["a.fits"]


def test_an_input_is_never_overwritten(folder, connection, write_star, tmp_path):
    path = write_star(tmp_path, 3)
    with pytest.raises(BadInput, match="a name of its own"):
        search(connection, [path], path, control=Control(overwrite=True))
    out = tmp_path / "eb.fits"
    out.write_bytes(b"kept")
    with pytest.raises(OutputError, match="exists already"):
        search(connection, [path], out)
    assert out.read_bytes() == b"kept"


def test_pictures_of_candidates_are_drawn(folder, connection, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    plots = tmp_path / "plots"
    search(connection, [folder / "*.fits"], tmp_path / "eb.fits", plots=plots)
    names = {path.name for path in plots.iterdir()}
    pictures = {"TIC_2.png", "TIC_4.png", "TIC_6.png", "contact_sheet.png"}
    assert names == {MARKER, *pictures}


class Stop(Exception):
    """What a test ends a run with."""


def stopping(stage, *, at=2):
    """Return a progress that ends the run at a step of a stage."""

    @contextmanager
    def progress(what, total):
        steps = count(1)

        def advance(step):
            if what == stage and next(steps) == at:
                raise Stop

        yield advance

    return Control(progress=progress)


# A file's request is answered before the file is known to have no other.
@pytest.mark.parametrize(("stage", "at"), [("scoring", 4), ("measuring", 2)])
def test_a_resumed_run_gives_the_same_rows(folder, connection, tmp_path, stage, at):
    out = tmp_path / "eb.ecsv"
    given = [folder / "*.fits"]
    with pytest.raises(Stop) as stopped:
        search(connection, given, out, control=stopping(stage, at=at))
    assert "--resume" in stopped.value.__notes__[0]
    assert not out.exists()
    again = search(connection, given, out, control=Control(resume=True))
    assert list(tmp_path.iterdir()) == [out]
    assert again.summary.resumed >= 1
    whole = search(connection, given, tmp_path / "whole.ecsv")
    assert_same_rows(again.table, whole.table)


def test_a_resumed_run_refuses_other_files(write_star, connection, tmp_path):
    out = tmp_path / "eb.ecsv"
    paths = [write_star(tmp_path, number) for number in (1, 2)]
    with pytest.raises(Stop):
        search(connection, paths, out, control=stopping("scoring", at=4))
    paths.append(write_star(tmp_path, 3))
    with pytest.raises(BadInput, match=r"had inputs = .*2 light curves"):
        search(connection, paths, out, control=Control(resume=True))


def test_the_command_says_what_it_did(folder, calnet_server, tmp_path, capsys):
    app = typer.Typer()
    app.command()(calnet)
    (tmp_path / "bad.fits").write_text("no light curve")
    out = tmp_path / "eb.fits"
    arguments = [f"{folder}/*.fits", "-o", out, "--server", calnet_server.grpc_url]
    code = app([*map(str, arguments), "--json"], standalone_mode=False)
    assert not code
    said = json.loads(capsys.readouterr().out)
    assert (said["stars"], said["candidates"], said["skipped"]) == (6, 3, {})
    assert (said["files"], said["segments"], said["threshold"]) == (7, 7, 0.9)
    assert set(said["seconds"]) == {"scoring", "measuring", "writing"}
    bad = [str(tmp_path / "bad.fits"), *map(str, arguments), "--overwrite"]
    assert app(bad, standalone_mode=False) == 1
    captured = capsys.readouterr()
    assert "3 candidates (P(EB) >= 0.9) among 6 stars" in captured.out
    assert "1 file was left out" in captured.out
    assert "bad.fits is not a FITS file" in captured.err


@pytest.mark.long
@pytest.mark.timeout(900)
def test_many_small_files_of_which_some_are_corrupt(write_star, connection, tmp_path):
    """10,000 names of which every hundredth is damaged; memory does not grow."""
    import resource

    good = [write_star(tmp_path, number, days=2.9) for number in (1, 2)]
    contents = [path.read_bytes() for path in good]
    names = []
    for number in range(10_000):
        name = tmp_path / f"{number:05d}.fits"
        if number % 100 == 99:
            name.write_bytes(contents[0][: 3_000 + number])
        else:
            name.hardlink_to(good[number % 2])
        names.append(name)
    few = names[:1000]
    control = Control(limits=Limits(in_flight=16))
    search(connection, few, tmp_path / "few.fits", control=control)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = search(connection, names, tmp_path / "eb.fits", control=control)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(result.summary.skipped) == 100
    # two stars, each in one sector, given 4950 times
    assert [flags.split(",")[-1] for flags in result.table["flags"]] == ["repeated"] * 2
    # Nine thousand files more take 5 kB each in the journal's index and the rows.
    assert after - before < 9_000 * 5
