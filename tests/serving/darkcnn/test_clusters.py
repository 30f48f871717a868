"""Maps of clusters become a cross-section through a real Triton."""

from __future__ import annotations

import json
import pickle
from contextlib import contextmanager, nullcontext
from itertools import count

import numpy as np
import pytest
import typer
from astropy.io import fits
from astropy.table import QTable

from amphitrite.commands.darkcnn import darkcnn
from amphitrite.engine.control import Control, Limits
from amphitrite.errors import BadInput
from amphitrite.files.folders import MARKER
from amphitrite.surveys.darkcnn.options import Options
from amphitrite.surveys.darkcnn.page import DENSITY, WARNING
from amphitrite.surveys.darkcnn.run import run
from amphitrite.triton.connection import Connection

from .conftest import SCATTER, scores_of, total, write

pytestmark = [
    pytest.mark.triton,
    pytest.mark.export,
    # Keras copies TensorFlow's variables in a way that numpy 2 deprecates.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
TRUTH = 0.3


def measure(connection, inputs, out, *, control=None, **options):
    return run([*inputs], nullcontext(connection), out, Options(**options), control)


def assert_same(found, expected):
    assert found.colnames == expected.colnames
    for name in expected.colnames:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Return an archive of 150 clusters of one cross-section."""
    folder = tmp_path_factory.mktemp("maps")
    return write(folder / "maps.npz", scores_of(TRUTH, 150, 1))


@pytest.fixture(scope="module")
def whole(maps, darkcnn_server, tmp_path_factory):
    """Return the result of the archive."""
    out = tmp_path_factory.mktemp("whole") / "clusters.fits"
    with Connection(darkcnn_server.grpc_url) as connection:
        return measure(connection, [maps], out)


def test_the_cross_section_of_a_sample_is_found(whole):
    low, high = whole.posterior.interval(0.95)
    assert low <= TRUTH <= high
    # 0.2 over the root of 150, as a logarithm, is 0.012 cm2/g at 0.3
    low, high = whole.posterior.interval(0.68)
    width = 0.33 * np.log(10) * SCATTER / np.sqrt(150)
    assert (high - low) / 2 == pytest.approx(width, rel=0.2)
    assert (len(whole.table), whole.n_sample, whole.n_files) == (150, 150, 1)
    assert set(whole.seconds) == {"reading", "judging", "writing"}


def test_rows_are_what_the_rule_answers(whole):
    np.testing.assert_allclose(
        whole.table["score"], scores_of(TRUTH, 150, 1), atol=1e-4
    )
    assert whole.table["cluster_id"][149] == "A149"
    assert set(whole.table["flags"]) == {""}
    assert whole.table["in_sample"].all()
    np.testing.assert_allclose(whole.table["z"], 0.2, rtol=1e-6)
    # a cluster alone says little, and the mean of all is about right
    assert whole.table["sigma_m"].mean().value == pytest.approx(TRUTH, abs=0.1)
    assert (whole.table["sigma_m_err"].value > 0.05).all()


def test_systematics_and_the_product_stand_beside_the_estimate(whole):
    rows = {row["quantity"]: row for row in whole.sample}
    best = rows["calibrated"]["cross_section"].value
    age = rows["systematic: age 7.5 Gyr"]["cross_section"].value
    assert rows["systematic: no baryons"]["cross_section"].value > 0
    # a larger score by 0.17 in log10(sigma + 0.03)
    assert best + age == pytest.approx((best + 0.03) / 10**0.17 - 0.03, abs=0.005)
    product = rows["product_of_probabilities"]
    assert product["cross_section"].value in (pytest.approx(0.1), pytest.approx(1.0))
    assert (product["upper"] - product["lower"]).value < 1e-3


def test_the_header_warns_and_tells_where_it_comes_from(whole):
    header = fits.getheader(whole.out)
    assert header["WARNING"] == WARNING
    assert (header["MODEL"], header["INPUT1"]) == ("darkcnn", "maps.npz")
    assert (header["NCLUSTER"], header["NSAMPLE"], header["NSKIPPED"]) == (150, 150, 0)
    assert header["SIGMA_M"] == pytest.approx(whole.posterior.median, abs=1e-4)
    assert header["SIGUNIT"] == "cm2 g-1"
    second = QTable.read(whole.out, hdu="SAMPLE")
    assert second["cross_section"][0].unit == "cm2 / g"
    assert fits.getheader(whole.out, "SAMPLE")["WARNING"] == WARNING


def test_an_interval_contains_zero_where_it_is_true(connection, tmp_path):
    path = write(tmp_path / "cdm.npz", scores_of(0.0, 100, 3))
    low, high = measure(connection, [path], tmp_path / "a.ecsv").posterior.interval(
        0.95
    )
    assert low == 0
    assert high < 0.05


def test_mixed_kinds_and_noise(connection, tmp_path):
    scores = scores_of(TRUTH, 30, 4)
    stars = np.stack([total(1.0)] * 10)
    files = [
        write(tmp_path / "a.npz", scores[:10]),
        write(tmp_path / "b.npz", scores[10:20], first=10, stars=stars),
        write(tmp_path / "c.npz", scores[20:21], first=20, xray=stars[:1]),
    ]
    # the noise makes the maximum higher, which the rule does not know
    rng = np.random.default_rng(5)
    noisy = np.stack([total(score) for score in scores[21:]])
    noisy += rng.normal(0, 0.4 * DENSITY, noisy.shape)
    noisy[:, 0, 0] = 0
    files.append(
        write(tmp_path / "d.npz", scores[21:], first=21, total=noisy.astype("f4"))
    )
    result = measure(
        *(connection, files, tmp_path / "a.ecsv"), likelihoods=tmp_path / "l.fits"
    )
    kinds = result.table["kind"].tolist()
    assert (
        kinds == ["total"] * 10 + ["total+stars"] * 10 + ["total+xray"] + ["total"] * 9
    )
    flags = result.table["flags"].tolist()
    assert [row for row, said in enumerate(flags) if "uncalibrated" in said] == [20]
    assert np.isnan(result.table["sigma_m"][20])
    assert result.n_sample == 29
    np.testing.assert_allclose(result.table["noise"][21:], 0.4, rtol=0.06)
    with fits.open(tmp_path / "l.fits") as hdus:
        curves = hdus["CURVES"].data
        used = {(curves["kind"][n], curves["noise"][n]) for n in hdus[1].data["curve"]}
        assert used == {("total", 0.0), ("total", 0.41), ("total+stars", 0.0)}
    assert "29" in (tmp_path / "a_sample.ecsv").read_text()


def test_a_sample_out_of_the_domain_has_no_estimate(connection, tmp_path):
    odd = np.stack([total(0.0)] * 3)
    odd[:, 0, 0] = 3 * DENSITY
    path = write(tmp_path / "odd.npz", [0.0] * 3, total=odd)
    out = tmp_path / "a.fits"
    result = measure(connection, [path], out)
    assert result.table["flags"].tolist() == ["out_of_domain"] * 3
    np.testing.assert_allclose(result.table["domain_distance"], 30, rtol=1e-5)
    assert np.isfinite(result.table["sigma_m"]).all()
    assert not result.posterior.is_known
    header = fits.getheader(out)
    assert (header["NSAMPLE"], header["NDOMAIN"]) == (0, 3)
    assert "SIGMA_M" not in header
    assert np.isnan(fits.getdata(out, "SAMPLE")["cross_section"]).all()


def test_the_database_of_the_original(connection, tmp_path):
    """Ten clusters, two of one name; maps over their maxima, with their norms."""
    scores = scores_of(1.0, 10, 6)
    maps = [total(score) for score in scores]
    images = [np.stack([each / each.max()] * 3, axis=-1) for each in maps]
    params = {
        "sim": ["SIDM1"] * 10,
        "clusterID": [*map(str, range(9)), "0"],
        "redshift": [0.25] * 10,
        "mass": [14.5] * 10,
        "lensing_norm": [each.max() * 1e6 for each in maps],
    }
    path = tmp_path / "example.pkl"
    path.write_bytes(pickle.dumps((params, images), 3))
    result = measure(connection, [path], tmp_path / "a.ecsv")
    assert len(result.table) == 9
    ((label, why),) = result.summary.skipped.items()
    assert label == f"{path}, cluster 10"
    assert "two clusters named 'SIDM1-0-0.25'" in why
    np.testing.assert_allclose(result.table["score"], scores[:9], atol=1e-4)
    np.testing.assert_allclose(result.table["log_m200"], 14.5)


def test_a_bad_file_of_many_is_named(connection, tmp_path):
    for number, score in enumerate(scores_of(TRUTH, 80, 7)):
        image = fits.PrimaryHDU((total(score) / 2.5e9).astype("f4"))
        image.header["OBJECT"] = f"A{number}"
        image.writeto(tmp_path / f"{number:02d}.fits")
    (tmp_path / "33.fits").write_bytes(b"SIMPLE  = T")
    (tmp_path / "34.npz").write_bytes(b"PK\x03\x04")
    stated = {"unit": "2.5e9 Msun/kpc2", "redshift": 0.3, "pixel_kpc": 20.0}
    result = measure(connection, [tmp_path], tmp_path / "out.vot", **stated)
    bad = {str(tmp_path / name) for name in ("33.fits", "34.npz")}
    assert set(result.summary.skipped) == bad
    assert len(result.table) == 79
    assert result.n_files == 81
    with pytest.raises(BadInput, match=r"none of the 2 .*34\.npz"):
        measure(connection, sorted(bad), tmp_path / "b.fits", **stated)
    assert not (tmp_path / "b.fits").exists()


def test_worker_processes_give_the_same(maps, whole, connection, tmp_path):
    control = Control(limits=Limits(workers=2, in_flight=8))
    result = measure(connection, [maps], tmp_path / "t.fits", control=control)
    assert_same(result.table, whole.table)


def test_pictures_are_drawn(maps, connection, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    plots = tmp_path / "plots"
    measure(connection, [maps], tmp_path / "t.fits", plots=plots)
    assert {path.name for path in plots.iterdir()} == {MARKER, "sample.png"}


class Stop(Exception):
    """What a test ends a run with."""


def test_a_resumed_run_gives_the_same(maps, connection, whole, tmp_path):
    @contextmanager
    def progress(what, total):
        steps = count(1)

        def advance(step):
            if next(steps) == 4:
                raise Stop

        yield advance

    out = tmp_path / "t.fits"
    limits = Limits(in_flight=1)
    with pytest.raises(Stop) as stopped:
        measure(connection, [maps], out, control=Control(limits, progress=progress))
    assert "--resume" in stopped.value.__notes__[0]
    assert not out.exists()
    control = Control(resume=True)
    with pytest.raises(BadInput, match="reading"):
        measure(connection, [maps], out, control=control, redshift=0.1)
    again = measure(connection, [maps], out, control=control)
    assert again.summary.resumed >= 1
    assert_same(again.table, whole.table)
    assert_same(again.sample, whole.sample)


def test_the_command_warns_before_it_says_anything(
    maps, darkcnn_server, tmp_path, capsys
):
    app = typer.Typer()
    app.command()(darkcnn)
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04")
    out = tmp_path / "t.fits"
    arguments = [maps, "-o", out, "--server", darkcnn_server.grpc_url]
    assert not app([*map(str, arguments)], standalone_mode=False)
    first, second = capsys.readouterr().out.strip().split("\n")
    assert first == WARNING
    assert "from 150 of 150 clusters" in second
    again = [bad, *arguments, "--overwrite", "--json"]
    assert app([*map(str, again)], standalone_mode=False) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["warning"] == WARNING
    assert list(said["skipped"]) == [str(bad)]
    low, high = said["interval_95"]
    assert low < said["sigma_m"] < high
