"""The files of a run can be read by others."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite.engine.beside import Beside
from amphitrite.engine.parts import beside_of
from amphitrite.errors import OutputError
from amphitrite.files import catalogues
from amphitrite.files.drawings import make_folder
from amphitrite.surveys.darkcnn import products
from amphitrite.surveys.darkcnn.catalogue import COLUMNS, interpret
from amphitrite.surveys.darkcnn.interpret import sample_table
from amphitrite.surveys.darkcnn.interpret.judgement import judged
from amphitrite.surveys.darkcnn.interpret.posterior import GRID
from amphitrite.surveys.darkcnn.interpret.sample import sample_log_likelihood
from amphitrite.surveys.darkcnn.learned import logarithm
from amphitrite.surveys.darkcnn.page import WARNING

CARDS = {"WARNING": WARNING, "NSAMPLE": 5}


@pytest.fixture
def sample(judged_clusters, learned):
    """Return clusters with and without stars, and what they say together."""
    present = np.tile(np.float32([1, 0, 0]), (30, 1))
    present[::3, 2] = 1
    scores = np.random.default_rng(1).normal(logarithm(0.3), 0.1, 30)
    distance = np.ones(30)
    distance[4] = 9
    clusters = judged_clusters(scores, present=present, distance=distance)
    return clusters, judged(clusters, learned)


@pytest.mark.parametrize("suffix", [".fits", ".ecsv", ".vot", ".parquet", ".csv"])
def test_both_tables_are_written_in_every_format(sample, learned, tmp_path, suffix):
    clusters, judgement = sample
    table = catalogues.table(COLUMNS, interpret(clusters, judgement, learned), CARDS)
    said = sample_table.columns(judgement)
    second = catalogues.table(sample_table.COLUMNS, said, CARDS)
    out = tmp_path / f"clusters{suffix}"
    beside_of(out).parent.mkdir()  # as a run does
    files = Beside(products.beside(out, None), out, [])
    products.write_tables(table, second, out, CARDS, out=out, files=files)
    if suffix == ".fits":
        back = QTable.read(out, hdu=products.SAMPLE)
        header = fits.getheader(out, products.SAMPLE)
        assert header["TUCD2"] == sample_table.CROSS_SECTION_UCD
        assert header["TUNIT2"] == "cm2 g-1"
        assert fits.getheader(out)["WARNING"] == WARNING
        assert back.meta["WARNING"] == WARNING
        assert QTable.read(out, hdu=1).colnames == table.colnames
    else:
        back = QTable.read(tmp_path / f"clusters_sample{suffix}")
        assert QTable.read(out).colnames == table.colnames
    assert back.colnames == second.colnames
    value = getattr(back["cross_section"], "value", back["cross_section"])
    np.testing.assert_allclose(value, second["cross_section"].value)


def test_names_of_the_files_beside(tmp_path):
    likelihoods = tmp_path / "l.fits"
    assert products.beside(tmp_path / "a.fits", None) == []
    assert products.beside(tmp_path / "a.fits", likelihoods) == [likelihoods]
    assert products.beside(tmp_path / "a.ecsv", None) == [tmp_path / "a_sample.ecsv"]


def test_others_can_multiply_the_likelihoods(sample, tmp_path):
    clusters, judgement = sample
    path = tmp_path / "likelihoods.fits"
    products.write_likelihoods(path, clusters, judgement.sample, CARDS)
    with fits.open(path) as hdus:
        assert hdus[0].header["WARNING"] == WARNING
        rows, curves = hdus["LIKELIHOODS"].data, hdus["CURVES"].data
        np.testing.assert_array_equal(hdus["GRID"].data["cross_section"], GRID)
        assert hdus["GRID"].columns["cross_section"].unit == "cm2 g-1"
        names = [name for name in clusters.name.tolist() if name != "A4"]
        assert rows["cluster_id"].tolist() == names
        np.testing.assert_array_equal(
            curves["kind"][rows["curve"]] == "total+stars",
            clusters.present[np.arange(30) != 4, 2] > 0,
        )
        # these curves have no error and one variance: the product is the estimate
        total = rows["log_likelihood"].sum(axis=0, dtype=float)
        expected = sample_log_likelihood(clusters.score, judgement.sample)
        np.testing.assert_allclose(
            total - total.max(), expected - expected.max(), atol=1e-3
        )
        # and it can be had from the curves and scores, too
        score = rows["score"][rows["curve"] == 0].mean()
        gaussian = (score - curves["mean"][0]) ** 2 / curves["variance"][0]
        assert GRID[gaussian.argmin()] == pytest.approx(0.3, abs=0.1)
        assert (curves["shared"] == 0).all()


def test_no_cluster_that_counts_gives_an_empty_table(sample, tmp_path):
    clusters, _ = sample
    products.write_likelihoods(tmp_path / "l.fits", clusters, [], CARDS)
    with fits.open(tmp_path / "l.fits") as hdus:
        assert len(hdus["LIKELIHOODS"].data) == 0
        assert len(hdus["GRID"].data) == 601


def test_a_picture_is_replaced_only_if_allowed(sample, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need the plots extra")
    make_folder(tmp_path)
    products.draw(tmp_path, *sample, ([], []), replace=False)
    assert (tmp_path / products.PICTURE).stat().st_size > 10_000
    with pytest.raises(OutputError, match="appeared or was changed"):
        products.draw(tmp_path, *sample, ([], []), replace=False)
    products.draw(tmp_path, *sample, ([], []), replace=True)
